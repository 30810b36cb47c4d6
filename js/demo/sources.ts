// Where a machine with Node has documentation to read.
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Source {
  readonly name: string;
  /** Folders with the prefix that their files get in answers. */
  readonly folders: readonly {
    readonly path: string;
    readonly prefix: string;
  }[];
  /** Passages to take at most. */
  readonly limit: number;
  /** See findFiles. */
  readonly documentation: boolean;
}

/** What one run indexes at most: the whole demo is to take seconds. */
export const maxPassages = 6000;

const packageRoot = fileURLToPath(new URL('../../', import.meta.url));

function source(name: string, limit: number, folders: [path: string, prefix: string][]): Source {
  const seen = new Set<string>();
  const kept = folders.filter(([path]) => {
    if (!existsSync(path)) return false;
    const real = realpathSync(path);
    return !seen.has(real) && seen.add(real);
  });
  return {
    name,
    limit,
    documentation: true,
    folders: kept.map(([path, prefix]) => ({ path, prefix })),
  };
}

export function folderSource(path: string): Source {
  return {
    name: 'folder',
    limit: maxPassages,
    documentation: false,
    folders: [{ path, prefix: '' }],
  };
}

/** This package's documents, those of the packages around it, and Node's own. */
export function defaultSources(): Source[] {
  const bin = dirname(realpathSync(process.execPath));
  const prefix = dirname(bin);
  return [
    source('ruvector', 400, [[packageRoot, '']]),
    source('packages', 900, [
      [join(packageRoot, 'node_modules'), 'node_modules/'],
      [join(process.cwd(), 'node_modules'), 'node_modules/'],
    ]),
    source('node', 4700, [
      [join(prefix, 'share/doc/nodejs/api'), 'node/api/'],
      [join(prefix, 'share/doc/node/api'), 'node/api/'],
      [join(prefix, 'lib/node_modules/npm/docs'), 'npm/docs/'],
      [join(prefix, 'share/nodejs/npm/docs'), 'npm/docs/'],
      [join(bin, 'node_modules/npm/docs'), 'npm/docs/'],
    ]),
  ].filter(({ folders }) => folders.length > 0);
}
