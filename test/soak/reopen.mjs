// Opens and closes a thousand times, and forgets databases without closing: nothing is left behind.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VectorDB } from '../../dist/index.js';
import { usage } from './measure.mjs';

const dimensions = 32;
const ids = 100;

export async function reopen() {
  const folder = mkdtempSync(join(tmpdir(), 'ruvector-reopen-'));
  const samples = [];
  for (let i = 0; i < 1000; i++) {
    const db = await VectorDB.open({ dimensions, storagePath: folder, index: 'hnsw' });
    if ((await db.len()) !== Math.min(i, ids)) throw new Error(`${await db.len()} rows at opening ${i}`);
    await db.insert({ id: `row ${i % ids}`, vector: Float32Array.from({ length: dimensions }, (_, j) => Math.sin(i + j)) });
    await db.search({ vector: new Float32Array(dimensions).fill(1), k: 5 });
    if (i % 3 === 0) await db.flush();
    await db.close();
    if ((i + 1) % 100 === 0) samples.push(usage(folder));
  }
  const show = (s) =>
    Object.entries(s)
      .map(([name, value]) => `${name} ${Number(value.toFixed(1))}`)
      .join(', ');
  const [first, last] = [samples[1], samples.at(-1)];
  console.log(`after 200: ${show(first)}\nafter 1000: ${show(last)}`);
  rmSync(folder, { recursive: true });
  return last.fds <= first.fds && last.threads <= first.threads && last.files <= first.files + 2 && last.rssMB <= first.rssMB * 1.1;
}
