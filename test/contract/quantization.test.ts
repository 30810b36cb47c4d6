// Searches that walk by codes: what they find, how far it is, and how rows are coded anew.
import type { DbOptions, Metric, VectorDB } from 'ruvector';
import { describe, expect, it } from 'vitest';
import { names, pack, Random, textLike } from '../support/data.js';
import { openDb, reopenDb, tempPath } from '../support/env.js';
import { errorOf } from '../support/errors.js';
import { leastRecall, type Neighbor, nearest, recall } from '../support/reference.js';

const rows = 2000;
const dimensions = 48;
const ids = names(rows);
const random = new Random(21);
// Of every length, so that the metrics differ.
const vectors = textLike(rows, dimensions, 5).map((v) => v.map((x) => x * (0.5 + random.uniform())));
const queries = textLike(30, dimensions, 6);
const metadata = ids.map((_, i) => ({ part: i % 10 }));

type Quantization = NonNullable<DbOptions['quantization']>;
const none: Quantization = { type: 'none' };
const codecs: [string, Quantization][] = [
  ['none', none],
  ['scalar', { type: 'scalar' }],
  ['scalar, 4 bits', { type: 'scalar', bits: 4 }],
  ['spherical', { type: 'spherical' }],
  ['spherical, 4 bits', { type: 'spherical', bits: 4 }],
  ['rotated', { type: 'rotated' }],
  ['rotated, 1 bit', { type: 'rotated', bits: 1 }],
  ['rotated, 6 bits', { type: 'rotated', bits: 6 }],
  ['binary', { type: 'binary' }],
  ['tiered', { type: 'tiered' }],
  ['product', { type: 'product', subspaces: 12, k: 256 }],
  ['product, half bytes, uneven', { type: 'product', subspaces: 19, k: 16 }],
];
const metrics: Metric[] = ['cosine', 'euclidean', 'dot', 'manhattan'];
const cases = codecs.flatMap(([name, quantization]) => {
  const some = byProducts(quantization) ? metrics.slice(0, 3) : metrics;
  return some.map((metric): [string, Metric, Quantization] => [name, metric, quantization]);
});

// Whether distances that follow from no products have no such codes.
function byProducts({ type }: Quantization) {
  return type === 'spherical' || type === 'rotated' || type === 'binary' || type === 'tiered';
}
// Rows differ most in few dimensions: signs tell little of that.
const leastOf = ({ type }: Quantization) => (type === 'binary' ? 0.7 : leastRecall.hard);
/** What a collection was asked for, and the codes that its rows have. */
async function coding(db: VectorDB) {
  const { coded, ...asked } = (await db.stats()).quantization;
  return { asked, coded };
}

describe.each(cases)('quantization %s, %s', (_, distanceMetric, quantization) => {
  it('finds the closest, filtered or not, and tells true distances', async () => {
    const options = { dimensions, distanceMetric, quantization, index: 'hnsw', storagePath: tempPath() } as const;
    let db = await openDb(options);
    await db.insertBatch({ ids, vectors: pack(vectors), metadata });
    const alive = new Map(ids.map((id, i) => [id, vectors[i] as Float32Array]));
    const part = (most: number) => [...alive].filter(([id]) => Number(id.slice(2)) % 10 < most);
    const check = async (what: string) => {
      for (const most of [10, 5, 2]) {
        const filter = most < 10 ? { filter: { part: { $lt: most } } } : {};
        let found = 0;
        for (const query of queries) {
          const truth = nearest(distanceMetric, part(most), query, 10);
          const hits = await db.search({ vector: query, k: 10, ...filter });
          expect(hits).toHaveLength(10);
          for (const { id, distance } of hits) {
            const [{ distance: exact }] = nearest(distanceMetric, [[id, alive.get(id) as Float32Array]], query, 1) as [Neighbor];
            expect(Math.abs(distance - exact)).toBeLessThan(1e-5 * (1 + Math.abs(exact)));
          }
          found += recall(hits, truth);
        }
        expect(found / queries.length, `${what}, ${most} of 10 parts`).toBeGreaterThanOrEqual(leastOf(quantization));
      }
    };
    await check('in memory');
    db = await reopenDb(db);
    await check('on disk');
    await db.deleteBatch(ids.slice(0, rows / 4));
    for (const id of ids.slice(0, rows / 4)) alive.delete(id);
    await check('some deleted');
    await db.compact();
    await check('compacted');
    const { asked, coded } = await coding(db);
    expect(coded).toEqual([{ ...asked, rows: rows * 0.75 }]);
    db = await reopenDb(db, {});
    expect(await coding(db)).toEqual({ asked, coded });
    await check('compacted and opened again');
    expect(await db.verify()).toMatchObject({ ok: true, damage: [] });
    // New rows, in memory, beside those whose codes are learned.
    const added = ids.slice(0, 400);
    await db.insertBatch({ ids: added, vectors: pack(vectors.slice(0, 400)), metadata: metadata.slice(0, 400) });
    added.forEach((id, i) => {
      alive.set(id, vectors[i] as Float32Array);
    });
    await check('grown again');
    db = await reopenDb(db, {});
    await db.compact();
    await check('compacted again');
    expect((await coding(db)).coded).toEqual([{ ...asked, rows: rows * 0.75 + 400 }]);
  });
});

