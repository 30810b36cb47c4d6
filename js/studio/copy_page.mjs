// What tsc leaves behind: the page's HTML and CSS go beside its compiled modules.
import { cpSync } from 'node:fs';
import { extname } from 'node:path';

const from = new URL('./page/', import.meta.url);
cpSync(from, new URL('../../dist/studio/page/', import.meta.url), { recursive: true, filter: (path) => extname(path) !== '.ts' });
