// Segments and log together: rows that a checkpoint wrote, changed later, checkpointed again.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Metric, VectorDB } from 'ruvector';
import { expect, it } from 'vitest';
import { gaussian, names, pack } from '../support/data.js';
import { openDb, reopenDb, tempPath } from '../support/env.js';

// Closing turns a log above 4 MB into segments: 1,200 rows of 1,024 floats.
const dimensions = 1024;
const rowCount = 1200;

/** Everything a caller can see, in order. */
async function contents(db: VectorDB): Promise<string> {
  const rows = [];
  for await (const { id, vector, metadata } of db.entries()) {
    rows.push([id, Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64'), metadata]);
  }
  return JSON.stringify(rows);
}

it.each(['cosine', 'euclidean', 'dot', 'manhattan'] as Metric[])(
  'rows in segments are changed and reopened, again and again: %s',
  async (distanceMetric) => {
    const path = tempPath();
    let db = await openDb({ dimensions, distanceMetric, storagePath: path, index: 'hnsw' });
    const vectors = gaussian(2, rowCount, dimensions);
    await db.insertBatch({ ids: names(rowCount), vectors: pack(vectors), metadata: vectors.map((_, i) => ({ i })) });
    await db.deleteBatch(names(30));
    const query = { vector: vectors[40] as Float32Array, k: 10, exact: true };
    for (let round = 0; round < 4; round++) {
      const before = await contents(db);
      const hits = [...(await db.search(query))];
      db = await reopenDb(db);
      expect(readdirSync(path).some((name) => name.startsWith('seg-'))).toBe(true);
      expect((await contents(db)) === before).toBe(true);
      expect([...(await db.search(query))]).toEqual(hits);
      expect(await db.has('id5')).toBe(false);
      await db.delete(`id${100 + round}`);
      await db.updateMetadata(`id${200 + round}`, { round });
      await db.insert({ id: `id${300 + round}`, vector: vectors[round] as Float32Array });
      await db.insert({ id: `new${round}`, vector: vectors[50 + round] as Float32Array, metadata: { round } });
    }
    expect(await db.len()).toBe(rowCount - 30);
    expect(await db.count({ round: { $exists: true } })).toBe(8);
    expect((await db.search({ vector: vectors[52] as Float32Array, k: 1, filter: { round: 2 } }))[0]?.id).toBe('new2');
  },
);

it('what kills and checkpoints leave over is removed, what is not ours stays', async () => {
  const path = tempPath();
  let db = await openDb({ dimensions, storagePath: path });
  for (let round = 0; round < 3; round++) {
    await db.insertBatch({ ids: names(rowCount), vectors: pack(gaussian(round, rowCount, dimensions)) });
    db = await reopenDb(db);
  }
  const before = await contents(db);
  await db.close();
  const own = readdirSync(path).toSorted();
  expect(own.filter((name) => name.startsWith('manifest-')).length).toBe(1);
  const strays = [
    'manifest-00000000000000ff.tmp',
    'seg-00000000000000ff-00000000',
    'del-00000000000000ff-00000000',
    'wal-0000000000000001',
  ];
  for (const stray of strays) writeFileSync(join(path, stray), 'left by a kill');
  writeFileSync(join(path, 'notes.txt'), 'mine');
  db = await openDb({ dimensions, storagePath: path });
  expect((await contents(db)) === before).toBe(true);
  await db.close();
  expect(readdirSync(path).filter((name) => strays.includes(name))).toEqual([]);
  expect(readFileSync(join(path, 'notes.txt'), 'utf8')).toBe('mine');
});

it('another spelling of a path is the same database', async () => {
  const path = tempPath();
  await openDb({ dimensions: 2, storagePath: path });
  for (const spelling of [`${path}/`, `${path}/.`, `${path}/../db`]) {
    await expect(openDb({ dimensions: 2, storagePath: spelling }), spelling).rejects.toMatchObject({ code: 'LOCKED' });
  }
});

it('a clean close leaves nothing to rebuild', async () => {
  // As many rows as once took 7 s to open; their log is below 4 MB.
  let db = await openDb({ dimensions: 128, index: 'hnsw', storagePath: tempPath() });
  await db.insertBatch({ ids: names(5000), vectors: pack(gaussian(22, 5000, 128)) });
  expect((await db.stats()).pending).toBe(0);
  const queries = gaussian(23, 20, 128).map((vector) => ({ vector, k: 10, efSearch: 20 }));
  const before = (await db.searchBatch(queries)).map((hits) => [...hits]);
  db = await reopenDb(db);
  const { pending, indexType, count, recovery } = await db.stats();
  expect({ pending, indexType, count, recovery }).toEqual({
    pending: 0,
    indexType: 'hnsw',
    count: 5000,
    recovery: { cutBytes: 0, replayedTransactions: 0 },
  });
  // The very same graph: approximate answers, too, are the same.
  expect((await db.searchBatch(queries)).map((hits) => [...hits])).toEqual(before);
});
