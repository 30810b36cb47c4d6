// Random sequences of calls against a Map and brute force. fast-check shrinks what fails to a short sequence.
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import {
  type Collection,
  VectorDB as Database,
  type DbOptions,
  type LongCall,
  type Metric,
  type StoredEntry,
  type VectorDB,
} from 'ruvector';
import { afterAll, describe, expect, it } from 'vitest';
import { collect, gaussian, names, pack } from '../support/data.js';
import { backendOptions, openDb, register, reopenDb, tempPath } from '../support/env.js';
import { errorOf } from '../support/errors.js';
import { disagreement } from '../support/reference.js';

const dimensions = 3;
// RUVECTOR_SOAK: ten times as many sequences, others each time.
const soak = process.env.RUVECTOR_SOAK !== undefined;
interface Row {
  vector: number[];
  metadata?: { n: number } | undefined;
}
/** In the order of insertion. What changes gets a new Row. */
type Rows = Map<string, Row>;
/** By name; those that are not there are collections that nobody made, or that were dropped. */
interface Model {
  collections: Map<string, { rows: Rows; metric: Metric }>;
}
interface Real {
  db: VectorDB;
  /** A walk by pages that goes on between other calls: what was there when it began, and what it has seen. */
  walk?: { at: string; cursor: string; began: Map<string, Row>; seen: StoredEntry[] } | undefined;
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
const entry = fc.record({ id, vector, metadata }).map((e) => ({ ...e }));
type Entry = { id: string; vector: number[]; metadata: { n: number } | undefined };
const list = (e: unknown) => JSON.stringify(e);
/** As callers give it: without metadata that is undefined. */
const given = ({ id, vector, metadata }: Entry) => ({ id, vector, ...(metadata && { metadata }) });

/** A replaced row moves to the end. */
function put(rows: Rows, { id, vector, metadata }: Entry): void {
  rows.delete(id);
  rows.set(id, { vector, metadata });
}
function stored([id, row]: readonly [string, Row]): StoredEntry {
  return { id, vector: Float32Array.from(row.vector), ...(row.metadata && { metadata: row.metadata }) };
}
function matching(rows: Rows, n: number | undefined): Map<string, number[]> {
  const all = [...rows].filter(([, row]) => n === undefined || (row.metadata?.n ?? -1) >= n);
  return new Map(all.map(([id, row]) => [id, row.vector]));
}

const otherNames = ['a', 'ü b'];
const where = fc.oneof({ arbitrary: fc.constant('default'), weight: 5 }, { arbitrary: fc.constantFrom(...otherNames), weight: 2 });
const collectionOf = (db: VectorDB, at: string): Collection => (at === 'default' ? db : db.collection(at));

/** A command on one collection; where there is none, every call throws NOT_FOUND. */
function on<T>(
  name: string,
  of: fc.Arbitrary<T>,
  run: (of: T, rows: Rows, collection: Collection, metric: Metric) => Promise<void>,
): fc.Arbitrary<Command> {
  return fc.tuple(where, of).map(([at, value]) =>
    command(`${at}: ${name}(${list(value)})`, async (model, { db }) => {
      const known = model.collections.get(at);
      if (known) return run(value, known.rows, collectionOf(db, at), known.metric);
      expect((await errorOf(() => collectionOf(db, at).len())).code).toBe('NOT_FOUND');
    }),
  );
}

/** Aborted when it is looked at for that time. */
function abortedAt(look: number): AbortSignal {
  const { signal } = new AbortController();
  let looks = 0;
  return Object.create(signal, { aborted: { get: () => ++looks >= look }, addEventListener: { value: () => undefined } });
}
const endings = { aborted: 0, done: 0 };

/** A call that may end before its commit, or be done. */
async function abortable(run: (options: LongCall) => Promise<unknown>, look: number, done: () => void): Promise<void> {
  const code = await run({ signal: abortedAt(look) }).then(
    () => undefined,
    (error) => error.code,
  );
  expect([undefined, 'ABORTED']).toContain(code);
  if (code === undefined) done();
  endings[code === undefined ? 'done' : 'aborted']++;
}
afterAll(() => {
  expect(endings.aborted).toBeGreaterThan(0);
  expect(endings.done).toBeGreaterThan(0);
});

/** Everything in another database is what the model holds. */
async function sameContent(model: Model, db: VectorDB): Promise<void> {
  expect((await db.collections()).toSorted()).toEqual([...model.collections.keys()].toSorted());
  for (const [at, { rows, metric }] of model.collections) {
    const collection = collectionOf(db, at);
    expect(await collect(collection.entries())).toEqual([...rows].map(stored));
    expect([collection.dimensions, collection.metric]).toEqual([dimensions, metric]);
  }
}

const optionalN = fc.option(fc.integer({ min: 0, max: 6 }), { nil: undefined });
const filterOf = (n: number | undefined) => (n === undefined ? {} : { filter: { n: { $gte: n } } });

const commands: fc.Arbitrary<Command>[] = [
  on('insert', entry, async (e, rows, db) => {
    expect(await db.insert(given(e))).toBe(e.id);
    put(rows, e);
  }),
  on('insertBatch', fc.array(entry, { maxLength: 8 }), async (batch, rows, db) => {
    expect(await db.insertBatch(batch.map(given))).toEqual(batch.map((e) => e.id));
    for (const e of batch) put(rows, e);
  }),
  on(
    'insertBatch, aborted',
    fc.tuple(fc.array(entry, { maxLength: 8 }), fc.integer({ min: 1, max: 5 })),
    async ([batch, look], rows, db) => {
      const done = () => {
        for (const e of batch) put(rows, e);
      };
      await abortable((options) => db.insertBatch(batch.map(given), options), look, done);
    },
  ),
  on('a batch with NaN', fc.tuple(fc.array(entry, { minLength: 1, maxLength: 4 }), fc.nat()), async ([batch, at], _, db) => {
    const bad = batch.map((e, i) => ({ ...given(e), ...(i === at % batch.length && { vector: [1, Number.NaN, 1] }) }));
    expect((await errorOf(() => db.insertBatch(bad))).code).toBe('INVALID_VECTOR');
  }),
  on('delete', id, async (id, rows, db) => {
    expect(await db.delete(id)).toBe(rows.delete(id));
  }),
  on('deleteBatch', fc.array(id, { maxLength: 5 }), async (ids, rows, db) => {
    expect(await db.deleteBatch(ids)).toBe(ids.filter((id) => rows.delete(id)).length);
  }),
  on('update', fc.tuple(id, vector), async ([id, vector], rows, db) => {
    const row = rows.get(id);
    expect(await db.update(id, { vector })).toBe(row !== undefined);
    if (row) put(rows, { id, vector, metadata: row.metadata });
  }),
  on('updateMetadata', fc.tuple(id, fc.integer({ min: 0, max: 5 })), async ([id, n], rows, db) => {
    const row = rows.get(id);
    expect(await db.updateMetadata(id, { n })).toBe(row !== undefined);
    if (row) rows.set(id, { vector: row.vector, metadata: { n } });
  }),
  on('deleteWhere n >=', fc.integer({ min: 3, max: 6 }), async (n, rows, db) => {
    const gone = [...matching(rows, n).keys()];
    expect(await db.deleteWhere({ n: { $gte: n } })).toBe(gone.length);
    for (const id of gone) rows.delete(id);
  }),
  on(
    'search',
    fc.record({ query: vector, k: fc.integer({ min: 1, max: 20 }), n: optionalN, exact: fc.boolean() }),
    async ({ query, k, n, exact }, rows, db, metric) => {
      const all = matching(rows, n);
      const hits = await db.search({ vector: query, k, exact, ...filterOf(n) });
      if (exact) expect(disagreement(metric, all, query, k, hits)).toBeUndefined();
      expect(hits.length).toBe(Math.min(k, all.size));
      expect(new Set(hits.map((hit) => hit.id)).size).toBe(hits.length);
      for (const hit of hits) {
        expect(all.has(hit.id)).toBe(true);
        expect(hit.metadata).toEqual(rows.get(hit.id)?.metadata);
      }
    },
  ),
  on('search like', fc.record({ like: id, k: fc.integer({ min: 1, max: 20 }), n: optionalN }), async ({ like, k, n }, rows, db, metric) => {
    const row = rows.get(like);
    const query = { like, k, exact: true, ...filterOf(n) };
    if (!row) return expect((await errorOf(() => db.search(query))).code).toBe('NOT_FOUND') as undefined;
    const others = matching(rows, n);
    others.delete(like);
    expect(disagreement(metric, others, row.vector, k, await db.search(query))).toBeUndefined();
  }),
  on('get', id, async (id, rows, db) => {
    const row = rows.get(id);
    expect(await db.get(id)).toEqual(row ? stored([id, row]) : null);
    expect(await db.has(id)).toBe(row !== undefined);
  }),
  on('getMany', fc.array(id, { maxLength: 6 }), async (ids, rows, db) => {
    const expected = ids.map((id) => [id, rows.get(id)] as const);
    expect(await db.getMany(ids)).toEqual(expected.map(([id, row]) => (row ? stored([id, row]) : null)));
  }),
  on('entries', fc.constant(undefined), async (_, rows, db) => {
    expect(await collect(db.entries({ batchSize: 50 }))).toEqual([...rows].map(stored));
    expect(await collect(db.keys())).toEqual([...rows.keys()]);
    const { count } = await db.stats();
    expect([await db.len(), count, await db.isEmpty()]).toEqual([rows.size, rows.size, rows.size === 0]);
  }),
  on('all pages', fc.record({ limit: fc.integer({ min: 1, max: 5 }), n: optionalN }), async ({ limit, n }, rows, db) => {
    const seen: StoredEntry[] = [];
    for (let cursor: string | null = null; ; ) {
      const page = await db.page({ limit, cursor, ...filterOf(n) });
      expect(page.entries.length).toBeLessThanOrEqual(limit);
      seen.push(...page.entries);
      cursor = page.cursor;
      if (cursor === null) break;
    }
    const wanted = matching(rows, n);
    expect(seen).toEqual([...rows].filter(([id]) => wanted.has(id)).map(stored));
    expect(await db.count(filterOf(n).filter)).toBe(wanted.size);
  }),
  on('export and import', fc.boolean(), async (asJson, rows, db, distanceMetric) => {
    const data = await db.exportAll();
    expect(data.options).toEqual({ dimensions, distanceMetric });
    const copy = await openDb({ dimensions, distanceMetric });
    expect(await copy.importAll(asJson ? JSON.parse(JSON.stringify(data)) : data)).toBe(rows.size);
    expect(await collect(copy.entries())).toEqual([...rows].map(stored));
    await copy.close();
  }),
  on(
    'importAll, perhaps failing or aborted',
    fc.record({ batch: fc.array(entry, { maxLength: 6 }), fails: fc.boolean(), look: fc.integer({ min: 1, max: 6 }) }),
    async ({ batch, fails, look }, rows, db) => {
      async function* entries() {
        yield* batch.map(given);
        if (fails) throw Object.assign(new Error('the source is gone'), { code: 'ABORTED' });
      }
      const done = () => {
        expect(fails).toBe(false);
        for (const e of batch) put(rows, e);
      };
      await abortable((options) => db.importAll({ format: 'ruvector-export', version: 1, entries: entries() }, options), look, done);
    },
  ),
  // --- Of the whole database
  fc
    .tuple(fc.constantFrom(...otherNames), fc.constantFrom('cosine', 'euclidean', 'dot', 'manhattan'), fc.boolean())
    .map(([at, metric, flat]) =>
      command(`collection(${at}, ${metric}, flat ${flat})`, async (model, { db }) => {
        const known = model.collections.get(at);
        const made = db.collection(at, { dimensions, distanceMetric: metric as Metric, ...(flat && { index: 'flat' }) });
        if (known && known.metric !== metric) return expect((await errorOf(() => made.len())).code).toBe('INVALID_OPTION') as undefined;
        expect(await made.len()).toBe(known?.rows.size ?? 0);
        if (!known) model.collections.set(at, { rows: new Map(), metric: metric as Metric });
      }),
    ),
  fc.constantFrom(...otherNames).map((at) =>
    command(`dropCollection(${at})`, async (model, real) => {
      expect(await real.db.dropCollection(at)).toBe(model.collections.delete(at));
      if (real.walk?.at === at) real.walk = undefined;
    }),
  ),
  fc.tuple(where, entry, where, fc.array(id, { maxLength: 3 }), fc.boolean()).map(([to, e, from, ids, fails]) =>
    command(`transaction(${to} ${list(e)}, ${from} without ${ids}, fails ${fails})`, async (model, { db }) => {
      const [target, source] = [model.collections.get(to), model.collections.get(from)];
      const call = db.transaction((t) => {
        (to === 'default' ? t : t.collection(to)).insert(given(e));
        (from === 'default' ? t : t.collection(from)).deleteBatch(ids);
        if (fails) throw new Error('no');
        return 7;
      });
      if (fails) return expect(call).rejects.toThrow('no');
      if (!target || !source) return expect((await errorOf(() => call)).code).toBe('NOT_FOUND') as undefined;
      expect(await call).toBe(7);
      put(target.rows, e);
      for (const id of ids) source.rows.delete(id);
    }),
  ),
  fc.tuple(where, fc.integer({ min: 1, max: 4 })).map(([at, limit]) =>
    command(`a page more, of a walk through ${at}(${limit})`, async (model, real) => {
      const rows = model.collections.get(real.walk?.at ?? at)?.rows;
      if (!rows) return;
      real.walk ??= { at, cursor: '', began: new Map(rows), seen: [] };
      const { walk } = real;
      const page = await collectionOf(real.db, walk.at).page({ limit, cursor: walk.cursor === '' ? null : walk.cursor });
      for (const e of page.entries) expect(e).toEqual(stored([e.id, rows.get(e.id) as Row]));
      walk.seen.push(...page.entries);
      walk.cursor = page.cursor ?? '';
      if (page.cursor !== null) return;
      // What was there all the time was seen exactly once.
      for (const [id, row] of walk.began) {
        if (rows.get(id) === row) expect(walk.seen.filter((e) => e.id === id).length, `${id} in a walk`).toBe(1);
      }
      real.walk = undefined;
    }),
  ),
  fc.constant(command('flush', async (_, { db }) => db.flush())),
  fc.constant(
    command('compact', async (_, { db }) => {
      await db.compact();
      expect((await db.stats()).deleted).toBe(0);
    }),
  ),
  fc.integer({ min: 1, max: 4 }).map((look) =>
    command(`compact, aborted(${look})`, async (_, { db }) => {
      await abortable(
        (options) => db.compact(options),
        look,
        () => undefined,
      );
    }),
  ),
  fc.constant(
    command('verify', async (_, { db }) => {
      expect(await db.verify()).toMatchObject({ ok: true, damage: [] });
    }),
  ),
  fc.constant(
    command('reopen', async (_, real) => {
      real.db = await reopenDb(real.db);
    }),
  ),
  fc.constant(
    command('toBytes', async (model, { db }) => {
      const full: DbOptions = backendOptions();
      const copy = register(await Database.fromBytes(await db.toBytes(), full), full);
      await sameContent(model, copy);
      await copy.clear();
      await copy.close();
    }),
  ),
  fc.constantFrom('copy', 'copy.rvf').map((name) =>
    command(`snapshot(${name})`, async (model, { db }) => {
      const storagePath = join(dirname(tempPath()), name);
      await db.snapshot(storagePath);
      const copy = await openDb({ storagePath });
      await sameContent(model, copy);
      await copy.close();
    }),
  ),
];
const clear = on('clear', fc.constant(undefined), async (_, rows, db) => {
  await db.clear();
  rows.clear();
});

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
        const rows: Rows = new Map(first.map(([id, vector]) => [id, { vector: [...vector] }]));
        const model: Model = { collections: new Map([['default', { rows, metric }]]) };
        if (first.length > 0) await real.db.insertBatch(first.map(([id, vector]) => ({ id, vector })));
        try {
          await fc.asyncModelRun(() => ({ model, real }), list);
        } finally {
          await real.db.close();
        }
      },
    ),
    { ...(soak ? {} : { seed }), numRuns: soak ? 10 * runs : runs, endOnFailure: false },
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
