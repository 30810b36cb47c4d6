// The database opened once more on another backend, when somebody asks for it and never before: under WebAssembly it is read into memory.
import type { Collection, Hits, SearchQuery, VectorDB } from '../../types/api.js';
import type { Comparison } from './source.js';

const mostRuns = 25;
const longestMs = 500;

export class SecondBackend {
  readonly #open: () => Promise<VectorDB>;
  #db: Promise<VectorDB> | null = null;

  constructor(open: () => Promise<VectorDB>) {
    this.#open = open;
  }

  /** The next who asks after a failure tries again. */
  get(): Promise<VectorDB> {
    if (this.#db) return this.#db;
    const opening = this.#open();
    this.#db = opening;
    opening.catch(() => {
      this.#db = null;
    });
    return opening;
  }

  async refresh(): Promise<void> {
    await (await this.#db)?.refresh();
  }

  async close(): Promise<void> {
    await (await this.#db?.catch(() => null))?.close();
  }
}

/** Median of several runs, after one that is not counted: it is the one that reads what no other search has needed. */
async function timeSearch(
  collection: Collection,
  query: SearchQuery,
  signal?: AbortSignal,
): Promise<{ ms: number; runs: number; hits: Hits }> {
  const hits = await collection.search(query);
  const times: number[] = [];
  const end = performance.now() + longestMs;
  do {
    // WebAssembly answers within its turn of the event loop: others get theirs.
    await new Promise((resolve) => setTimeout(resolve));
    signal?.throwIfAborted();
    const start = performance.now();
    await collection.search(query);
    times.push(performance.now() - start);
  } while (times.length < mostRuns && performance.now() < end);
  times.sort((a, b) => a - b);
  return { ms: times[times.length >> 1] as number, runs: times.length, hits };
}

/** Times the same search on both. Throws where they do not show the same entries. */
export async function compareBackends(
  [first, second]: readonly [VectorDB, VectorDB],
  collectionOf: (db: VectorDB) => Collection,
  query: SearchQuery,
  signal?: AbortSignal,
): Promise<Comparison> {
  const [own, other] = [collectionOf(first), collectionOf(second)];
  if ((await own.len()) !== (await other.len())) {
    throw new Error('the database has been written to since it was opened here: refresh, then compare again');
  }
  const times = [];
  const ids: string[][] = [];
  for (const [collection, { backend }] of [
    [own, first],
    [other, second],
  ] as const) {
    const { ms, runs, hits } = await timeSearch(collection, query, signal);
    times.push({ backend, milliseconds: ms, runs });
    ids.push(hits.map(({ id }) => id));
  }
  const [mine = [], theirs = []] = ids;
  return {
    times: times as unknown as Comparison['times'],
    hits: mine.length,
    common: mine.filter((id) => theirs.includes(id)).length,
    memory: (await second.stats()).memoryUsage,
  };
}
