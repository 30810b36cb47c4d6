// Awaited calls of the addon: threads of their own, a few replies in a turn of the event loop, and ends in the middle of them.
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { open as openFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { VectorDB } from 'ruvector';
import { describe, expect, it } from 'vitest';
import { register, tempPath } from '../support/env.js';

const child = fileURLToPath(new URL('awaited_calls_child.mjs', import.meta.url));
const dimensions = 32;
const vector = (n: number) => Float32Array.from({ length: dimensions }, (_, i) => Math.sin(n * 7.3 + i * 0.91 + 1));

async function open(rows: number): Promise<VectorDB> {
  const options = { dimensions, distanceMetric: 'euclidean', backend: 'native', storagePath: tempPath() } as const;
  const db = register(await VectorDB.open(options), options);
  await db.insertBatch(Array.from({ length: rows }, (_, i) => ({ id: `${i}`, vector: vector(i) })));
  return db;
}

it('of 1,000 searches under way none is lost, and the event loop turns between them', async () => {
  const db = await open(1000);
  let answered = 0;
  let turns = 0;
  let most = 0;
  let before = 0;
  let watch = true;
  const turn = () => {
    turns++;
    most = Math.max(most, answered - before);
    before = answered;
    if (watch) setImmediate(turn);
  };
  setImmediate(turn);
  const found = await Promise.all(
    Array.from({ length: 1000 }, async (_, i) => {
      const [hit] = await db.search({ vector: vector(i), k: 1 });
      answered++;
      return hit?.id;
    }),
  );
  watch = false;
  expect(found).toEqual(Array.from({ length: 1000 }, (_, i) => `${i}`));
  // 32 at a time, twice in a turn at most.
  expect(most).toBeLessThanOrEqual(64);
  expect(turns).toBeGreaterThan(1000 / 64 - 2);
});

it('threads of the file system that all wait do not hold up our calls, nor many of ours those', async () => {
  const db = await open(100);
  const pipe = `${tempPath()}.pipe`;
  execFileSync('mkfifo', [pipe]);
  // Each holds a thread of libuv's pool until somebody writes.
  const readers = Array.from({ length: 16 }, () => openFile(pipe, 'r'));
  await new Promise((resolve) => setTimeout(resolve, 10));
  const hits = await db.search({ vector: vector(3), k: 1 });
  expect(hits[0]?.id).toBe('3');
  await db.insert({ id: 'new', vector: vector(1000) });
  await db.compact();
  expect(await db.len()).toBe(101);
  const writer = openSync(pipe, 'w');
  for (const reader of await Promise.all(readers)) await reader.close();
  closeSync(writer);
});

it('searches asked for before a close are answered', async () => {
  const db = await open(500);
  const searches = Array.from({ length: 300 }, (_, i) => db.search({ vector: vector(i), k: 1 }));
  await new Promise((resolve) => setImmediate(resolve)); // they are on their way
  const closed = db.close();
  expect((await Promise.all(searches)).map(([hit]) => hit?.id)).toEqual(Array.from({ length: 300 }, (_, i) => `${i}`));
  await closed;
});

describe('ends in the middle of calls', () => {
  const run = (...args: string[]) => spawnSync(process.execPath, [child, ...args], { encoding: 'utf8', timeout: 100_000 });

  it.each(['0', '1', '5', '20'])('process.exit after %s ms exits with its code', (ms) => {
    for (let round = 0; round < 3; round++) {
      const { status, signal, stderr } = run('exit', ms);
      expect([status, signal], stderr).toEqual([7, null]);
    }
  });

  it('calls under way keep a process alive, and an idle one ends', () => {
    const { status, stdout, stderr } = run('end');
    expect([status, stdout], stderr).toEqual([0, '500\n']);
  });

  it('worker threads that are terminated, exit or throw, again and again', () => {
    const { status, signal, stdout, stderr } = run('threads');
    expect([status, signal, stdout], stderr).toEqual([0, null, 'done\n']);
  });
});
