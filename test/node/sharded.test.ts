// A database over several worker threads gives what one gives; a crashed worker is started again.
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RuvectorError as Failure, ShardedVectorDB as Sharded, VectorDB as Single } from '../../types/index.js';
import { gaussian } from '../support/data.js';
import { tempPath } from '../support/env.js';

// The built package, as worker threads need its files.
const { RuvectorError, ShardedVectorDB, VectorDB } = (await import(new URL('../../dist/index.js', import.meta.url).href)) as {
  RuvectorError: typeof Failure;
  ShardedVectorDB: typeof Sharded;
  VectorDB: typeof Single;
};

/** Of a call that must fail. */
async function errorOf(call: () => unknown): Promise<Failure> {
  try {
    await call();
  } catch (error) {
    if (error instanceof RuvectorError) return error;
    throw error;
  }
  return expect.fail('no error');
}

const dimensions = 12;
const rows = gaussian(7, 700, dimensions).map((vector, i) => ({ id: `row ${i}`, vector, metadata: { i, odd: i % 2 === 1 } }));
const queries = gaussian(8, 20, dimensions);
const plain = (hits: { id: string; distance: number; metadata?: unknown }[]) =>
  hits.map(({ id, distance, metadata }) => [id, distance, metadata]);

// Threads that were asked something, to be ended as by a crash.
const threads = new Set<Worker>();
const post = Worker.prototype.postMessage;
beforeAll(() => {
  Worker.prototype.postMessage = function (this: Worker, ...message: [unknown]) {
    threads.add(this);
    return post.apply(this, message);
  };
});
afterAll(() => {
  Worker.prototype.postMessage = post;
});

