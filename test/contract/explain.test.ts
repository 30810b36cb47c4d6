// How a search says that it was answered, and that a batch is answered as its searches are.
import { expect, it } from 'vitest';
import { gaussian, names, pack } from '../support/data.js';
import { openDb, reopenDb, tempPath } from '../support/env.js';

const rows = 3000;
const dimensions = 64;
const vectors = gaussian(5, rows, dimensions);

async function filled(options: object) {
  const db = await openDb({ dimensions, distanceMetric: 'euclidean', index: 'hnsw', ...options });
  await db.insertBatch({
    ids: names(rows),
    vectors: pack(vectors),
    metadata: vectors.map((_, i) => ({ i, tenth: i % 10, half: i % 2 === 0, words: ['a', `b${i % 3}`] })),
  });
  while (((await db.stats()).pending ?? 0) > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  return db;
}

it('tells the way, the rows looked at, and who answered the filter', async () => {
  let db = await filled({ storagePath: tempPath() });
  const vector = vectors[0] as Float32Array;

  const plain = await db.explain({ vector, efSearch: 20 });
  expect(plain).toMatchObject({ hits: 10, scannedAgain: false, filter: { indexed: [], textsRead: 0 } });
  expect(plain.segments).toMatchObject([{ growing: true, rows, matches: rows, strategy: 'walk', efSearch: 20, codes: 'scalar8' }]);
  const [walked] = plain.segments;
  expect(walked?.distances).toBeGreaterThan(100);
  expect(walked?.distances).toBeLessThan(rows);
  expect(walked?.reranked).toBeGreaterThanOrEqual(10);
  const longer = await db.explain({ vector, efSearch: 40 });
  expect(longer.segments[0]?.distances).toBeGreaterThan(walked?.distances as number);

  expect(db.explainSync({ vector, efSearch: 20 })).toEqual(plain);

  const exact = await db.explain({ vector, exact: true });
  expect(exact.segments).toMatchObject([{ strategy: 'scan', efSearch: 0, codes: 'none', distances: rows, reranked: 0 }]);

  const few = await db.explain({ vector, filter: { tenth: 3 } });
  expect(few).toMatchObject({
    hits: 10,
    segments: [{ matches: rows / 10, strategy: 'scan', distances: rows / 10 }],
    filter: { indexed: ['tenth'], textsRead: 0 },
  });
  const byCodes = { vector, efSearch: 100, filter: { i: { $lt: 2000 } } };
  const scanned = await db.explain(byCodes);
  expect(scanned.segments).toMatchObject([{ matches: 2000, strategy: 'codeScan', efSearch: 0, codes: 'scalar8' }]);
  expect(scanned.segments[0]?.distances).toBe(2000 + (scanned.segments[0]?.reranked as number));
  expect(await db.search(byCodes)).toEqual(await db.search({ vector, exact: true, filter: byCodes.filter }));
  const many = await db.explain({ vector, k: 5, efSearch: 10, filter: { half: true, i: { $gte: 0 } } });
  expect(many).toMatchObject({
    hits: 5,
    segments: [{ matches: rows / 2, strategy: 'filteredWalk', efSearch: 10 }],
    filter: { indexed: ['half', 'i'], textsRead: 0 },
  });
  const byText = await db.explain({ vector, filter: { half: true, words: { $size: 2 } } });
  expect(byText.filter).toEqual({ indexed: ['half'], textsRead: rows / 2 });
  const none = await db.explain({ vector, filter: { tenth: 11 } });
  expect(none).toMatchObject({ hits: 0, segments: [{ matches: 0, strategy: 'none', distances: 0 }] });

  db = await reopenDb(db);
  const sealed = await db.explain({ vector, efSearch: 20, filter: { half: true } });
  expect(sealed).toMatchObject({ hits: 10, filter: { indexed: ['half'], textsRead: 0 } });
  expect(sealed.segments).toMatchObject([{ growing: false, rows, strategy: 'filteredWalk' }]);

  await expect(db.explain({ vector: [1] })).rejects.toMatchObject({ code: 'DIMENSION_MISMATCH' });
  await expect(db.explain({ vector, effSearch: 3 } as never)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
});

it.each([1, 2, 3])('a batch on %i threads is what its searches are', async (threads) => {
  const db = await filled({ threads });
  const queries = gaussian(6, 41, dimensions).map((vector, i) => ({
    vector,
    k: 1 + (i % 7),
    ...(i % 3 === 0 ? { filter: { tenth: i % 10 } } : {}),
    ...(i % 5 === 0 ? { exact: true } : {}),
    ...(i % 4 === 0 ? { includeVectors: true } : {}),
    ...(i % 2 === 0 ? { efSearch: 10 + i } : { includeMetadata: false }),
  }));
  const alone = [];
  for (const query of queries) alone.push([...(await db.search(query))]);
  expect((await db.searchBatch(queries)).map((hits) => [...hits])).toEqual(alone);
  expect(db.searchBatchSync(queries).map((hits) => [...hits])).toEqual(alone);
  expect(await db.searchBatch([])).toEqual([]);
});