const storedAs = async (options: object) => (await coding(await openDb({ dimensions: 64, ...options }))).asked;

it('auto is scalar, 8 bits, where that pays', async () => {
  const scalar = { type: 'scalar', bits: 8 };
  for (const quantization of [undefined, { type: 'auto' }]) {
    const auto = quantization ? { quantization } : {};
    expect(await storedAs(auto)).toEqual(scalar);
    expect(await storedAs({ ...auto, dimensions: 64 })).toEqual(scalar);
    expect(await storedAs({ ...auto, dimensions: 63 })).toEqual(none);
    expect(await storedAs({ ...auto, distanceMetric: 'manhattan' })).toEqual(none);
  }
  expect(await storedAs({ quantization: none })).toEqual(none);
  expect(await storedAs({ index: 'flat' })).toEqual(none);
  expect(await storedAs({ dimensions: 2, quantization: { type: 'scalar' } })).toEqual(scalar);
  expect(await storedAs({ dimensions: 2, quantization: { type: 'spherical' } })).toEqual({ type: 'spherical', bits: 8 });
  expect(await storedAs({ quantization: { type: 'scalar', bits: 4 } })).toEqual({ type: 'scalar', bits: 4 });
});

// Temperatures in kelvin: what all rows have in common is far more than what tells them apart.
it.each(['cosine', 'euclidean', 'dot'] as const)('auto finds the closest of rows far from the origin, %s', async (distanceMetric) => {
  const wide = 96;
  const middle = Float32Array.from({ length: wide }, () => 250 + 60 * random.uniform());
  const far = textLike(rows, wide, 7).map((v) => v.map((x, i) => (middle[i] as number) + 50 * x));
  const db = await openDb({ dimensions: wide, distanceMetric, index: 'hnsw' });
  await db.insertBatch({ ids, vectors: pack(far) });
  const entries = far.map((v, i): [string, Float32Array] => [ids[i] as string, v]);
  let found = 0;
  for (const query of textLike(30, wide, 8).map((v) => v.map((x, i) => (middle[i] as number) + 50 * x))) {
    found += recall(await db.search({ vector: query, k: 10 }), nearest(distanceMetric, entries, query, 10));
  }
  expect(found / 30).toBeGreaterThanOrEqual(leastRecall.hard);
});

