// Sets of rows and queries, made once by bench_make_data and kept in build/bench/data.
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Changes with the generators: sets of another version are made anew. */
const version = 1;
/** Of a query, in the order of bounds.f32: rank, and which rows count: those whose number modulo 100 is below it. */
const ranks = [
  { k: 1, percent: 100 },
  { k: 10, percent: 100 },
  { k: 100, percent: 100 },
  { k: 10, percent: 50 },
  { k: 10, percent: 10 },
  { k: 10, percent: 1 },
];

/** A new file of a folder appears whole or not at all. */
function made(folder, make) {
  if (existsSync(folder)) return folder;
  const aside = `${folder}.${process.pid}`;
  rmSync(aside, { recursive: true, force: true });
  mkdirSync(aside, { recursive: true });
  make(aside);
  renameSync(aside, folder);
  return folder;
}
const program = (...args) =>
  execFileSync(join(root, 'build/native/bench_make_data'), args.map(String), { stdio: ['ignore', 'inherit', 'inherit'] });

/** kind: text, sift-easy or sift-hard (128 dimensions), see bench/native/dataset.h; their length is 1 for text only. */
export function dataset(kind, rows, dimensions, queries = 1000) {
  const name = `${kind}-${rows}x${dimensions}`;
  const folder = made(join(root, `build/bench/data/v${version}/${name}-${queries}`), (aside) =>
    program(kind, rows, queries, dimensions, aside),
  );
  return { name, kind, rows, dimensions, queries, folder, unit: kind === 'text' };
}

/** 60,000 × 784 real images, where RUVECTOR_DATA (default ../shared/data) has them; else null. */
export function mnist() {
  const source = join(process.env.RUVECTOR_DATA ?? join(root, '../shared/data'), 'mnist-784');
  const files = { 'rows.f32': join(source, 'base.u8.gz'), 'queries.f32': join(source, 'query.u8.gz') };
  if (!Object.values(files).every((file) => existsSync(file))) return null;
  const folder = made(join(root, `build/bench/data/v${version}/mnist-784`), (aside) => {
    for (const [name, file] of Object.entries(files)) {
      const bytes = gunzipSync(readFileSync(file));
      const used = name === 'queries.f32' ? bytes.subarray(0, 1000 * 784) : bytes;
      writeFloats(join(aside, name), Float32Array.from(used));
    }
    program('truth', aside, 784);
  });
  return { name: 'mnist-60000x784', kind: 'mnist', rows: 60_000, dimensions: 784, queries: 1000, folder, unit: false };
}

function writeFloats(path, values) {
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(path, 'w');
  writeSync(file, Buffer.from(values.buffer, values.byteOffset, values.byteLength));
  closeSync(file);
}

/** [rows × dimensions], all or the first `count`; read in pieces, since one call reads at most 2 GB. */
export function floats(path, count) {
  const file = openSync(path, 'r');
  const out = new Float32Array(count);
  const bytes = Buffer.from(out.buffer);
  for (let at = 0; at < bytes.length; ) {
    const read = readSync(file, bytes, at, Math.min(2 ** 28, bytes.length - at), at);
    if (read === 0) throw new Error(`${path} has ${at} bytes, expected ${bytes.length}`);
    at += read;
  }
  closeSync(file);
  return out;
}
export const rowsOf = (set) => floats(join(set.folder, 'rows.f32'), set.rows * set.dimensions);
export const queriesOf = (set) => {
  const all = floats(join(set.folder, 'queries.f32'), set.queries * set.dimensions);
  return Array.from({ length: set.queries }, (_, q) => all.subarray(q * set.dimensions, (q + 1) * set.dimensions));
};

/** Judges answers: a hit is right if its row is not farther from the query than the k-th closest one. Reads only the rows it needs. */
export class Truth {
  constructor(set) {
    this.set = set;
    this.bounds = floats(join(set.folder, 'bounds.f32'), set.queries * ranks.length);
    this.file = openSync(join(set.folder, 'rows.f32'), 'r');
    this.row = new Float32Array(set.dimensions);
    this.bytes = Buffer.from(this.row.buffer);
  }
  /** The share of the k closest of all rows, or of those whose number modulo 100 is below `percent`, that is among `numbers`. */
  recall(q, query, numbers, k, percent = 100) {
    const rank = ranks.findIndex((r) => r.k === k && r.percent === percent);
    const bound = this.bounds[q * ranks.length + rank];
    if (rank < 0 || bound < 0) throw new Error(`no truth for k ${k}, percent ${percent}`);
    let right = 0;
    for (const number of new Set(Array.from(numbers).slice(0, k))) {
      if (!(number >= 0 && number < this.set.rows) || number % 100 >= percent) continue;
      readSync(this.file, this.bytes, 0, this.bytes.length, number * this.bytes.length);
      let sum = 0;
      for (let j = 0; j < query.length; j++) sum += (query[j] - this.row[j]) ** 2;
      if (sum <= bound * (1 + 1e-5) + 1e-9) right++;
    }
    return right / k;
  }
}