describe.each(['native', 'wasm'] as const)('%s, over several threads', (backend) => {
  test('every method answers as one database does', async () => {
    const options = { dimensions, distanceMetric: 'euclidean', index: 'flat', backend } as const;
    const one = await VectorDB.open<{ i: number; odd: boolean }>(options);
    const all = await ShardedVectorDB.open<{ i: number; odd: boolean }>({ ...options, shards: 3 });
    expect([all.shards, all.dimensions]).toEqual([3, dimensions]);
    let told = 0;
    for (const db of [one, all]) {
      const onProgress = (done: number, total: number) => {
        if (db === all) told = Math.max(told, done / total);
      };
      expect(await db.insertBatch(rows, { onProgress })).toEqual(rows.map(({ id }) => id));
      expect(await db.insert({ id: 'row 5', vector: queries[0] as Float32Array, metadata: { i: -1, odd: false } })).toBe('row 5');
      expect(await db.update('row 6', { metadata: { i: 6000, odd: true } })).toBe(true);
      expect([await db.delete('row 7'), await db.delete('row 7')]).toEqual([true, false]);
      expect(await db.deleteBatch(['row 8', 'row 9', 'nobody'])).toBe(2);
      expect(await db.deleteWhere({ i: { $gte: 600, $lt: 650 } })).toBe(50);
    }
    expect(told).toBe(1);
    for (const vector of queries) {
      for (const filter of [undefined, { odd: true }]) {
        const query = { vector, k: 10, ...(filter ? { filter } : {}) };
        expect(plain(await all.search(query))).toEqual(plain(await one.search(query)));
      }
    }
    const buffer = (queries[3] as Float32Array).slice();
    const under = all.search({ vector: buffer, limit: 4 } as object);
    buffer.fill(9);
    expect(plain(await under)).toEqual(plain(await one.search({ vector: queries[3] as Float32Array, k: 4 })));
    expect(plain(await all.search({ like: 'row 11', k: 5 }))).toEqual(plain(await one.search({ like: 'row 11', k: 5 })));
    const batch = queries.map((vector) => ({ vector, k: 3 }));
    expect((await all.searchBatch(batch)).map(plain)).toEqual((await one.searchBatch(batch)).map(plain));
    for (const db of [one, all]) {
      expect(await db.len()).toBe(647);
      expect(await db.count({ odd: true })).toBe(await one.count({ odd: true }));
      expect(await db.get('row 6')).toMatchObject({ id: 'row 6', metadata: { i: 6000 } });
      expect([await db.get('row 7'), await db.has('row 7'), await db.has('row 1')]).toEqual([null, false, true]);
      expect((await db.getMany(['row 3', 'nobody', 'row 2'])).map((entry) => entry?.id)).toEqual(['row 3', undefined, 'row 2']);
    }
    const ids: string[] = [];
    for await (const id of all.keys()) ids.push(id);
    const own: string[] = [];
    for await (const id of one.keys()) own.push(id);
    expect(ids.sort()).toEqual(own.sort());
    expect((await all.stats()).shards.map(({ count }) => count).reduce((a, b) => a + b)).toBe(647);
    await all.clear();
    expect(await all.isEmpty()).toBe(true);
    await Promise.all([one.close(), all.close()]);
    expect((await errorOf(() => all.len())).code).toBe('CLOSED');
  });

  test('wrong entries write nothing in any shard', async () => {
    const all = await ShardedVectorDB.open({ dimensions, shards: 2, backend });
    for (const wrong of [new Float32Array(dimensions), new Float32Array(dimensions).fill(Number.NaN), new Float32Array(3)]) {
      const error = await errorOf(() => all.insertBatch([...rows, { id: 'wrong', vector: wrong }]));
      expect(['ZERO_VECTOR', 'INVALID_VECTOR', 'DIMENSION_MISMATCH']).toContain(error.code);
      expect(error.message).toContain('entry 700');
    }
    expect(await all.len()).toBe(0);
    expect((await errorOf(() => all.search({ like: 'nobody' }))).code).toBe('NOT_FOUND');
    expect((await errorOf(() => all.search({ vector: [1] }))).code).toBe('DIMENSION_MISMATCH');
    await all.close();
    for (const shards of [0, 65, 1.5, '2']) {
      expect((await errorOf(() => ShardedVectorDB.open({ dimensions, shards: shards as number }))).code).toBe('INVALID_OPTION');
    }
  });

  test('on disk its shards are known again, and a crashed thread is started anew', async () => {
    const storagePath = tempPath();
    const first = await ShardedVectorDB.open({ dimensions, storagePath, shards: 2, backend });
    await first.insertBatch(rows);
    await first.close();
    expect((await errorOf(() => ShardedVectorDB.open({ dimensions, storagePath, shards: 3, backend }))).message).toContain('has 2');
    threads.clear();
    const db = await ShardedVectorDB.open({ storagePath, backend });
    expect([db.shards, await db.len()]).toEqual([2, 700]);
    const [before] = await db.search({ vector: queries[0] as Float32Array, k: 1 });
    for (const thread of threads) await thread.terminate();
    expect(await db.search({ vector: queries[0] as Float32Array, k: 1 })).toEqual([before]);
    await db.insert({ id: 'after', vector: queries[1] as Float32Array });
    expect(await db.len()).toBe(701);
    await db.close();
  });

  test('other names of options, and a number of shards whatever the durability', async () => {
    const path = tempPath();
    const made = await ShardedVectorDB.open({ dimension: dimensions, dbPath: path, shards: 3, durability: 'none', backend } as object);
    threads.clear();
    await made.insertBatch(rows.slice(0, 50));
    await made.flush();
    await made.close();
    const reader = await ShardedVectorDB.open({ path, readOnly: true, backend } as object);
    expect([reader.shards, await reader.len()]).toEqual([3, 50]);
    await reader.close();
    for (const wrong of [{ inThread: true }, { storagePath: 5 }]) {
      expect((await errorOf(() => ShardedVectorDB.open({ dimensions, ...wrong } as object))).code).toBe('INVALID_OPTION');
    }
  });

  test('in memory a crash is told', async () => {
    threads.clear();
    const db = await ShardedVectorDB.open({ dimensions, shards: 2, backend });
    await db.insertBatch(rows);
    for (const thread of threads) await thread.terminate();
    const error = await errorOf(() => db.len());
    expect([error.code, error.message]).toEqual(['IO', expect.stringContaining('held in memory')]);
    await db.close();
  });
});
