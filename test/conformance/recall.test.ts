// Recall@10 on real vectors: after building, after deleting 20 %, after replacing 20 %, after reopening.
import { describe, expect, it } from 'vitest';
import { names, pack, Random } from '../support/data.js';
import { openDb, reopenDb, tempPath } from '../support/env.js';
import { leastRecall, type Neighbor, nearest, recall } from '../support/reference.js';
import { type Dataset, dataset } from './datasets.js';

const thresholds = [
  { efSearch: undefined, least: leastRecall.atDefaults },
  { efSearch: 200, least: leastRecall.atEf200 },
];

async function lifeOf(name: string, data: Dataset, queryCount: number): Promise<void> {
  const random = new Random(1);
  const queries = random.sample(Math.min(queryCount, data.queries.length), data.queries.length).map((i) => data.queries[i] as Float32Array);
  const rows = new Map<string, Float32Array>();
  const ids = names(data.base.length);
  ids.forEach((id, i) => {
    rows.set(id, data.base[i] as Float32Array);
  });
  const options = { dimensions: data.dimensions, distanceMetric: 'euclidean', index: 'hnsw', storagePath: tempPath() } as const;
  let db = await openDb(options);

  const check = async (stage: string) => {
    // Brute force in doubles is slow at this size; integers of 8 bits make a float scan of the database exact, which is checked too.
    const truths: Neighbor[][] = [];
    for (const [i, q] of queries.entries()) {
      const exact = await db.search({ vector: q, k: 10, exact: true, includeMetadata: false });
      const truth = exact.map((hit) => ({ id: hit.id, distance: hit.distance }));
      if (i < 5) {
        const slow = nearest('euclidean', rows, q, 10);
        expect(truth.map((t) => t.distance)).toEqual(slow.map((s) => Math.fround(s.distance)));
      }
      truths.push(truth);
    }
    const figures: string[] = [];
    for (const { efSearch, least } of thresholds) {
      let sum = 0;
      for (const [i, q] of queries.entries()) {
        const hits = await db.search({ vector: q, k: 10, includeMetadata: false, ...(efSearch ? { efSearch } : {}) });
        expect(hits.length).toBe(10);
        sum += recall(hits, truths[i] as Neighbor[]);
      }
      const mean = sum / queries.length;
      figures.push(`${mean.toFixed(4)} at ef ${efSearch ?? 'default'}`);
      expect(mean, `${name} ${stage} ef ${efSearch}`).toBeGreaterThanOrEqual(least);
    }
    console.info(`recall@10 ${name}, ${stage}: ${figures.join(', ')}`);
  };

  await db.insertBatch({ ids, vectors: pack(data.base) });
  expect((await db.stats()).indexType).toBe('hnsw');
  await check('after build');

  const fifth = Math.floor(ids.length / 5);
  const gone = random.sample(fifth, ids.length).map((i) => ids[i] as string);
  expect(await db.deleteBatch(gone)).toBe(fifth);
  for (const id of gone) rows.delete(id);
  await check('after deleting 20 %');

  const left = [...rows.keys()];
  const changed = random.sample(fifth, left.length).map((i) => left[i] as string);
  const moved = changed.map(() => {
    const from = data.base[random.below(data.base.length)] as Float32Array;
    return from.map((x) => Math.min(255, x + random.below(2)));
  });
  changed.forEach((id, i) => {
    rows.set(id, moved[i] as Float32Array);
  });
  await db.insertBatch({ ids: changed, vectors: pack(moved) });
  await check('after replacing 20 %');

  db = await reopenDb(db);
  expect(await db.len()).toBe(rows.size);
  await check('after reopening');
}

describe('recall on real vectors', () => {
  const sift = dataset('sift5k', 128);
  it.runIf(sift)('sift5k: 4,750 × 128', async () => lifeOf('sift5k', sift as Dataset, 250));
  const mnist = dataset('mnist-784', 784);
  it.runIf(mnist)('mnist-784: 60,000 × 784', async () => lifeOf('mnist-784', mnist as Dataset, 500), 600_000);
});
