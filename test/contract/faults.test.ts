// Faults of today's packages that must be impossible here: lost rows, ids that come twice, NaN let in, options without effect.
import type { DbOptions, Hits, Metadata, Metric, Vec, VectorDB } from 'ruvector';
import { describe, expect, test } from 'vitest';
import { gaussian, names, pack, Random, textLike } from '../support/data.js';
import { openDb, reopenDb, tempPath } from '../support/env.js';
import { distance, leastRecall, nearest, recall } from '../support/reference.js';

const indexes = ['flat', 'hnsw', 'auto'] as const;
const dimensions = 24;

// Low enough that a store of a few hundred rows is walked: the core scans when that costs less than a walk for efSearch rows.
const efSearch = 30;

type Rows = Map<string, Float32Array>;

async function filled(options: DbOptions, count: number, metadata?: (i: number) => Metadata): Promise<{ db: VectorDB; rows: Rows }> {
  const vectors = textLike(count, dimensions, 11);
  const db = await openDb({
    dimensions,
    distanceMetric: 'euclidean',
    hnswConfig: { efSearch },
    ...options,
  });
  const ids = names(count);
  await db.insertBatch({
    ids,
    vectors: pack(vectors),
    ...(metadata ? { metadata: vectors.map((_, i) => metadata(i)) } : {}),
  });
  return {
    db,
    rows: new Map(ids.map((id, i) => [id, vectors[i] as Float32Array])),
  };
}

const ids = (hits: readonly { id: string }[]) => hits.map((hit) => hit.id);

function expectRealRows(hits: Hits, rows: Rows, query: ArrayLike<number>): void {
  expect(new Set(ids(hits)).size).toBe(hits.length);
  for (const hit of hits) {
    const row = rows.get(hit.id);
    expect(row, hit.id).toBeDefined();
    expect(hit.distance).toBeCloseTo(distance('euclidean', row as Float32Array, query), 4);
  }
}

