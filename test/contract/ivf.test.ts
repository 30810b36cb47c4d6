// Rows in lists (an inverted file): what searches find, what it is kept as, and what is refused.
import { type DbOptions, type Filter, type Metric, VectorDB } from 'ruvector';
import { describe, expect, it } from 'vitest';
import { names, pack, Random, textLike } from '../support/data.js';
import { backendOptions, hasFolders, openDb, register, reopenDb, tempPath } from '../support/env.js';
import { errorOf } from '../support/errors.js';
import { leastRecall, type Neighbor, nearest, recall } from '../support/reference.js';

const rows = 2000;
const dimensions = 48;
const ids = names(rows);
const random = new Random(31);
const all = textLike(rows + 30, dimensions, 8).map((v) => v.map((x) => x * (0.5 + random.uniform())));
const vectors = all.slice(0, rows);
const queries = all.slice(rows);
const metadata = ids.map((_, i) => ({ part: i % 10 }));

type Quantization = NonNullable<DbOptions['quantization']>;
const codecs: [string, Quantization][] = [
  ['none', { type: 'none' }],
  ['scalar', { type: 'scalar' }],
  ['spherical', { type: 'spherical' }],
  ['spherical, 4 bits', { type: 'spherical', bits: 4 }],
  ['scalar, 4 bits', { type: 'scalar', bits: 4 }],
  ['rotated', { type: 'rotated' }],
  ['tiered', { type: 'tiered' }],
  ['product', { type: 'product', subspaces: 12, k: 256 }],
];
const metrics: Metric[] = ['cosine', 'euclidean', 'dot', 'manhattan'];
const cases = codecs.flatMap(([name, quantization]) => {
  const some = ['rotated', 'tiered', 'spherical'].includes(quantization.type) ? metrics.slice(0, 3) : metrics;
  return some.map((metric): [string, Metric, Quantization] => [name, metric, quantization]);
});

const fill = async (db: VectorDB) => {
  await db.insertBatch({ ids, vectors: pack(vectors), metadata });
  await db.compact();
};

describe.each(cases)('codes %s, %s', (_, distanceMetric, quantization) => {
  it('finds the closest, filtered or not, and tells true distances', async () => {
    let db = await openDb({ dimensions, distanceMetric, quantization, index: 'ivf', storagePath: tempPath() });
    await db.insertBatch({ ids, vectors: pack(vectors), metadata });
    const alive = new Map(ids.map((id, i) => [id, vectors[i] as Float32Array]));
    const part = (most: number) => [...alive].filter(([id]) => Number(id.slice(2)) % 10 < most);
    const check = async (what: string) => {
      for (const most of [10, 5, 2]) {
        const filter = most < 10 ? { filter: { part: { $lt: most } } } : {};
        let found = 0;
        for (const query of queries) {
          const truth = nearest(distanceMetric, part(most), query, 10);
          const hits = await db.search({ vector: query, k: 10, nprobe: 40, ...filter });
          expect(hits).toHaveLength(10);
          for (const { id, distance } of hits) {
            const [{ distance: exact }] = nearest(distanceMetric, [[id, alive.get(id) as Float32Array]], query, 1) as [Neighbor];
            expect(Math.abs(distance - exact)).toBeLessThan(1e-5 * (1 + Math.abs(exact)));
          }
          found += recall(hits, truth);
        }
        expect(found / queries.length, `${what}, ${most} of 10 parts`).toBeGreaterThanOrEqual(leastRecall.hard);
      }
    };
    await check('in memory');
    await db.compact();
    const listed = async () => {
      const { indexType, nlist, quantization: codes } = await db.stats();
      return { indexType, nlist, coded: codes.coded.map((c) => c.rows) };
    };
    expect(await listed()).toEqual({ indexType: 'ivf', nlist: 89, coded: [rows] });
    await check('in lists');
    await db.deleteBatch(ids.slice(0, rows / 4));
    for (const id of ids.slice(0, rows / 4)) alive.delete(id);
    await check('some deleted');
    db = await reopenDb(db, {});
    await check('opened again');
    // New rows, which are scanned, and rows that leave their lists for them.
    const added = ids.slice(0, 600);
    await db.insertBatch({ ids: added, vectors: pack(vectors.slice(0, 600)), metadata: metadata.slice(0, 600) });
    added.forEach((id, i) => {
      alive.set(id, vectors[i] as Float32Array);
    });
    await check('grown again');
    await db.compact();
    await check('compacted again');
    expect(await listed()).toEqual({ indexType: 'ivf', nlist: 89, coded: [rows] });
    expect(await db.verify()).toMatchObject({ ok: true, damage: [] });
  });
});

