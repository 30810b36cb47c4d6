// Commits over several collections: all of it or nothing.
import { describe, expect, test } from 'vitest';
import { openDb, reopenDb, tempPath } from '../support/env.js';
import { errorOf } from '../support/errors.js';

async function openPair(storagePath?: string) {
  const db = await openDb({ dimensions: 2, ...(storagePath ? { storagePath } : {}) });
  const done = db.collection('done', { dimensions: 3 });
  await db.insertBatch([
    { id: 'a', vector: [1, 0] },
    { id: 'b', vector: [0, 1] },
  ]);
  await done.insert({ id: 'z', vector: [1, 2, 3] });
  return { db, done };
}

describe('transactions', () => {
  test('what they write is visible at once, in every collection, and survives reopening', async () => {
    const { db, done } = await openPair(tempPath());
    const result = await db.transaction(async (t) => {
      const id = t.collection('done').insert({ id: 'a', vector: [3, 2, 1], metadata: { from: 'open' } });
      t.delete('a');
      const ids = t.insertBatch([{ id: 'c', vector: [2, 2] }, { vector: [4, 4] }]);
      await Promise.resolve();
      expect(await done.has('a')).toBe(false);
      expect(await db.len()).toBe(2);
      return [id, ...ids];
    });
    expect(result.slice(0, 2)).toEqual(['a', 'c']);
    const again = await reopenDb(db);
    expect(await again.has('a')).toBe(false);
    expect((await again.get(result[2] as string))?.vector).toEqual(new Float32Array([4, 4]));
    expect((await again.collection('done').get('a'))?.metadata).toEqual({ from: 'open' });
    expect(await again.collection('done').len()).toBe(2);
  });

  test('writes of one collection take effect in their order', async () => {
    const { db } = await openPair();
    db.transactionSync((t) => {
      t.insert({ id: 'gone', vector: [1, 1] });
      t.clear();
      t.insert({ id: 'x', vector: [1, 1], metadata: { n: 1 } });
      t.insert({ id: 'y', vector: [1, 2] });
      t.delete('y');
      t.delete('nobody');
      t.insert({ id: 'x', vector: [5, 6], metadata: { n: 2 } });
    });
    expect(db.lenSync()).toBe(1);
    expect(db.getSync('x')).toEqual({ id: 'x', vector: new Float32Array([5, 6]), metadata: { n: 2 } });
    expect(db.searchSync({ vector: [5, 6], k: 3 }).map((hit) => hit.id)).toEqual(['x']);
  });

  test('when anything fails, nothing is written', async () => {
    const { db, done } = await openPair();
    await expect(
      db.transaction((t) => {
        t.clear();
        throw new Error('changed my mind');
      }),
    ).rejects.toThrow('changed my mind');
    const failing: [string, string, (t: Parameters<Parameters<typeof db.transaction>[0]>[0]) => unknown][] = [
      ['NOT_FOUND', 'no such collection', (t) => t.collection('nowhere').clear()],
      ['DIMENSION_MISMATCH', 'dimensions of another collection', (t) => t.collection('done').insert({ id: 'q', vector: [1, 2] })],
      ['INVALID_VECTOR', 'not finite', (t) => t.insert({ id: 'q', vector: [1, Number.NaN] })],
      ['INVALID_OPTION', 'an empty id', (t) => t.delete('')],
    ];
    for (const [code, what, run] of failing) {
      const error = await errorOf(() =>
        db.transaction((t) => {
          t.clear();
          t.collection('done').delete('z');
          run(t);
        }),
      );
      expect([error.code, error.method], what).toEqual([code, 'transaction']);
      expect(await db.len()).toBe(2);
      expect(await done.has('z')).toBe(true);
    }
  });

  test('a transaction that has ended takes no more writes', async () => {
    const { db } = await openPair();
    const late = await db.transaction((t) => t);
    expect((await errorOf(() => late.insert({ id: 'late', vector: [1, 1] }))).code).toBe('CLOSED');
    expect((await errorOf(() => db.transactionSync(() => Promise.resolve()))).message).toMatch(/returned a promise/);
    expect((await errorOf(() => db.transaction(undefined as never))).code).toBe('INVALID_OPTION');
    expect(await db.len()).toBe(2);
  });

  test('the memory budget counts all collections of a transaction', async () => {
    const db = await openDb({ dimensions: 64, memoryBudget: 400_000 });
    db.collection('other', { dimensions: 64 });
    await db.collection('other', { dimensions: 64 }).len();
    const rows = (n: number) => Array.from({ length: n }, (_, i) => ({ id: `r${i}`, vector: new Float32Array(64).fill(i + 1) }));
    // One of them alone fits.
    await db.insertBatch(rows(700));
    await db.clear();
    const error = await errorOf(() =>
      db.transaction((t) => {
        t.insertBatch(rows(700));
        t.collection('other').insertBatch(rows(700));
      }),
    );
    expect(error.code).toBe('MEMORY_LIMIT');
    expect(await db.len()).toBe(0);
  });
});
