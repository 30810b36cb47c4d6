// Recall@10 on text-like vectors, on every target: after building, deleting 20 %, replacing 20 %, reopening.
import { expect, it } from 'vitest';
import { names, pack, Random, textLike } from '../support/data.js';
import { openDb, reopenDb, target, tempPath } from '../support/env.js';
import { leastRecall, type Neighbor, nearest, recall } from '../support/reference.js';

const rowCount = 10_000;
const dimensions = 384;
const queryCount = 40;

it('finds 95 % at defaults and 99 % at efSearch 200, through a database’s life', async () => {
  const random = new Random(3);
  const queries = textLike(queryCount, dimensions, 2);
  const vectors = textLike(rowCount, dimensions, 1);
  const ids = names(rowCount);
  const rows = new Map(ids.map((id, i) => [id, vectors[i] as Float32Array]));
  let db = await openDb({ dimensions, index: 'hnsw', storagePath: tempPath() });

  const check = async (stage: string) => {
    const truths = queries.map((q) => nearest('cosine', rows, q, 10));
    const means: number[] = [];
    for (const efSearch of [undefined, 200]) {
      let sum = 0;
      for (const [i, q] of queries.entries()) {
        const hits = await db.search({ vector: q, k: 10, ...(efSearch ? { efSearch } : {}) });
        expect(hits.length).toBe(10);
        sum += recall(hits, truths[i] as Neighbor[]);
      }
      means.push(sum / queries.length);
    }
    console.info(
      `recall@10 text-like 10,000 × 384 on ${target}, ${stage}: ${means.map((m) => m.toFixed(4)).join(', ')} at ef default, 200`,
    );
    expect(means[0], stage).toBeGreaterThanOrEqual(leastRecall.atDefaults);
    expect(means[1], stage).toBeGreaterThanOrEqual(leastRecall.atEf200);
  };

  await db.insertBatch({ ids, vectors: pack(vectors) });
  expect((await db.stats()).indexType).toBe('hnsw');
  await check('after build');

  const gone = random.sample(rowCount / 5, rowCount).map((i) => ids[i] as string);
  await db.deleteBatch(gone);
  for (const id of gone) rows.delete(id);
  await check('after deleting 20 %');

  const left = [...rows.keys()];
  const changed = random.sample(rowCount / 5, left.length).map((i) => left[i] as string);
  const fresh = textLike(changed.length, dimensions, 3);
  changed.forEach((id, i) => {
    rows.set(id, fresh[i] as Float32Array);
  });
  await db.insertBatch({ ids: changed, vectors: pack(fresh) });
  await check('after replacing 20 %');

  db = await reopenDb(db);
  expect(await db.len()).toBe(rows.size);
  await check('after reopening');
});
