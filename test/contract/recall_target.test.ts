// Searches that ask for a recall: what they find against a scan of every row, with queries that are no rows.
import type { VectorDB } from 'ruvector';
import { expect, it } from 'vitest';
import { names, pack, textLike } from '../support/data.js';
import { openDb, reopenDb, tempPath } from '../support/env.js';

const rows = 6000;
const dimensions = 96;

it('finds the share that is asked for, by the shortest walk that does', async () => {
  const all = textLike(rows + 200, dimensions, 4);
  const queries = all.slice(rows);
  const options = { dimensions, index: 'hnsw', storagePath: tempPath() };
  let db = await openDb(options);
  await db.insertBatch({ ids: names(rows), vectors: pack(all.slice(0, rows)) });
  while ((await db.stats()).pending > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  expect((await db.stats()).recall).toEqual([]);

  const found = async (k: number, recall: number) => {
    let share = 0;
    for (const vector of queries) {
      const truth = new Set((await db.search({ vector, k, exact: true })).map((hit) => hit.id));
      const hits = await db.search({ vector, k, recall });
      expect(hits.length).toBe(k);
      share += hits.filter((hit) => truth.has(hit.id)).length / k;
    }
    return share / queries.length;
  };
  const list = async (k: number, recall: number) =>
    (await db.explain({ vector: queries[0] as Float32Array, k, recall })).segments[0]?.efSearch as number;
  for (const recall of [0.8, 0.95, 0.99]) {
    // The sample has 640 neighbours: its error is some 1 %.
    expect(await found(10, recall), `recall ${recall}`).toBeGreaterThan(recall - 0.03);
  }
  expect(await list(10, 0.8)).toBeLessThan(await list(10, 0.99));
  expect(await list(10, 0.95)).toBeLessThan(await list(60, 0.95));
  expect(await list(60, 0.95)).toBeLessThan(await list(140, 0.95));
  expect(await found(60, 0.95)).toBeGreaterThan(0.92);
  expect(await found(10, 1)).toBe(1);

  const measured = (await db.stats()).recall;
  expect(measured).toMatchObject([{ linked: rows }]);
  const points = measured[0]?.points as [number, number, number][];
  expect(points.length).toBeGreaterThan(2);
  expect(points.at(-1)?.[1]).toBeGreaterThan(0.99);

  // Kept in the file, and measured anew for a segment that a merge makes.
  db = await reopenDb(db);
  expect((await db.stats()).recall).toEqual(measured);
  await db.deleteBatch(names(rows).filter((_, i) => i % 2 === 0));
  await db.compact();
  expect((await db.stats()).recall).toMatchObject([{ linked: rows / 2 }]);
  expect(await found(10, 0.95)).toBeGreaterThan(0.92);
});

it('is measured by true distances, and anew for other codes', async () => {
  const all = textLike(4000 + 100, 64, 7);
  const queries = all.slice(4000);
  const options = { dimensions: 64, distanceMetric: 'euclidean', index: 'hnsw', storagePath: tempPath() };
  const share = async (db: VectorDB, recall: number) => {
    let found = 0;
    for (const vector of queries) {
      const truth = new Set((await db.search({ vector, exact: true })).map((hit) => hit.id));
      found += (await db.search({ vector, recall })).filter((hit) => truth.has(hit.id)).length;
    }
    return found / queries.length / 10;
  };
  let db = await openDb({ ...options, quantization: { type: 'none' } });
  await db.insertBatch({ ids: names(4000), vectors: pack(all.slice(0, 4000)) });
  while ((await db.stats()).pending > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(await share(db, 0.9)).toBeGreaterThan(0.87);
  // Distances that are estimates make poor rows look close: no walk by them finds 0.9, so every row is measured.
  db = await reopenDb(db, { ...options, quantization: { type: 'rotated', bits: 1, rerank: 0 } });
  await db.compact();
  expect(await share(db, 0.9)).toBeGreaterThan(0.87);
  // The measurements of the codes before do not count for those that the rows have now.
  db = await reopenDb(db, { ...options, quantization: { type: 'scalar', bits: 4 } });
  await db.insert({ id: 'more', vector: all[0] as Float32Array });
  while ((await db.stats()).pending > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(await share(db, 0.9)).toBeGreaterThan(0.87);
});

it('refuses what is no recall', async () => {
  const db = await openDb({ dimensions: 2 });
  await db.insert({ id: 'a', vector: [1, 0] });
  for (const recall of [0, -0.1, 1.01, Number.NaN, '0.9', null]) {
    await expect(db.search({ vector: [1, 0], recall } as never)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('recall'),
    });
  }
  await expect(db.search({ vector: [1, 0], recall: 0.9, efSearch: 5 })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  await expect(db.search({ vector: [1, 0], recall: 0.9, exact: true })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  expect(await db.search({ vector: [1, 0], recall: 0.9 })).toMatchObject([{ id: 'a' }]);
});
