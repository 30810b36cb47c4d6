// The address of this package's code. CommonJS, ours or what a bundler makes of it, has no import.meta.url; a global __filename may be of
// somebody else (`node -e`).
import { pathToFileURL } from 'node:url';

export const moduleUrl: string = import.meta.url ?? pathToFileURL(__filename).href;
