// What the parts of the bounds run share: data, databases made of it, and lines of figures beside their bounds.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RuvectorError, VectorDB } from '../../dist/index.js';
import { dataset, queriesOf, rowsOf, Truth } from '../data/dataset.mjs';

export { VectorDB };
export const root = fileURLToPath(new URL('../..', import.meta.url));
export const library = new URL('../../dist/index.js', import.meta.url).href;
export const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
export const times = (figure) => `${figure.toFixed(2)} ×`;

/** Rounds of several things in turn, the first round thrown away; medians, by name. */
export async function inTurns(rounds, things) {
  const spent = Object.fromEntries(Object.keys(things).map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const [name, thing] of Object.entries(things)) {
      const start = performance.now();
      await thing();
      if (round > 0) spent[name].push(performance.now() - start);
    }
  }
  return Object.fromEntries(Object.entries(spent).map(([name, list]) => [name, median(list)]));
}

export class Context {
  lines = [];
  #folder = mkdtempSync(join(tmpdir(), 'ruvector-bench-'));
  #large;

  constructor(full) {
    this.full = full;
    this.rows = full ? 100_000 : 20_000;
    process.on('exit', () => rmSync(this.#folder, { recursive: true, force: true }));
  }

  path(name) {
    return join(this.#folder, name);
  }
  /** The number that a C++ program prints. */
  native(name, ...args) {
    return Number(this.nativeText(name, ...args));
  }
  nativeText(name, ...args) {
    return execFileSync(join(root, 'build/native', name), args.map(String), { encoding: 'utf8', maxBuffer: 2 ** 26 });
  }

  note(text) {
    this.lines.push({ note: text });
    console.log(`      ${text}`);
  }
  line(what, figure, bound, met) {
    this.lines.push({ what, figure, bound, met });
    console.log(`${met ? 'ok  ' : 'MISS'}  ${what.padEnd(78)} ${figure.padStart(14)}   bound ${bound}`);
  }
  atLeast(what, figure, bound, format = times) {
    this.line(what, format(figure), `≥ ${format(bound)}`, figure >= bound);
  }
  atMost(what, figure, bound, format = times) {
    this.line(what, format(figure), `≤ ${format(bound)}`, figure <= bound);
  }
  /** Does f; what ruvector refuses as not there yet is a missed bound, with its message. */
  async whereSupported(what, bound, f) {
    try {
      await f();
    } catch (error) {
      if (!(error instanceof RuvectorError) || !['UNSUPPORTED', 'INVALID_OPTION'].includes(error.code)) throw error;
      this.line(what, 'not there yet', bound, false);
      this.note(error.message);
    }
  }

  /** The rows × 384 that most parts search, with the field `bucket` (row % 100), in one sealed segment at `path`. */
  async large() {
    this.#large ??= (async () => {
      const set = dataset('text', this.rows, 384);
      const path = this.path('large-384');
      const db = new VectorDB({ dimensions: 384, distanceMetric: 'euclidean', index: 'hnsw', storagePath: path });
      await db.insertBatch(numbered(rowsOf(set), set.rows));
      await db.compact();
      await db.close();
      return { set, path, queries: queriesOf(set) };
    })();
    return this.#large;
  }
}

/** Rows with their number as id and `bucket`: number % 100. */
export const numbered = (vectors, rows) => ({
  vectors,
  ids: Array.from({ length: rows }, (_, i) => i),
  metadata: Array.from({ length: rows }, (_, i) => ({ bucket: i % 100 })),
});

/** Mean recall@10 of `search(query)`, which returns hits, over all queries of a set. */
export async function recallOf(set, queries, search, percent = 100) {
  const truth = new Truth(set);
  let sum = 0;
  for (let q = 0; q < queries.length; q++) {
    const numbers = (await search(queries[q])).map((hit) => Number(hit.id));
    sum += truth.recall(q, queries[q], numbers, 10, percent);
  }
  return sum / queries.length;
}
