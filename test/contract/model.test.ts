// Random sequences of calls against a Map and brute force. fast-check shrinks what fails to a short sequence.
import fc from 'fast-check';
import type { DbOptions, Metric, VectorDB } from 'ruvector';
import { VectorDB as Database } from 'ruvector';
import { describe, expect, it } from 'vitest';
import { gaussian, names, pack } from '../support/data.js';
import { backendOptions, openDb, register, reopenDb, tempPath } from '../support/env.js';
import { disagreement } from '../support/reference.js';

const dimensions = 3;
interface Row {
  vector: number[];
  metadata?: { n: number } | undefined;
}
interface Model {
  rows: Map<string, Row>;
  metric: Metric;
}
interface Real {
  db: VectorDB;
}
type Command = fc.AsyncCommand<Model, Real>;

/** A command from what it does to both, and how it prints. */
function command(name: string, run: (model: Model, real: Real) => Promise<void>): Command {
  return { check: () => true, run, toString: () => name };
}

const id = fc.integer({ min: 0, max: 12 }).map((i) => (i === 12 ? '__proto__' : `r${i}`));
// Small whole numbers, so that equal rows and equal distances come up; never zero, which cosine refuses.
const vector = fc
  .tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -3, max: 3 }), fc.integer({ min: 1, max: 3 }))
  .map((v) => [...v]);
const metadata = fc.option(
  fc.integer({ min: 0, max: 5 }).map((n) => ({ n })),
  { nil: undefined },
);
const entry = fc.record({ id, vector, metadata });

/** A replaced row moves to the end. */
function put(model: Model, { id, vector, metadata }: { id: string; vector: number[]; metadata: { n: number } | undefined }): void {
  model.rows.delete(id);
  model.rows.set(id, { vector, metadata });
}
function stored(id: string, row: Row) {
  return {
    id,
    vector: Float32Array.from(row.vector),
    ...(row.metadata ? { metadata: row.metadata } : {}),
  };
}
function matching(model: Model, n: number | undefined): Map<string, number[]> {
  const all = [...model.rows].filter(([, row]) => n === undefined || (row.metadata?.n ?? -1) >= n);
  return new Map(all.map(([id, row]) => [id, row.vector]));
}