// Which codes do is measured once rows are sealed: of spherical ones tight groups far apart lose what tells their rows apart.
it.each([
  ['embeddings', 'spherical', 4, 0.3],
  ['tight groups', 'scalar', 8, 0.3],
] as const)('auto chooses codes when %s are compacted: %s, %s bits', async (kind, type, bits, within) => {
  const [wide, many, groups] = [64, 4200, 8];
  const own = textLike(many + 20, wide, 11).map((v) => v.map((x) => within * x));
  const middles = Array.from({ length: groups }, () => Float32Array.from({ length: wide }, () => random.uniform() - 0.5));
  const grouped = own.map((v, i) => v.map((x, d) => (kind === 'embeddings' ? 0 : (middles[i % groups]?.[d] as number)) + x));
  const keys = names(many);
  const db = await openDb({ dimensions: wide, distanceMetric: 'euclidean', index: 'hnsw', hnswConfig: { efConstruction: 60 } });
  await db.insertBatch({ ids: keys, vectors: pack(grouped.slice(0, many)) });
  expect((await coding(db)).coded).toEqual([{ type: 'scalar', bits: 8, rows: many }]);
  await db.compact();
  expect((await coding(db)).coded).toEqual([{ type, bits, rows: many }]);
  const entries = keys.map((id, i): [string, Float32Array] => [id, grouped[i] as Float32Array]);
  let found = 0;
  for (const query of grouped.slice(many)) {
    found += recall(await db.search({ vector: query, k: 10 }), nearest('euclidean', entries, query, 10));
  }
  expect(found / 20).toBeGreaterThanOrEqual(leastRecall.hard);
  const { segments } = await db.explain({ vector: grouped[many] as Float32Array, k: 10 });
  expect(segments.map(({ codes }) => codes)).toEqual([`${type}${bits}`]);
});

it('is kept, can be changed, and compact() codes all rows anew', async () => {
  const storagePath = tempPath();
  let db = await openDb({ dimensions, index: 'hnsw', quantization: none, storagePath });
  await db.insertBatch({ ids, vectors: pack(vectors), metadata });
  await db.compact();
  const plain = (await db.stats()).diskUsage;
  db = await reopenDb(db, {});
  expect((await coding(db)).asked).toEqual(none);

  for (const [quantization, most] of [
    [{ type: 'scalar', bits: 8 }, 1],
    [{ type: 'rotated', bits: 2 }, 0.25],
    [{ type: 'scalar', bits: 4 }, 0.5],
    [{ type: 'spherical', bits: 4 }, 0.5],
    [{ type: 'tiered' }, 1.125],
    [{ type: 'product', subspaces: 24, k: 256 }, 0.5],
    [{ type: 'binary' }, 0.125],
  ] as [Quantization, number][]) {
    const { coded } = await coding(db);
    db = await reopenDb(db, { quantization });
    expect(await coding(db)).toEqual({ asked: quantization, coded });
    const before = await db.search({ vector: queries[0] as Float32Array, k: 20 });
    await db.compact();
    const after = await db.search({ vector: queries[0] as Float32Array, k: 20 });
    expect(recall(after, [...before])).toBeGreaterThanOrEqual(leastOf(quantization));
    const added = (await db.stats()).diskUsage - plain;
    expect(added).toBeGreaterThan(rows * dimensions * most);
    // And what is learned: a codebook is as large as 256 vectors.
    expect(added).toBeLessThan(rows * (dimensions * most + 40) + 256 * dimensions * 4);
    db = await reopenDb(db, {});
    expect(await coding(db)).toEqual({ asked: quantization, coded: [{ ...quantization, rows }] });
    expect((await db.verify()).ok).toBe(true);
  }
});

it('of a collection that is open cannot be another', async () => {
  const db = await openDb({ dimensions: 64 });
  await db.collection('other', { dimensions: 64, quantization: { type: 'scalar', bits: 4 } }).len();
  expect(await db.collection('other', { quantization: { type: 'scalar', bits: 4 } }).len()).toBe(0);
  const error = await errorOf(() => db.collection('other', { quantization: none }).len());
  expect([error.code, error.message]).toEqual(['INVALID_OPTION', expect.stringContaining('quantization "scalar4"')]);
});

it('scalar without a graph is UNSUPPORTED, whichever comes first', async () => {
  const scalar = { type: 'scalar' };
  const storagePath = tempPath();
  const flat = await errorOf(() => openDb({ dimensions: 64, index: 'flat', quantization: scalar, storagePath }));
  expect([flat.code, flat.message]).toEqual(['UNSUPPORTED', expect.stringContaining('index "flat"')]);
  let db = await openDb({ dimensions: 64, quantization: scalar, storagePath });
  await db.close();
  expect((await errorOf(() => openDb({ index: 'flat', storagePath }))).code).toBe('UNSUPPORTED');
  db = await openDb({ index: 'flat', quantization: { type: 'auto' }, storagePath });
  await db.close();
  expect((await errorOf(() => openDb({ quantization: scalar, storagePath }))).code).toBe('UNSUPPORTED');
});