it('reads as many lists as it is told to, and says so', async () => {
  const db = await openDb({ dimensions, index: 'ivf', ivfConfig: { nlist: 40, nprobe: 3 }, quantization: { type: 'scalar' } });
  await fill(db);
  expect(await db.stats()).toMatchObject({ indexType: 'ivf', nlist: 40 });
  const vector = queries[0] as Float32Array;
  const probed = async (query: object) => (await db.explain({ vector, ...query })).segments[0];
  const few = await probed({ nprobe: 1 });
  expect(few).toMatchObject({ strategy: 'probe', nprobe: 1, efSearch: 0, codes: 'scalar8', matches: rows });
  const many = await probed({ nprobe: 20 });
  expect(many?.nprobe).toBe(20);
  expect(many?.distances).toBeGreaterThan(5 * (few?.distances as number));
  expect(many?.distances).toBeLessThan(rows);
  expect(await probed({})).toMatchObject({ nprobe: 3 });
  expect(await probed({ nprobe: 40 })).toMatchObject({ nprobe: 40 });
  expect(await probed({ nprobe: 65536 })).toMatchObject({ nprobe: 40 });
  expect(await probed({ exact: true })).toMatchObject({ strategy: 'scan', nprobe: 0, distances: rows });
  // One list has no 500 rows; half of the matches do not lie in one list.
  const deep = await probed({ nprobe: 1, k: 500 });
  expect(deep?.nprobe).toBeGreaterThan(1);
  expect(await db.search({ vector, nprobe: 1, k: 500 })).toHaveLength(500);
  const filter: Filter = { part: { $lt: 5 } };
  expect(await probed({ nprobe: 1, filter })).toMatchObject({ strategy: 'probe', matches: rows / 2 });
  expect((await probed({ nprobe: 1, filter }))?.nprobe).toBeGreaterThan(1);
  expect(await probed({ nprobe: 1, filter: { part: 3 } })).toMatchObject({ strategy: 'scan', distances: rows / 10 });
  // All lists hold all rows.
  for (const query of queries.slice(0, 10)) {
    const plain = await db.search({ vector: query, exact: true });
    expect((await db.search({ vector: query, nprobe: 40 })).map((h) => h.id)).toEqual(plain.map((h) => h.id));
  }
});

it('finds the share of the true hits that is asked for', async () => {
  const db = await openDb({ dimensions, index: 'ivf' });
  await fill(db);
  const share = async (wanted: number, k: number) => {
    let found = 0;
    for (const vector of queries)
      found += recall(
        await db.search({ vector, recall: wanted, k }),
        nearest(
          'cosine',
          ids.map((id, i) => [id, vectors[i] as Float32Array]),
          vector,
          k,
        ),
      );
    return found / queries.length;
  };
  for (const wanted of [0.8, 0.95, 0.99]) expect(await share(wanted, 10), `${wanted}`).toBeGreaterThan(wanted - 0.05);
  expect(await share(0.95, 60)).toBeGreaterThan(0.9);
  expect(await share(1, 10)).toBe(1);
  const lists = async (wanted: number) =>
    (await db.explain({ vector: queries[0] as Float32Array, recall: wanted })).segments[0]?.nprobe as number;
  expect(await lists(0.8)).toBeLessThan(await lists(0.99));
  expect((await db.stats()).recall).toMatchObject([{ linked: rows }]);
});

