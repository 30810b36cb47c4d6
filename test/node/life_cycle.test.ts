// How databases end: exits without closing, forgotten databases, disposal, what an open one takes of the process.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type DbOptions, VectorDB } from 'ruvector';
import { describe, expect, it } from 'vitest';
import { collect } from '../support/data.js';
import { register, tempPath } from '../support/env.js';
import { errorOf } from '../support/errors.js';

const script = fileURLToPath(new URL('life_cycle_child.mjs', import.meta.url));

interface Ended {
  code: number | null;
  signal: string | null;
  said: unknown[];
  errors: string;
}

function child(...args: string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const process_ = spawn(process.execPath, ['--expose-gc', script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    let errors = '';
    process_.stdout.on('data', (bytes: Buffer) => {
      text += bytes;
    });
    process_.stderr.on('data', (bytes: Buffer) => {
      errors += bytes;
    });
    process_.on('error', reject);
    process_.on('close', (code, signal) => {
      const lines = text.split('\n').filter((line) => line !== '');
      resolve({ code, signal, said: lines.map((line) => JSON.parse(line)), errors });
    });
  });
}

describe.each(['native', 'wasm'] as const)('%s', (backend) => {
  const open = async (options: DbOptions) => {
    const all = { ...options, backend };
    return register(await VectorDB.open(all), all);
  };
  const vector = (i: number) => [i + 1, i % 7, i % 3, 1];

  for (const durability of ['sync', 'batch']) {
    it.each([
      ['the end of the script', 'end', 0],
      ['process.exit', 'exit', 3],
      ['an uncaught exception', 'throw', 1],
      ['process.exit in the middle of a call', 'under way', 3],
    ])(`durability ${durability}, not closed: %s loses nothing acknowledged`, async (_, ending, exitCode) => {
      const path = tempPath();
      const { code, signal, said, errors } = await child('exit', path, backend, durability, ending);
      expect([code, signal, said], errors).toEqual([exitCode, null, ['acknowledged']]);
      const db = await open({ storagePath: path });
      const rows = new Map(Array.from({ length: 50 }, (_, i) => [`${i}`, i]));
      rows.set('1', 100);
      for (const id of ['2', '3']) rows.delete(id);
      const found = await collect(db.entries());
      const late = found.filter(({ id }) => id.startsWith('late'));
      expect([0, 20_000]).toContain(late.length);
      expect(late.length === 0 || ending === 'under way').toBe(true);
      const others = new Map(found.filter(({ id }) => !id.startsWith('late')).map((entry) => [entry.id, entry]));
      expect(new Set(others.keys())).toEqual(new Set(rows.keys()));
      for (const [id, i] of rows) expect(others.get(id)).toEqual({ id, vector: Float32Array.from(vector(i)), metadata: { i } });
      expect(await db.collection('other').has('o')).toBe(true);
      expect(await db.verify()).toMatchObject({ ok: true });
    });
  }

  it('durability none, not closed: what is left opens, with all of it or nothing', async () => {
    for (const ending of ['end', 'exit', 'throw']) {
      const path = tempPath();
      expect((await child('exit', path, backend, 'none', ending)).said).toEqual(['acknowledged']);
      const db = await open({ storagePath: path });
      expect([0, 48]).toContain(await db.len());
      expect(await db.verify()).toMatchObject({ ok: true });
    }
  });

  it('a forgotten database releases its lock and loses nothing; a collection keeps its database', async () => {
    const { code, said, errors } = await child('forget', tempPath(), backend, 'sync');
    expect([code, said], errors).toEqual([0, [{ code: 'LOCKED', len: 1 }]]);
  });

  it('200 openings leave no file open and no thread behind', async () => {
    const { code, said, errors } = await child('reopen', tempPath(), backend, 'batch');
    expect(code, errors).toBe(0);
    const [early, late] = said as { fds: number; threads: number }[];
    expect(late?.fds).toBe(early?.fds);
    // The waiting threads are as many as were busy at one moment, which a later one may raise by a few; 180 openings would leave 180.
    expect(late?.threads).toBeLessThanOrEqual((early?.threads as number) + 4);
  });

  it('disposal waits for calls under way, and releases the lock', async () => {
    const storagePath = tempPath();
    {
      await using db = await open({ dimensions: 4, storagePath });
      for (let i = 0; i < 50; i++) void db.insert({ id: `${i}`, vector: vector(i) });
    }
    {
      using db = await open({ storagePath });
      expect(db.lenSync()).toBe(50);
      const under = db.insert({ id: 'under way', vector: vector(1) });
      expect((await errorOf(() => db[Symbol.dispose]())).code).toBe('NOT_READY');
      await under;
    }
    const db = await open({ storagePath });
    expect(await db.len()).toBe(51);
    await db[Symbol.asyncDispose]();
    db[Symbol.dispose]();
    expect((await errorOf(() => db.len())).code).toBe('CLOSED');
    expect(await (await open({ storagePath })).has('under way')).toBe(true);
  });

  it('memoryBudget: refused before it is reached, and nothing is changed', async () => {
    const memoryBudget = 2 ** 20;
    const db = await open({ dimensions: 64, memoryBudget, storagePath: tempPath(), index: 'flat' });
    const batch = (n: number) =>
      Array.from({ length: 50 }, (_, i) => ({
        id: `${n}-${i}`,
        vector: Float32Array.from({ length: 64 }, (_, j) => Math.sin(n + i * j + 1)),
      }));
    let batches = 0;
    const error = await errorOf(async () => {
      for (; batches < 1000; batches++) await db.insertBatch(batch(batches));
    });
    expect(error.code).toBe('MEMORY_LIMIT');
    expect(error.message).toContain(String(memoryBudget));
    expect((await db.stats()).memoryUsage).toBeLessThanOrEqual(memoryBudget);
    // Room grows by doubling, so a good part of it was there to be used: rows of 256 bytes and what belongs to them.
    expect(batches * 50 * 256).toBeGreaterThan(memoryBudget / 3);
    expect(await db.len()).toBe(batches * 50);
    expect(await db.has(`${batches}-0`)).toBe(false);
    const before = await db.get('0-1');
    expect((await errorOf(() => db.insertBatch([...batch(0), ...batch(batches), ...batch(batches + 1)]))).code).toBe('MEMORY_LIMIT');
    expect(await db.get('0-1')).toEqual(before);
    expect((await db.search({ vector: batch(3)[7]?.vector as Float32Array, k: 1 }))[0]).toMatchObject({ id: '3-7' });
    await db.deleteBatch(batch(0).map(({ id }) => id));
    await db.compact();
    await db.insertBatch(batch(batches));
    expect(await db.len()).toBe(batches * 50);
  });
});

// Node's own `external` counts array buffers only; what the collector does with what it is told is what counts.
it('the engine is told what a native database takes, and collects forgotten ones in time', async () => {
  const { said, errors } = await child('pressure', '-', 'native');
  const [small, large] = said as { bytes: number; collected: number }[];
  expect(small?.bytes, errors).toBeLessThan(2 ** 20);
  expect(large?.bytes).toBeGreaterThan(100 * 2 ** 20);
  expect(large?.collected).toBeGreaterThan(30);
  expect(small?.collected).toBeLessThan(20);
});