it('product: subspaces are a quarter of the dimensions, and fewer rows than centroids wait', async () => {
  const db = await openDb({ dimensions: 50, index: 'hnsw', quantization: { type: 'product' } });
  expect((await coding(db)).asked).toEqual({ type: 'product', subspaces: 13, k: 256 });
  const few = textLike(300, 50, 9);
  await db.insertBatch({ ids: ids.slice(0, 300), vectors: pack(few) });
  await db.deleteBatch(ids.slice(0, 40));
  await db.compact();
  expect((await coding(db)).coded).toEqual([{ type: 'product', subspaces: 13, k: 256, rows: 260 }]);
  const less = await openDb({ dimensions: 50, index: 'hnsw', quantization: { type: 'product' } });
  await less.insertBatch({ ids: ids.slice(0, 255), vectors: pack(few.slice(0, 255)) });
  await less.compact();
  expect((await coding(less)).coded).toEqual([]);
  const message = expect.stringContaining('quantization.subspaces is 4, expected at most the dimensions, 3');
  for (const dimensions of [3]) {
    const error = await errorOf(() => openDb({ dimensions, quantization: { type: 'product', subspaces: 4 } }));
    expect([error.code, error.message]).toEqual(['INVALID_OPTION', message]);
  }
});

it.each(codecs.filter(([, q]) => byProducts(q)))('%s is UNSUPPORTED under manhattan', async (_, quantization) => {
  const error = await errorOf(() => openDb({ dimensions: 64, distanceMetric: 'manhattan', quantization }));
  expect([error.code, error.message]).toEqual(['UNSUPPORTED', expect.stringContaining(`"${quantization.type}"`)]);
});

describe.each(codecs.slice(1))('rerank, %s', (_, codec) => {
  const metric = 'euclidean';
  const options = (rerank?: number): DbOptions => {
    const quantization = { ...codec, ...(rerank === undefined ? {} : { rerank }) } as Quantization;
    return { dimensions, index: 'hnsw', distanceMetric: metric, quantization };
  };
  const all = ids.map((id, i) => [id, vectors[i] as Float32Array] as const);
  const exact = new Map(all);
  const recallOf = async (db: VectorDB) => {
    let found = 0;
    for (const query of queries) found += recall(await db.search({ vector: query, k: 10 }), nearest(metric, all, query, 10));
    return found / queries.length;
  };

  it('0 leaves estimates, more is better, and all is exact', async () => {
    const storagePath = tempPath();
    let db = await openDb({ ...options(0), storagePath });
    await db.insertBatch({ ids, vectors: pack(vectors) });
    await db.compact();
    const alone = await recallOf(db);
    let off = 0;
    for (const query of queries) {
      const hits = await db.search({ vector: query, k: 20 });
      expect(hits).toHaveLength(20);
      hits.forEach(({ id, distance }, i) => {
        expect(distance).toBeGreaterThanOrEqual(i > 0 ? (hits[i - 1]?.distance ?? 0) : 0);
        const [truth] = nearest(metric, [[id, exact.get(id) as Float32Array]], query, 1) as [Neighbor];
        off = Math.max(off, Math.abs(distance - truth.distance) / truth.distance);
      });
      const [first] = await db.search({ vector: query, k: 1, exact: true });
      expect(first?.id).toBe(nearest(metric, all, query, 1)[0]?.id);
    }
    expect(off).toBeGreaterThan(1e-5);
    db = await reopenDb(db, {});
    expect((await coding(db)).asked.rerank).toBe(0);
    expect(await recallOf(db)).toBe(alone);
    db = await reopenDb(db, options(1000));
    expect((await coding(db)).asked.rerank).toBe(1000);
    expect(await recallOf(db)).toBeGreaterThanOrEqual(0.99);
    expect(alone).toBeLessThan(1);
    expect(alone).toBeGreaterThan(0.2);
    // Asked for anew without a count: that of the type.
    db = await reopenDb(db, options());
    expect((await coding(db)).asked.rerank).toBeUndefined();
  });
});