describe.each(indexes)('no row is lost or seen twice: %s', (index) => {
  const rowCount = 2500;

  test('a filtered search returns min(k, matches) rows, all of which match', async () => {
    const { db, rows } = await filled({ index }, rowCount, (i) => ({
      half: i % 2,
      hundredth: i % 100,
      i,
    }));
    const groups = [
      { filter: { half: 1 }, matches: (i: number) => i % 2 === 1 },
      { filter: { hundredth: 7 }, matches: (i: number) => i % 100 === 7 },
      { filter: { i: 1234 }, matches: (i: number) => i === 1234 },
      { filter: { i: { $gte: rowCount } }, matches: () => false },
    ];
    for (const { filter, matches } of groups) {
      const matching = [...rows].filter((_, i) => matches(i));
      expect(await db.count(filter)).toBe(matching.length);
      let found = 0;
      for (const query of textLike(10, dimensions, 12)) {
        for (const k of [1, 10, 40]) {
          const hits = await db.search({ vector: query, k, filter });
          const truth = nearest('euclidean', matching, query, k);
          expect(hits.length).toBe(Math.min(k, matching.length));
          expectRealRows(hits, new Map(matching), query);
          if (k === 10 && truth.length > 0) found += recall(hits, truth);
        }
      }
      if (matching.length > 0) expect(found / 10).toBeGreaterThanOrEqual(0.95);
    }
  });

  test('after the nearest are deleted, the next take their places', async () => {
    const { db, rows } = await filled({ index }, rowCount);
    const query = textLike(1, dimensions, 13)[0] as Float32Array;
    for (const d of [1, 4, 5]) {
      for (const { id } of nearest('euclidean', rows, query, d)) {
        expect(await db.delete(id)).toBe(true);
        expect(await db.delete(id)).toBe(false);
        expect(await db.get(id)).toBeNull();
        rows.delete(id);
      }
      const hits = await db.search({ vector: query, k: 10 });
      expect(hits.length).toBe(10);
      expectRealRows(hits, rows, query);
      expect(hits[0]?.id).toBe(nearest('euclidean', rows, query, 1)[0]?.id);
    }
  });

  test('after a random 20 % is deleted, then all but 30', async () => {
    const { db, rows } = await filled({ index }, rowCount);
    const order = new Random(14).sample(rowCount, rowCount).map((i) => `id${i}`);
    for (const left of [0.8 * rowCount, 30]) {
      const gone = order.splice(left);
      expect(await db.deleteBatch(gone)).toBe(gone.length);
      for (const id of gone) rows.delete(id);
      expect(await db.len()).toBe(left);
      let found = 0;
      for (const query of textLike(20, dimensions, 15)) {
        const hits = await db.search({ vector: query, k: 50 });
        expect(hits.length).toBe(Math.min(50, left));
        expectRealRows(hits, rows, query);
        found += recall(hits.slice(0, 10), nearest('euclidean', rows, query, 10));
      }
      expect(found / 20).toBeGreaterThanOrEqual(0.95);
    }
    expect(await db.deleteBatch(order)).toBe(30);
    expect(await db.search({ vector: new Float32Array(dimensions).fill(1) })).toEqual([]);
  });

  test('an id that is replaced 20 times comes once, with its last vector, and goes when deleted', async () => {
    const { db, rows } = await filled({ index }, 1000);
    const places = textLike(21, dimensions, 16);
    for (const [i, vector] of places.entries()) {
      await db.insert({ id: 'moving', vector, metadata: { i } });
      rows.set('moving', vector);
      const [first] = await db.search({ vector, k: 1 });
      expect(first).toMatchObject({
        id: 'moving',
        distance: 0,
        metadata: { i },
      });
    }
    expect(await db.len()).toBe(1001);
    for (const query of places) {
      for (const k of [20, 1001]) {
        const hits = await db.search({ vector: query, k });
        expect(hits.length).toBe(k);
        expectRealRows(hits, rows, query);
      }
    }
    await db.delete('moving');
    rows.delete('moving');
    for (const query of places) expectRealRows(await db.search({ vector: query, k: 20 }), rows, query);
  });

  test('k = n returns every row of a tiny store', async () => {
    const sizes = [...Array.from({ length: 40 }, (_, i) => i + 1), 255, 256, 257, 300];
    for (const size of sizes) {
      const db = await openDb({ dimensions, index });
      const vectors = gaussian(1000 + size, size, dimensions);
      for (const [i, vector] of vectors.entries()) db.insertSync({ id: `id${i}`, vector });
      expect(ids(await db.search({ vector: vectors[0] as Vec, k: size })).toSorted(), `${size}`).toEqual(names(size).toSorted());
      expect((await db.search({ vector: vectors[0] as Vec, k: size + 1 })).length).toBe(size);
      await db.close();
    }
  });

  test('every distinct row behind 1,000 identical ones is its own nearest', async () => {
    const db = await openDb({ dimensions, index, distanceMetric: 'euclidean' });
    const same = new Float32Array(dimensions).fill(0.25);
    await db.insertBatch({
      ids: names(1000, 'same'),
      vectors: pack(Array.from({ length: 1000 }, () => same)),
    });
    const distinct = gaussian(17, 1000, dimensions);
    await db.insertBatch({ ids: names(1000), vectors: pack(distinct) });
    const found = await db.searchBatch(distinct.map((vector) => ({ vector, k: 1 })));
    expect(names(1000).filter((id, i) => found[i]?.[0]?.id !== id)).toEqual([]);
    const twins = await db.search({ vector: same, k: 1000 });
    expect(twins.filter((hit) => hit.distance === 0).length).toBe(1000);
    expect(new Set(ids(twins)).size).toBe(1000);
  });

  test('one row in the middle of all others does not hide them', async () => {
    const width = 128;
    const vectors = gaussian(22, 2000, width);
    const db = await openDb({
      dimensions: width,
      index,
      distanceMetric: 'euclidean',
    });
    await db.insert({ id: 'middle', vector: new Float32Array(width) });
    await db.insertBatch({
      ids: names(vectors.length),
      vectors: pack(vectors),
    });
    const own = await db.searchBatch(vectors.map((vector) => ({ vector, k: 1 })));
    const found = own.filter((hits, i) => hits[0]?.id === `id${i}`).length;
    expect(found / vectors.length).toBeGreaterThanOrEqual(leastRecall.hard);
    const queries = gaussian(23, 50, width).map((vector) => ({ vector, k: 10 }));
    const truths = (await db.searchBatch(queries.map((query) => ({ ...query, exact: true })))) as Hits[];
    const recalls = (await db.searchBatch(queries)).map((hits, i) => recall(hits, truths[i] as Hits));
    expect(recalls.reduce((sum, r) => sum + r, 0) / recalls.length).toBeGreaterThanOrEqual(leastRecall.hard);
  });

  test('reopening changes neither the rows nor the answers', async () => {
    const { db, rows } = await filled({ index, storagePath: tempPath() }, rowCount, (i) => ({ i }));
    const gone = names(100);
    await db.deleteBatch(gone);
    for (const id of gone) rows.delete(id);
    const queries = textLike(20, dimensions, 18).map((vector) => ({
      vector,
      k: 10,
    }));
    const exact = queries.map((query) => ({ ...query, exact: true }));
    const before = await db.searchBatch(exact);
    const again = await reopenDb(db);
    expect(await again.len()).toBe(rowCount - 100);
    expect(await again.searchBatch(exact)).toEqual(before);
    let found = 0;
    for (const [i, hits] of (await again.searchBatch(queries)).entries()) {
      expectRealRows(hits, rows, queries[i]?.vector as Float32Array);
      found += recall(hits, nearest('euclidean', rows, queries[i]?.vector as Float32Array, 10));
    }
    expect(found / queries.length).toBeGreaterThanOrEqual(0.95);
  });
});

