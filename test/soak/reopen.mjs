// Opens and closes thousands of times: nothing is left behind. In a process of its own, where little else grows: with one arena of malloc, not one for
// each thread that happened to replay a log, and with a young generation that the engine does not double now and then.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VectorDB } from '../../dist/index.js';
import { usage } from './measure.mjs';

const dimensions = 32;
const ids = 100;

const openings = 6000;

async function openAndClose() {
  const folder = mkdtempSync(join(tmpdir(), 'ruvector-reopen-'));
  const samples = [];
  for (let i = 0; i < openings; i++) {
    const db = await VectorDB.open({ dimensions, storagePath: folder, index: 'hnsw' });
    if ((await db.len()) !== Math.min(i, ids)) throw new Error(`${await db.len()} rows at opening ${i}`);
    await db.insert({ id: `row ${i % ids}`, vector: Float32Array.from({ length: dimensions }, (_, j) => Math.sin(i + j)) });
    await db.search({ vector: new Float32Array(dimensions).fill(1), k: 5 });
    if (i % 3 === 0) await db.flush();
    // Every round begins with as long a log as the one before.
    if (i % 100 === 0) await db.compact();
    await db.close();
    if ((i + 1) % 1000 === 0) samples.push(usage(folder));
  }
  const show = (s) =>
    Object.entries(s)
      .map(([name, value]) => `${name} ${Number(value.toFixed(1))}`)
      .join(', ');
  for (const [i, sample] of samples.entries()) console.log(`after ${(i + 1) * 1000}: ${show(sample)}`);
  rmSync(folder, { recursive: true });
  // The engine compiles its hot code while the first two thousand pass.
  const [first, last] = [samples[1], samples.at(-1)];
  return last.fds <= first.fds && last.threads <= first.threads && last.files <= first.files && last.rssMB <= first.rssMB * 1.02;
}

export function reopen() {
  const { status } = spawnSync(process.execPath, ['--expose-gc', '--max-semi-space-size=1', fileURLToPath(import.meta.url)], {
    stdio: 'inherit',
    env: { ...process.env, MALLOC_ARENA_MAX: '1' },
  });
  return status === 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exit((await openAndClose()) ? 0 : 1);
