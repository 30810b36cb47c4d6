// Worker threads: databases of their own, one ended in the middle of a write, one folder for two, readers beside a writer.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type DbOptions, VectorDB } from 'ruvector';
import { describe, expect, it } from 'vitest';
import { collect } from '../support/data.js';
import { register, tempPath } from '../support/env.js';
import { errorOf } from '../support/errors.js';

interface Started {
  worker: Worker;
  counter: Int32Array;
  /** The first message, or the exit code if there is none. */
  result: Promise<unknown>;
}

function start(what: string, path: string, backend: string, count = 0): Started {
  const shared = new SharedArrayBuffer(4);
  const worker = new Worker(new URL('life_cycle_worker.mjs', import.meta.url), { workerData: { what, path, backend, shared, count } });
  const result = new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', resolve);
  });
  result.catch(() => undefined);
  return { worker, counter: new Int32Array(shared), result };
}

const vector = (i: number) => [i + 1, i % 7, i % 3, 1];

async function reach(counter: Int32Array, least: number, failed: Promise<unknown>): Promise<void> {
  const ended = failed.then(() => expect.fail('the worker ended'));
  ended.catch(() => undefined);
  while (Atomics.load(counter, 0) < least) await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 1))]);
}

describe.each(['native', 'wasm'] as const)('%s', (backend) => {
  const open = async (options: DbOptions) => {
    const all = { ...options, backend };
    return register(await VectorDB.open(all), all);
  };

  it('each worker has its own databases', async () => {
    const paths = [tempPath(), tempPath(), tempPath()];
    const own = await open({ dimensions: 4, storagePath: tempPath() });
    const started = paths.map((path, i) => start('own', path, backend, 100 + i));
    for (let i = 0; i < 100; i++) await own.insert({ id: `${i}`, vector: vector(i) });
    expect(await Promise.all(started.map(({ result }) => result))).toEqual([0, 0, 0]);
    for (const [i, storagePath] of paths.entries()) {
      const entries = await collect((await open({ storagePath })).entries());
      expect(entries).toEqual(
        Array.from({ length: 100 + i }, (_, j) => ({ id: `${j}`, vector: Float32Array.from(vector(j)), metadata: { i: j } })),
      );
    }
    expect(await own.len()).toBe(100);
  });

  it('a worker ended in the middle of its writes leaves what it acknowledged, and no lock', async () => {
    const path = tempPath();
    for (let round = 0; round < 8; round++) {
      const { worker, counter, result } = start('write', `${path}${round}`, backend);
      await reach(counter, 5 + 13 * round, result);
      await worker.terminate();
      const acknowledged = Atomics.load(counter, 0);
      const db = await open({ storagePath: `${path}${round}` });
      const entries = await collect(db.entries());
      // Whole calls, and at most the one under way more than what was acknowledged.
      const calls = entries.length / 20;
      expect([acknowledged, acknowledged + 1]).toContain(calls);
      const ids = Array.from({ length: calls }, (_, i) => Array.from({ length: 20 }, (_, j) => `${i}-${j}`)).flat();
      expect(entries.map(({ id }) => id)).toEqual(ids);
      for (const { id, vector: stored } of entries) {
        const [i, j] = id.split('-').map(Number) as [number, number];
        expect(stored).toEqual(Float32Array.from(vector(i + j)));
      }
      expect(await db.verify()).toMatchObject({ ok: true });
      await db.insert({ id: 'next', vector: vector(1) });
      await db.close();
    }
  });

  for (const other of ['native', 'wasm']) {
    it(`a folder that is open here is LOCKED for a ${other} worker, and free once it is closed`, async () => {
      const storagePath = tempPath();
      const db = await open({ dimensions: 4, storagePath });
      expect(await start('lock', storagePath, other).result).toBe('LOCKED');
      expect((await errorOf(() => open({ dimensions: 4, storagePath }))).code).toBe('LOCKED');
      await db.close();
      const after = start('lock', storagePath, other);
      const exit = once(after.worker, 'exit');
      expect(await after.result).toBe('open');
      await exit;
      await open({ storagePath });
    });
  }

  for (const reader of ['native', 'wasm']) {
    it(`${reader} readers beside a writer that compacts see whole transactions only, in their order`, async () => {
      const storagePath = tempPath();
      const db = await open({ dimensions: 4, storagePath, index: 'hnsw', durability: 'batch' });
      const write = (n: number) =>
        db.insertBatch(Array.from({ length: 300 }, (_, i) => ({ id: `${i}`, vector: [n + 1, 1, i / 1000, 0], metadata: { n } })));
      await write(0);
      const readers = [start('read', storagePath, reader, 60), start('read', storagePath, reader, 60)];
      for (const { counter, result } of readers) await reach(counter, 1, result);
      for (let n = 1; n <= 60; n++) {
        await write(n);
        if (n % 4 === 0) await db.compact();
        if (n % 6 === 0) await db.flush();
      }
      for (const { result } of readers) {
        const seen = (await result) as { refreshed: number; reads: number; last: number };
        expect(seen.last).toBe(60);
        expect(seen.refreshed).toBeGreaterThan(0);
      }
    });
  }
});