test.each([
  ['NaN', Number.NaN],
  ['+∞', Number.POSITIVE_INFINITY],
  ['−∞', Number.NEGATIVE_INFINITY],
])('%s is refused in every lane of every vector that comes in', async (_, bad) => {
  const width = 37; // full registers of every width, and a remainder
  for (const distanceMetric of ['cosine', 'euclidean', 'dot', 'manhattan'] as const) {
    const db = await openDb({ dimensions: width, distanceMetric });
    const good = new Float32Array(width).fill(1);
    await db.insert({ id: 'kept', vector: good, metadata: { x: 1 } });
    for (let lane = 0; lane < width; lane++) {
      const typed = good.slice();
      typed[lane] = bad;
      for (const vector of [typed, Float64Array.from(typed), [...typed]]) {
        const calls = [
          () => db.insert({ id: 'new', vector }),
          async () => db.insertSync({ id: 'new', vector }),
          () => db.insert({ id: 'kept', vector }),
          () =>
            db.insertBatch([
              { id: 'first', vector: good },
              { id: 'new', vector },
            ]),
          () => db.update('kept', { vector, metadata: { x: 2 } }),
          () => db.search({ vector }),
          () => db.searchBatch([{ vector: good }, { vector }]),
          async () => db.searchSync({ vector, includeMetadata: false }),
        ];
        for (const call of calls)
          await expect(call()).rejects.toMatchObject({
            name: 'RuvectorError',
            code: 'INVALID_VECTOR',
          });
      }
      const matrix = pack([good, typed, good]);
      await expect(db.insertBatch({ ids: ['u', 'v', 'w'], vectors: matrix })).rejects.toMatchObject({ code: 'INVALID_VECTOR' });
    }
    expect(await db.len()).toBe(1);
    expect(await db.get('kept')).toEqual({
      id: 'kept',
      vector: good,
      metadata: { x: 1 },
    });
  }
});

describe('dot product in a graph', () => {
  const count = 3000;
  const width = 48;
  test.each([
    ['lengths 1', () => 1],
    ['lengths within a factor of two', (random: Random) => 1 + random.uniform()],
    ['lengths over four orders of magnitude', (random: Random) => 10 ** (4 * random.uniform() - 2)],
  ])('%s', async (_, length) => {
    const random = new Random(19);
    const scaled = (v: Float32Array) => {
      const s = length(random);
      return v.map((x) => x * s);
    };
    const rows = textLike(count, width, 1).map(scaled);
    const db = await openDb({
      dimensions: width,
      distanceMetric: 'dot',
      index: 'hnsw',
    });
    await db.insertBatch({ ids: names(count), vectors: pack(rows) });
    expect((await db.stats()).indexType).toBe('hnsw');
    const byId = rows.map((row, i) => [`id${i}`, row] as const);
    const queries = textLike(30, width, 2);
    let found = 0;
    for (const query of queries) {
      const hits = await db.search({ vector: query, k: 10 });
      expect(hits.length).toBe(10);
      for (const hit of hits) {
        const truth = distance('dot', rows[Number(hit.id.slice(2))] as Float32Array, query);
        expect(Math.abs(hit.distance - truth)).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(truth)));
      }
      found += recall(hits, nearest('dot', byId, query, 10));
    }
    expect(found / queries.length).toBeGreaterThanOrEqual(0.95);
  });
});