it('is kept, and compact() turns one index into another', async () => {
  let db = await openDb({ dimensions, index: 'hnsw', storagePath: tempPath() });
  await fill(db);
  const kind = async () => {
    const { indexType, nlist } = await db.stats();
    return [indexType, nlist];
  };
  const check = async (options: object) => {
    let found = 0;
    for (const vector of queries)
      found += recall(
        await db.search({ vector, ...options }),
        nearest(
          'cosine',
          ids.map((id, i) => [id, vectors[i] as Float32Array]),
          vector,
          10,
        ),
      );
    expect(found / queries.length).toBeGreaterThanOrEqual(leastRecall.hard);
    expect(await db.verify()).toMatchObject({ ok: true });
  };
  expect(await kind()).toEqual(['hnsw', 0]);
  db = await reopenDb(db, { index: 'ivf', ivfConfig: { nlist: 30 } });
  await db.compact();
  expect(await kind()).toEqual(['ivf', 30]);
  await check({ nprobe: 12 });
  db = await reopenDb(db, { ivfConfig: { nprobe: 7 } });
  expect((await db.explain({ vector: queries[0] as Float32Array })).segments).toMatchObject([{ nprobe: 7 }]);
  db = await reopenDb(db, { ivfConfig: { nlist: 20 } });
  expect(await kind()).toEqual(['ivf', 30]);
  await db.compact();
  expect(await kind()).toEqual(['ivf', 20]);
  db = await reopenDb(db, { index: 'hnsw' });
  await check({});
  await db.compact();
  expect(await kind()).toEqual(['hnsw', 0]);
  await check({ efSearch: 100 });
  db = await reopenDb(db, { index: 'ivf' });
  await db.compact();
  db = await reopenDb(db, { index: 'flat' });
  expect((await db.explain({ vector: queries[0] as Float32Array })).segments).toMatchObject([{ strategy: 'scan' }]);
  await db.compact();
  expect(await kind()).toEqual(['flat', 0]);
});

it('is what a collection can have, beside others', async () => {
  const db = await openDb({ dimensions: 4 });
  const listed = db.collection('listed', { dimensions, index: 'ivf', ivfConfig: { nlist: 25 } });
  await listed.insertBatch({ ids, vectors: pack(vectors) });
  await db.compact();
  expect(await listed.stats()).toMatchObject({ indexType: 'ivf', nlist: 25, count: rows });
  const before = await listed.search({ vector: queries[0] as Float32Array });
  const again = db.collection('listed', { index: 'ivf', ivfConfig: { nlist: 25, nprobe: 25 } });
  expect((await again.explain({ vector: queries[0] as Float32Array })).segments).toMatchObject([{ nprobe: 25 }]);
  expect((await errorOf(() => db.collection('listed', { ivfConfig: { nlist: 26 } }).len())).message).toContain('nlist 25');
  expect(before).toHaveLength(10);
});

it.skipIf(!hasFolders)('goes with bytes, snapshots and what is salvaged', async () => {
  const [path, copy, saved] = [tempPath(), tempPath(), tempPath()];
  const db = await openDb({ dimensions, index: 'ivf', ivfConfig: { nlist: 25 }, storagePath: path });
  await fill(db);
  await db.delete('id7');
  const asked = async (of: VectorDB) => (await of.search({ vector: queries[0] as Float32Array, nprobe: 5 })).map((h) => h.id);
  const before = await asked(db);
  const bytes = register(await VectorDB.fromBytes(await db.toBytes(), backendOptions()), {});
  expect(await bytes.stats()).toMatchObject({ indexType: 'ivf', nlist: 25, count: rows - 1 });
  expect(await asked(bytes)).toEqual(before);
  await db.snapshot(copy);
  const taken = await openDb({ storagePath: copy });
  expect(await asked(taken)).toEqual(before);
  expect(await taken.verify()).toMatchObject({ ok: true });
  await db.close();
  expect(await VectorDB.salvage(path, saved, backendOptions())).toMatchObject({ rows: rows - 1, lost: 0, damage: [] });
  // Salvage saves rows; what they are indexed by is asked for anew.
  const again = await openDb({ storagePath: saved, index: 'ivf', ivfConfig: { nlist: 25 } });
  await again.compact();
  expect(await again.stats()).toMatchObject({ indexType: 'ivf', nlist: 25, count: rows - 1 });
});

