// The log cut at every byte: the database opens, holds exactly the calls whose bytes were whole, and goes on. A log cut inside its header, which
// was on disk before the manifest that names it, is damage.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DbOptions, VectorDB } from 'ruvector';
import { expect, it } from 'vitest';
import { register, tempPath } from '../support/env.js';
import { errorOf } from '../support/errors.js';

const headerBytes = 64;

/** Everything a caller can see, in order. */
async function contents(db: VectorDB): Promise<string> {
  const rows = [];
  for await (const { id, vector, metadata } of db.entries()) rows.push([id, [...vector], metadata]);
  return JSON.stringify(rows);
}

// In WebAssembly a part of the cuts: each opening there is slower.
for (const [backend, step] of [
  ['native', 1],
  ['wasm', 7],
] as const) {
  it(`holds whole calls only, wherever the log is cut: ${backend}`, async () => {
    const open = async (storagePath: string) => {
      const options: DbOptions = { dimensions: 2, storagePath, distanceMetric: 'euclidean', backend };
      return register(await VectorDB.open(options), options);
    };
    const path = tempPath();
    const db = await open(path);
    const [log] = readdirSync(path).filter((name) => name.startsWith('wal-')) as [string];
    const [manifest] = readdirSync(path).filter((name) => name.startsWith('manifest-')) as [string];
    const states = [{ state: '[]', end: headerBytes }];
    const note = async () => states.push({ state: await contents(db), end: readFileSync(join(path, log)).length });
    for (let i = 0; i < 3; i++) {
      const calls = [
        () => db.insert({ id: `single${i}`, vector: [i, 1], metadata: { i } }),
        () => db.insertBatch([0, 1, 2].map((j) => ({ id: `batch${i}-${j}`, vector: [i, j], metadata: { j, text: 'ü' } }))),
        () => db.insertBatch([0, 1].map((j) => ({ id: `batch0-${j}`, vector: [7, i] }))),
        () => db.update(`single${i}`, { vector: [9, i] }),
        () => db.updateMetadata(`single${i}`, { updated: i }),
        () => db.deleteBatch([`single${i - 1}`, `batch${i}-2`]),
        ...(i === 1 ? [() => db.clear()] : []),
      ];
      for (const call of calls) {
        await call();
        await note();
      }
    }
    const bytes = readFileSync(join(path, log));
    const manifestBytes = readFileSync(join(path, manifest));
    expect(states.at(-1)?.end).toBe(bytes.length);

    const copy = tempPath();
    let torn = 0;
    let opened = 0;
    for (let length = 0; length <= bytes.length; length += step) {
      mkdirSync(copy);
      writeFileSync(join(copy, manifest), manifestBytes);
      writeFileSync(join(copy, log), bytes.subarray(0, length));
      if (length < headerBytes) {
        const { code, message } = await errorOf(() => open(copy));
        expect([code, message]).toEqual(['CORRUPT', expect.stringContaining(log)]);
        rmSync(copy, { recursive: true });
        continue;
      }
      const { state, end } = states.filter((s) => s.end <= length).at(-1) as { state: string; end: number };
      let cut = await open(copy);
      expect(await contents(cut), `cut at ${length} of ${bytes.length}`).toBe(state);
      const { recovery } = await cut.stats();
      expect(recovery.cutBytes, `cut at ${length}`).toBe(length - end);
      if (recovery.cutBytes > 0) torn++;
      // What is written after the cut is not lost behind it.
      await cut.insert({ id: 'after', vector: [length, 0] });
      const after = await contents(cut);
      await cut.close();
      cut = await open(copy);
      expect(await contents(cut), `cut at ${length}, written to, reopened`).toBe(after);
      await cut.close();
      rmSync(copy, { recursive: true });
      opened++;
    }
    console.info(
      `${backend}: the log of ${bytes.length} bytes was cut at ${opened} places, ${torn} of them inside a call: always whole calls only`,
    );
    expect(torn).toBeGreaterThan(opened / 2);
  });
}