test('efSearch counts for the query it is given to, and the default of an opening for the others', async () => {
  const width = 32;
  const rows = gaussian(20, 4000, width);
  const storagePath = tempPath();
  const db = await openDb({
    dimensions: width,
    index: 'hnsw',
    storagePath,
    hnswConfig: { efSearch: 10 },
  });
  await db.insertBatch({ ids: names(rows.length), vectors: pack(rows) });
  const byId = rows.map((row, i) => [`id${i}`, row] as const);
  const queries = gaussian(21, 40, width);
  const truths = queries.map((query) => nearest('cosine', byId, query, 10));
  const measure = async (of: VectorDB, ef?: number) => {
    const all = await of.searchBatch(
      queries.map((vector) => ({
        vector,
        k: 10,
        ...(ef ? { efSearch: ef } : {}),
      })),
    );
    const mean = all.reduce((sum, hits, i) => sum + recall(hits, truths[i] ?? []), 0) / all.length;
    return { mean, found: all.map(ids) };
  };
  const low = await measure(db, 10);
  const high = await measure(db, 200);
  expect(low.mean + 0.1).toBeLessThan(high.mean);
  expect(high.mean).toBeGreaterThanOrEqual(0.98);
  expect(low.found).not.toEqual(high.found);
  expect((await measure(db)).found).toEqual(low.found);
  const again = await reopenDb(db, { hnswConfig: { efSearch: 200 } });
  expect((await measure(again)).found).toEqual(high.found);
});

test.each<[string, Metadata]>([
  ['empty', {}],
  ['nested', { a: { b: [{ c: [1, [2, { d: null }]] }] }, e: [] }],
  ['unicode', { 'schlüssel 日本語 😀': 'ünïcödé 😀\u0000\u2028"\\\n' }],
  ['an own key __proto__', JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1, "toString": "x"}')],
  [
    'numbers',
    {
      small: 5e-324,
      large: 1.7976931348623157e308,
      whole: 2 ** 53 - 1,
      negative: -0.1,
      exact: 0.1 + 0.2,
    },
  ],
  ['dates as text, booleans, null', { at: '2026-11-20T00:00:00.000Z', yes: true, no: false, nothing: null }],
])('metadata is kept as it is: %s', async (_, metadata) => {
  const vector = [1, 0, 0];
  let db = await openDb({ dimensions: 3, storagePath: tempPath() });
  await db.insert({ id: 'one', vector, metadata });
  await db.insertBatch([{ id: 'batch', vector, metadata }]);
  await db.insertBatch({
    ids: ['matrix'],
    vectors: new Float32Array(vector),
    metadata: [metadata],
  });
  await db.insertBatch([
    { id: 'merged', vector },
    { id: 'replaced', vector, metadata: { old: 1 } },
  ]);
  await db.update('merged', { metadata });
  await db.updateMetadata('replaced', metadata);
  for (const stage of ['written', 'reopened']) {
    for (const id of ['one', 'batch', 'matrix', 'merged', 'replaced']) {
      const entry = await db.get(id);
      expect(JSON.stringify(entry?.metadata), `${id}, ${stage}`).toBe(JSON.stringify(metadata));
      expect(Object.keys(entry?.metadata ?? { missing: 1 })).toEqual(Object.keys(metadata));
    }
    const hits = await db.search({ vector, k: 5 });
    expect(hits.map((hit) => JSON.stringify(hit.metadata))).toEqual(Array(5).fill(JSON.stringify(metadata)));
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    db = await reopenDb(db);
  }
});

test.each<Metric>(['cosine', 'euclidean', 'dot', 'manhattan'])('a row without metadata has none: %s', async (distanceMetric) => {
  const db = await openDb({ dimensions: 2, distanceMetric });
  await db.insert({ id: 'a', vector: [1, 0] });
  expect(await db.get('a')).toStrictEqual({
    id: 'a',
    vector: new Float32Array([1, 0]),
  });
  expect(Object.keys((await db.search([1, 0]))[0] ?? {})).not.toContain('metadata');
});
