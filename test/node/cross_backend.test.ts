// One database, both backends: what one writes the other reads, searches and continues.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DbOptions, VectorDB } from 'ruvector';
import { expect, it } from 'vitest';
import { names, pack, textLike } from '../support/data.js';
import { register, tempPath } from '../support/env.js';

async function openOn(backend: 'native' | 'wasm', options: DbOptions): Promise<VectorDB> {
  const all = { ...options, backend };
  return register(await VectorDB.open(all), all);
}

const rows = 3000;
const dimensions = 384;
const vectors = textLike(rows, dimensions, 1);
const queries = textLike(20, dimensions, 2);

for (const [writer, reader] of [
  ['native', 'wasm'],
  ['wasm', 'native'],
] as const) {
  it(`${writer} writes, ${reader} reads and continues, ${writer} reads again`, async () => {
    const path = tempPath();
    const options = { dimensions, storagePath: path, index: 'hnsw' } as const;
    let db = await openOn(writer, options);
    const metadata = vectors.map((_, i) => ({ i, text: `row ${i} ü` }));
    await db.insertBatch({ ids: names(rows), vectors: pack(vectors), metadata });
    await db.deleteBatch(['id5', 'id6']);
    const before = await db.searchBatch(queries.map((vector) => ({ vector, k: 10, exact: true })));
    await db.close();
    expect(readdirSync(path).some((name) => name.startsWith('seg-'))).toBe(true);

    db = await openOn(reader, options);
    expect(db.backend.startsWith(reader)).toBe(true);
    expect(await db.len()).toBe(rows - 2);
    expect((await db.stats()).indexType).toBe('hnsw');
    const exact = await db.searchBatch(queries.map((vector) => ({ vector, k: 10, exact: true })));
    expect(exact.map((hits) => hits.map((hit) => hit.id))).toEqual(before.map((hits) => hits.map((hit) => hit.id)));
    const graph = await db.searchBatch(queries.map((vector) => ({ vector, k: 10, efSearch: 60 })));
    let found = 0;
    graph.forEach((hits, q) => {
      const ids = new Set(hits.map((hit) => hit.id));
      found += (before[q] ?? []).filter((hit) => ids.has(hit.id)).length;
    });
    expect(found / (10 * queries.length)).toBeGreaterThanOrEqual(0.95);
    const entry = await db.get('id7');
    expect(entry?.metadata).toEqual(metadata[7]);
    expect(Buffer.from((entry?.vector as Float32Array).buffer).equals(Buffer.from((vectors[7] as Float32Array).buffer))).toBe(true);
    await db.insert({ id: 'later', vector: vectors[5] as Float32Array, metadata: { by: reader } });
    await db.close();

    db = await openOn(writer, options);
    const [hit] = await db.search({ vector: vectors[5] as Float32Array, k: 1 });
    expect(hit).toMatchObject({ id: 'later', metadata: { by: reader } });
    expect(await db.len()).toBe(rows - 1);
  });
}

it('both backends give toBytes the same logical content', async () => {
  const of = async (target: 'native' | 'wasm') => {
    const db = await openOn(target, { dimensions: 3, seed: 5, threads: 1 });
    await db.insertBatch({
      ids: ['a', 'b', 'c'],
      vectors: Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1),
      metadata: [{ x: 1 }, null, { y: [1] }],
    });
    return db.toBytes();
  };
  const bytes = { native: await of('native'), wasm: await of('wasm') };
  for (const [from, to] of [
    ['native', 'wasm'],
    ['wasm', 'native'],
  ] as const) {
    const path = tempPath();
    mkdirSync(path);
    writeFileSync(join(path, 'copy.rvf'), bytes[from]);
    const db = await openOn(to, { dimensions: 3, storagePath: join(path, 'copy.rvf') });
    const all = [];
    for await (const entry of db.entries()) all.push([entry.id, [...entry.vector], entry.metadata]);
    expect(all).toEqual([
      ['a', [1, 0, 0], { x: 1 }],
      ['b', [0, 1, 0], undefined],
      ['c', [0, 0, 1], { y: [1] }],
    ]);
    await expect(db.insert({ vector: [1, 1, 1] })).rejects.toMatchObject({ code: 'READ_ONLY' });
  }
});

/** A process that holds the database open for writing, once it says so. */
function holder(path: string, backend: string): Promise<ChildProcess> {
  const entry = new URL('../../dist/index.js', import.meta.url).href;
  const code = `
    const { VectorDB } = await import(${JSON.stringify(entry)});
    const db = await VectorDB.open({ dimensions: 2, storagePath: ${JSON.stringify(path)}, backend: '${backend}' });
    await db.insert({ id: 'held', vector: [1, 0] });
    process.stdout.write('open');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    child.stdout.once('data', () => resolve(child));
    child.once('error', reject);
    child.once('exit', (exit) => reject(new Error(`the holder ended with ${exit}`)));
  });
}

for (const held of ['native', 'wasm'] as const) {
  for (const opener of ['native', 'wasm'] as const) {
    it(`a ${held} writer in another process locks out ${opener}, until it is killed`, async () => {
      const path = tempPath();
      const child = await holder(path, held);
      const gone = new Promise((resolve) => child.once('exit', resolve));
      try {
        const options = { dimensions: 2, storagePath: path } as const;
        await expect(openOn(opener, options)).rejects.toMatchObject({
          code: 'LOCKED',
          message: expect.stringContaining(String(child.pid)),
        });
        const reader = await openOn(opener, { ...options, readOnly: true });
        expect(await reader.has('held')).toBe(true);
        await reader.close();
        child.kill('SIGKILL');
        await gone;
        const db = await openOn(opener, options);
        expect(await db.has('held')).toBe(true);
        await db.insert({ id: 'next', vector: [0, 1] });
      } finally {
        child.kill('SIGKILL');
      }
    });
  }
}