it('more than some 10,000 rows come into lists by themselves', async () => {
  const small = 4;
  const db = await openDb({ dimensions: small, distanceMetric: 'euclidean', index: 'ivf', storagePath: tempPath() });
  const many = textLike(12_000, small, 9);
  await db.insertBatch({ ids: names(many.length), vectors: pack(many) });
  // Where there are no threads, a commit pays for a step of the work.
  do {
    await db.insert({ id: 'again', vector: many[5] as Float32Array });
    await new Promise((resolve) => setTimeout(resolve, 1));
  } while ((await db.stats()).nlist === 0);
  expect(await db.stats()).toMatchObject({ indexType: 'ivf', nlist: 219, count: 12_001 });
  const { segments } = await db.explain({ vector: many[7] as Float32Array });
  expect(segments[0]).toMatchObject({ strategy: 'probe', growing: false });
  expect(segments.reduce((sum, { matches }) => sum + matches, 0)).toBe(12_001);
});

it('few rows are scanned, also where all are alike', async () => {
  const db = await openDb({ dimensions, index: 'ivf' });
  await db.insertBatch({ ids: names(200), vectors: pack(vectors.slice(0, 200)) });
  await db.compact();
  expect(await db.stats()).toMatchObject({ indexType: 'flat', nlist: 0 });
  expect(await db.search({ vector: queries[0] as Float32Array, nprobe: 1 })).toHaveLength(10);
  const same = ids.slice(0, 1000);
  await db.clear();
  await db.insertBatch({ ids: same, vectors: pack(same.map(() => vectors[0] as Float32Array)) });
  await db.compact();
  expect((await db.stats()).nlist).toBe(63);
  const hits = await db.search({ vector: vectors[0] as Float32Array, k: 900 });
  expect(new Set(hits.map((h) => h.id)).size).toBe(900);
  for (const { distance } of hits) expect(distance).toBeLessThan(1e-6);
  expect((await db.verify()).ok).toBe(true);
});

it.each([
  [{ index: 'ivf', hnswConfig: { m: 8 } }, 'hnswConfig is given, but the index is "ivf"'],
  [{ index: 'ivf', hnswConfig: { efSearch: 8 } }, 'hnswConfig is given, but the index is "ivf"'],
  [{ index: 'hnsw', ivfConfig: { nlist: 8 } }, 'ivfConfig is given, but the index is "hnsw"'],
  [{ ivfConfig: { nprobe: 8 } }, 'ivfConfig is given, but the index is "auto"'],
  [{ index: 'ivf', ivfConfig: { nlist: 0 } }, 'ivfConfig.nlist is 0, expected a whole number from 1 to 65536'],
  [{ index: 'ivf', ivfConfig: { nprobe: 65537 } }, 'ivfConfig.nprobe is 65537'],
  [{ index: 'ivf', ivfConfig: { nlists: 8 } }, 'nlist'],
])('refuses %j', async (options, message) => {
  const error = await errorOf(() => openDb({ dimensions, ...options }));
  expect(error.code).toBe('INVALID_OPTION');
  expect(error.message).toContain(message);
});

it('refuses what belongs to another index, in searches too', async () => {
  const vector = queries[0] as Float32Array;
  const ivf = await openDb({ dimensions, index: 'ivf' });
  const hnsw = await openDb({ dimensions });
  await ivf.insert({ vector });
  await hnsw.insert({ vector });
  for (const [db, query, message] of [
    [ivf, { efSearch: 10 }, 'efSearch is given, but the index is "ivf", expected nprobe or none'],
    [hnsw, { nprobe: 10 }, 'nprobe is given, but the index is "auto", expected efSearch or none'],
    [ivf, { nprobe: 0 }, 'nprobe is 0'],
    [ivf, { nprobe: 2, recall: 0.9 }, 'recall and nprobe are both given'],
  ] as [VectorDB, object, string][]) {
    for (const error of [
      await errorOf(() => db.search({ vector, ...query })),
      await errorOf(async () => db.searchSync({ vector, ...query })),
    ]) {
      expect(error.code).toBe('INVALID_OPTION');
      expect(error.message).toContain(message);
    }
  }
  expect(ivf.searchSync({ vector, nprobe: 3 })).toHaveLength(1);
  const path = tempPath();
  const stored = await openDb({ dimensions, index: 'ivf', storagePath: path });
  expect((await errorOf(() => reopenDb(stored, { hnswConfig: { efSearch: 10 } }))).message).toContain('the index is "ivf"');
});
