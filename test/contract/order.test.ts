// Writes that nobody awaits: they take effect in the order of their calls, each whole, with the arguments of the time of the call.
import type { Metadata, VectorDB } from 'ruvector';
import { expect, it } from 'vitest';
import { Random } from '../support/data.js';
import { openDb, reopenDb, tempPath } from '../support/env.js';

interface Row {
  vector: number[];
  metadata?: Metadata;
}
type Rows = Map<string, Row>;

async function contents(db: VectorDB): Promise<Rows> {
  const rows: Rows = new Map();
  for await (const { id, vector, metadata } of db.entries()) {
    expect(rows.has(id)).toBe(false);
    rows.set(id, { vector: [...vector], ...(metadata ? { metadata } : {}) });
  }
  return rows;
}

const sorted = (rows: Rows) => [...rows].toSorted(([a], [b]) => (a < b ? -1 : 1));

/** Starts one random write, applies it to the model, and spoils its arguments. Returns what it should resolve to. */
function start(db: VectorDB, rows: Rows, random: Random, step: number): [Promise<unknown>, unknown] {
  const id = `id${random.below(12)}`;
  const metadata: { step: number } = { step };
  const vector = [step + 1, random.below(100)];
  const spoil = () => {
    vector.fill(-1);
    metadata.step = -1;
  };
  const row = rows.get(id);
  const kept = () => ({ vector: [...vector], metadata: { ...metadata } });
  switch (random.below(8)) {
    case 0: {
      rows.set(id, { vector: [...vector] });
      const done = db.insert({ id, vector });
      spoil();
      return [done, id];
    }
    case 1: {
      rows.set(id, kept());
      const done = db.insert({ id, vector, metadata });
      spoil();
      return [done, id];
    }
    case 2: {
      const other = `id${random.below(12)}x`;
      rows.set(id, kept()).set(other, kept());
      const entries = [
        { id, vector, metadata },
        { id: other, vector, metadata },
      ];
      const done = db.insertBatch(entries);
      spoil();
      entries.length = 0;
      return [done, [id, other]];
    }
    case 3: {
      if (row) row.vector = [...vector];
      const part: { vector: number[]; metadata?: Metadata } = { vector };
      const done = db.update(id, part);
      spoil();
      part.metadata = { late: true };
      return [done, row !== undefined];
    }
    case 4: {
      if (row) row.metadata = { ...metadata };
      const done = db.updateMetadata(id, metadata);
      spoil();
      return [done, row !== undefined];
    }
    case 5:
      return [db.delete(id), rows.delete(id)];
    case 6: {
      const ids = [id, `id${random.below(12)}`];
      const gone = [...new Set(ids)].filter((one) => rows.delete(one)).length;
      const done = db.deleteBatch(ids);
      ids.fill('id0');
      return [done, gone];
    }
    default: {
      const filter = { step: { $lt: step - 30 } };
      const gone = [...rows].filter(([, { metadata: m }]) => m !== undefined && (m.step as number) < step - 30);
      for (const [one] of gone) rows.delete(one);
      const done = db.deleteWhere(filter);
      filter.step.$lt = 1e9;
      return [done, gone.length];
    }
  }
}

it.each([1, 2, 3, 4])('200 writes at once end as if awaited one by one: seed %i', async (seed) => {
  const random = new Random(seed);
  let db = await openDb({ dimensions: 2, storagePath: tempPath(), index: seed % 2 ? 'hnsw' : 'flat' });
  const rows: Rows = new Map();
  const started = Array.from({ length: 200 }, (_, step) => start(db, rows, random, step));
  expect(await Promise.all(started.map(([done]) => done))).toEqual(started.map(([, expected]) => expected));
  expect(sorted(await contents(db))).toEqual(sorted(rows));
  db = await reopenDb(db);
  expect(sorted(await contents(db))).toEqual(sorted(rows));
});

it('close waits for what was called before it', async () => {
  const random = new Random(9);
  const db = await openDb({ dimensions: 2, storagePath: tempPath() });
  const rows: Rows = new Map();
  const started = Array.from({ length: 100 }, (_, step) => start(db, rows, random, step)[0]);
  const again = await reopenDb(db);
  await Promise.all(started);
  expect(sorted(await contents(again))).toEqual(sorted(rows));
});

it('a batch is seen whole or not at all by searches under way', async () => {
  const db = await openDb({ dimensions: 2, distanceMetric: 'euclidean' });
  const size = 400;
  const vectors = new Float32Array(size * 2).fill(1);
  const ids = Array.from({ length: size }, (_, i) => `id${i}`);
  await db.insertBatch({ ids, vectors, metadata: ids.map(() => ({ round: 0 })) });
  const writes: Promise<unknown>[] = [];
  for (let round = 1; round <= 10; round++) {
    writes.push(db.insertBatch({ ids, vectors, metadata: ids.map(() => ({ round })) }));
    const hits = await db.search({ vector: [1, 1], k: size });
    expect(hits.length).toBe(size);
    expect(new Set(hits.map((hit) => hit.metadata?.round)).size).toBe(1);
  }
  await Promise.all(writes);
  expect(await db.count({ round: 10 })).toBe(size);
});
