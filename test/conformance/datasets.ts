// Real vectors that lie beside the project, read in place and never copied into it.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const folder = process.env.RUVECTOR_DATA ?? fileURLToPath(new URL('../../../shared/data/', import.meta.url));

export interface Dataset {
  readonly dimensions: number;
  readonly base: Float32Array[];
  readonly queries: Float32Array[];
}

/** Null, and a word about it, where the data is missing. */
export function dataset(name: string, dimensions: number): Dataset | null {
  const read = (file: string) => {
    const bytes = gunzipSync(readFileSync(`${folder}/${name}/${file}`));
    return Array.from({ length: bytes.length / dimensions }, (_, i) =>
      Float32Array.from(bytes.subarray(i * dimensions, (i + 1) * dimensions)),
    );
  };
  if (!existsSync(`${folder}/${name}/base.u8.gz`)) {
    console.warn(`SKIPPED: no ${name} in ${folder} (RUVECTOR_DATA says where it is)`);
    return null;
  }
  return { dimensions, base: read('base.u8.gz'), queries: read('query.u8.gz') };
}