const commands: fc.Arbitrary<Command>[] = [
  entry.map((e) =>
    command(`insert(${JSON.stringify(e)})`, async (model, { db }) => {
      expect(await db.insert(e as { id: string; vector: number[] })).toBe(e.id);
      put(model, e);
    }),
  ),
  fc.array(entry, { maxLength: 8 }).map((list) =>
    command(`insertBatch(${JSON.stringify(list)})`, async (model, { db }) => {
      expect(await db.insertBatch(list as { id: string; vector: number[] }[])).toEqual(list.map((e) => e.id));
      for (const e of list) put(model, e);
    }),
  ),
  fc.tuple(fc.array(entry, { minLength: 1, maxLength: 4 }), fc.nat()).map(([list, at]) =>
    command(`a batch with NaN(${JSON.stringify(list)})`, async (_, { db }) => {
      const bad = list.map((e, i) => (i === at % list.length ? { ...e, vector: [1, Number.NaN, 1] } : e));
      await expect(db.insertBatch(bad as { id: string; vector: number[] }[])).rejects.toMatchObject({ code: 'INVALID_VECTOR' });
    }),
  ),
  id.map((id) =>
    command(`delete(${id})`, async (model, { db }) => {
      expect(await db.delete(id)).toBe(model.rows.delete(id));
    }),
  ),
  fc.array(id, { maxLength: 5 }).map((ids) =>
    command(`deleteBatch(${ids})`, async (model, { db }) => {
      expect(await db.deleteBatch(ids)).toBe(ids.filter((id) => model.rows.delete(id)).length);
    }),
  ),
  fc.tuple(id, vector).map(([id, vector]) =>
    command(`update(${id}, ${vector})`, async (model, { db }) => {
      const row = model.rows.get(id);
      expect(await db.update(id, { vector })).toBe(row !== undefined);
      if (row) put(model, { id, vector, metadata: row.metadata });
    }),
  ),
  fc.tuple(id, fc.integer({ min: 0, max: 5 })).map(([id, n]) =>
    command(`updateMetadata(${id}, ${n})`, async (model, { db }) => {
      const row = model.rows.get(id);
      expect(await db.updateMetadata(id, { n })).toBe(row !== undefined);
      if (row) model.rows.set(id, { vector: row.vector, metadata: { n } });
    }),
  ),
  fc.integer({ min: 3, max: 6 }).map((n) =>
    command(`deleteWhere(n >= ${n})`, async (model, { db }) => {
      const gone = [...matching(model, n).keys()];
      expect(await db.deleteWhere({ n: { $gte: n } })).toBe(gone.length);
      for (const id of gone) model.rows.delete(id);
    }),
  ),
  fc
    .tuple(vector, fc.integer({ min: 1, max: 20 }), fc.option(fc.integer({ min: 0, max: 6 }), { nil: undefined }), fc.boolean())
    .map(([query, k, n, exact]) =>
      command(`search(${query}, ${k}, n >= ${n}, exact ${exact})`, async (model, { db }) => {
        const rows = matching(model, n);
        const hits = await db.search({
          vector: query,
          k,
          exact,
          ...(n === undefined ? {} : { filter: { n: { $gte: n } } }),
        });
        if (exact) expect(disagreement(model.metric, rows, query, k, hits)).toBeUndefined();
        expect(hits.length).toBe(Math.min(k, rows.size));
        expect(new Set(hits.map((hit) => hit.id)).size).toBe(hits.length);
        for (const hit of hits) {
          expect(rows.has(hit.id)).toBe(true);
          expect(hit.metadata).toEqual(model.rows.get(hit.id)?.metadata);
        }
      }),
    ),
  id.map((id) =>
    command(`get(${id})`, async (model, { db }) => {
      const row = model.rows.get(id);
      expect(await db.get(id)).toEqual(row ? stored(id, row) : null);
      expect(await db.has(id)).toBe(row !== undefined);
    }),
  ),
  fc.constant(
    command('entries', async (model, { db }) => {
      const all = [];
      for await (const e of db.entries({ batchSize: 50 })) all.push(e);
      expect(all).toEqual([...model.rows].map(([id, row]) => stored(id, row)));
      expect(await db.len()).toBe(model.rows.size);
      expect((await db.stats()).count).toBe(model.rows.size);
    }),
  ),
  fc.constant(command('flush', async (_, { db }) => db.flush())),
  fc.constant(
    command('reopen', async (_, real) => {
      real.db = await reopenDb(real.db);
    }),
  ),
  fc.constant(
    command('toBytes', async (model, { db }) => {
      const full: DbOptions = backendOptions();
      const copy = register(await Database.fromBytes(await db.toBytes(), full), full);
      const all = [];
      for await (const e of copy.entries()) all.push(e);
      expect(all).toEqual([...model.rows].map(([id, row]) => stored(id, row)));
      await copy.close();
    }),
  ),
];
const clear: fc.Arbitrary<Command> = fc.constant(
  command('clear', async (model, { db }) => {
    await db.clear();
    model.rows.clear();
  }),
);

async function run(
  metric: Metric,
  seed: number,
  runs: number,
  options: DbOptions,
  first: readonly (readonly [string, Float32Array])[],
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(
      fc.commands([...commands, ...(first.length === 0 ? [clear] : [])], {
        maxCommands: 40,
      }),
      async (list) => {
        const real: Real = {
          db: await openDb({
            ...options,
            dimensions,
            distanceMetric: metric,
            storagePath: tempPath(),
          }),
        };
        const model: Model = { rows: new Map(), metric };
        if (first.length > 0) await real.db.insertBatch(first.map(([id, vector]) => ({ id, vector })));
        for (const [id, vector] of first) model.rows.set(id, { vector: [...vector] });
        try {
          await fc.asyncModelRun(() => ({ model, real }), list);
        } finally {
          await real.db.close();
        }
      },
    ),
    { seed, numRuns: runs, endOnFailure: false },
  );
}

describe('any sequence of calls does what a Map does', () => {
  it.each(['cosine', 'euclidean', 'dot', 'manhattan'] as Metric[])('%s', async (metric) => run(metric, 41, 40, {}, []));

  // 260 rows are linked, but at the default efSearch they would be scanned all the same: efSearch 8 makes searches walk.
  const walked = { index: 'hnsw', hnswConfig: { efSearch: 8 } } as const;
  const first = gaussian(42, 260, dimensions).map((v, i) => [`r${i}`, v] as const);
  it.each(['euclidean', 'dot'] as Metric[])('on top of a graph: %s', async (metric) => run(metric, 43, 12, walked, first));

  it('searches of that size do walk the graph: on hard vectors they miss some', async () => {
    const db = await openDb({ dimensions: 64, ...walked });
    await db.insertBatch({ ids: names(260), vectors: pack(gaussian(44, 260, 64)) });
    const queries = gaussian(45, 60, 64).map((vector) => ({ vector, k: 8 }));
    const ids = async (exact: boolean) =>
      (await db.searchBatch(queries.map((query) => ({ ...query, exact })))).map((hits) => hits.map((hit) => hit.id));
    expect(await ids(false)).not.toEqual(await ids(true));
  });
});
