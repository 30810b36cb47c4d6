// Searches that walk by codes: what they find, how far it is, and how rows are coded anew.
import type { DbOptions, Metric } from 'ruvector';
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
];
const metrics: Metric[] = ['cosine', 'euclidean', 'dot', 'manhattan'];

describe.each(codecs)('quantization %s', (_, quantization) => {
  it.each(metrics)('%s: finds the closest, filtered or not, and tells true distances', async (distanceMetric) => {
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
        expect(found / queries.length, `${what}, ${most} of 10 parts`).toBeGreaterThanOrEqual(leastRecall.hard);
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
  });
});

const storedAs = async (options: object) => (await (await openDb({ dimensions: 64, ...options })).stats()).quantization;

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
  expect(await storedAs({ quantization: { type: 'scalar', bits: 4 } })).toEqual({ type: 'scalar', bits: 4 });
});

it('is kept, can be changed, and compact() codes all rows anew', async () => {
  const storagePath = tempPath();
  let db = await openDb({ dimensions, index: 'hnsw', quantization: none, storagePath });
  await db.insertBatch({ ids, vectors: pack(vectors), metadata });
  await db.compact();
  const plain = (await db.stats()).diskUsage;
  db = await reopenDb(db, {});
  const { quantization } = await db.stats();
  expect(quantization).toEqual(none);

  for (const [bits, most] of [
    [8, 1],
    [4, 0.5],
  ] as const) {
    db = await reopenDb(db, { quantization: { type: 'scalar', bits } });
    expect((await db.stats()).quantization).toEqual({ type: 'scalar', bits });
    const before = await db.search({ vector: queries[0] as Float32Array, k: 20 });
    await db.compact();
    const after = await db.search({ vector: queries[0] as Float32Array, k: 20 });
    expect(recall(after, [...before])).toBeGreaterThanOrEqual(leastRecall.hard);
    const added = (await db.stats()).diskUsage - plain;
    expect(added).toBeGreaterThan(rows * dimensions * most);
    expect(added).toBeLessThan(rows * (dimensions * most + 40));
    db = await reopenDb(db, {});
    expect((await db.stats()).quantization).toEqual({ type: 'scalar', bits });
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
