// The same queries over the same files, natively and in WebAssembly.
import type { Hits, SearchQuery } from '../../types/api.js';
import { VectorDB } from '../index.js';
import { embedAll } from './answers.js';
import { bold, check, dim, heading, milliseconds, plural, print } from './terminal.js';

const k = 10;
const budgetMs = 250;
const tolerance = 1e-5;

interface Run {
  readonly backend: string;
  /** Label and time, in the order of the table. */
  readonly times: readonly (readonly [string, number])[];
  readonly graph: Hits[];
  readonly exact: Hits[];
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] as number;
}

async function run(path: string, backend: 'auto' | 'wasm', queries: readonly Float32Array[]): Promise<Run> {
  // Loading the code is not opening the files.
  await (await VectorDB.open({ dimensions: 1, backend })).close();
  const start = performance.now();
  const db = await VectorDB.open({ storagePath: path, backend });
  await db.len();
  const opened = performance.now() - start;
  const timed = (options: Omit<SearchQuery, 'vector'>) => {
    const times: number[] = [];
    const end = performance.now() + budgetMs;
    do {
      for (const vector of queries) {
        const before = performance.now();
        db.searchSync({ vector, k, includeMetadata: false, ...options });
        times.push(performance.now() - before);
      }
    } while (performance.now() < end);
    return median(times);
  };
  try {
    const times = [
      ['open the files', opened],
      [`search, graph (k = ${k})`, timed({})],
      ['search, exact', timed({ exact: true })],
      ['search, filtered', timed({ filter: { words: { $gte: 40 } } })],
    ] as const;
    const all = (options: Omit<SearchQuery, 'vector'>) =>
      db.searchBatch(
        queries.map((vector) => ({
          vector,
          k,
          includeMetadata: false,
          ...options,
        })),
      );
    return {
      backend: db.backend,
      times,
      graph: await all({}),
      exact: await all({ exact: true }),
    };
  } finally {
    await db.close();
  }
}

// Distances, not ids: rows of the same text are as near as each other.
function isSame(a: readonly Hits[], b: readonly Hits[]): boolean {
  return a.every(
    (hits, q) =>
      hits.length === b[q]?.length && hits.every((hit, i) => Math.abs(hit.distance - (b[q]?.[i]?.distance ?? Infinity)) < tolerance),
  );
}

function recall({ graph, exact }: Run): number {
  const found = graph.map((hits, q) => hits.filter((hit) => hit.distance <= (exact[q]?.at(-1)?.distance ?? 0) + tolerance).length);
  return found.reduce((sum, n) => sum + n, 0) / exact.reduce((sum, hits) => sum + hits.length, 0);
}

/** Resolves to whether both find the same. */
export async function compareBackends(path: string, questions: readonly string[]): Promise<boolean> {
  heading('The same files through WebAssembly');
  const queries = embedAll(questions);
  const one = await run(path, 'auto', queries);
  const other = await run(path, 'wasm', queries);
  if (one.backend === other.backend) print('  the native addon is not in use: both columns are WebAssembly');
  print(`  ${''.padEnd(24)}${one.backend.padStart(20)}${other.backend.padStart(16)}`);
  for (const [i, [label, time]] of one.times.entries()) {
    print(`  ${label.padEnd(24)}${bold(milliseconds(time).padStart(20))}${bold(milliseconds(other.times[i]?.[1] ?? 0).padStart(16))}`);
  }
  print(dim('  this machine, now; searches: median of a quarter of a second'));
  const same = check(isSame(one.exact, other.exact), `exact answers to ${plural(questions.length, 'question')} are the same on both`);
  const nearly = check(
    recall(one) >= 0.9 && recall(other) >= 0.9,
    `the graph finds ${(100 * recall(one)).toFixed(0)} % and ${(100 * recall(other)).toFixed(0)} % of the true ${k} nearest`,
  );
  return same && nearly;
}
