// Read-only openers beside a writer that seals, merges and compacts: what they have open stays readable until they refresh or close.
import { readdirSync } from 'node:fs';
import { type DbOptions, type StoredEntry, VectorDB } from 'ruvector';
import { describe, expect, it } from 'vitest';
import { collect } from '../support/data.js';
import { register, tempPath } from '../support/env.js';
import { disagreement } from '../support/reference.js';

const dimensions = 8;
const vector = (n: number) => Float32Array.from({ length: dimensions }, (_, i) => Math.sin(n * 7.3 + i * 0.91 + 1));
const rows = (from: number, to: number, metadata: object = {}) =>
  Array.from({ length: to - from }, (_, i) => ({
    id: `row ${from + i}`,
    vector: vector(from + i),
    metadata: { n: from + i, ...metadata },
  }));
const segments = (path: string) => readdirSync(path).filter((name) => name.startsWith('seg-'));

for (const [writer, reader] of [
  ['native', 'native'],
  ['native', 'wasm'],
  ['wasm', 'native'],
] as const) {
  describe(`a ${reader} reader beside a ${writer} writer`, () => {
    const open = async (options: DbOptions) => register(await VectorDB.open(options), options);

    async function check(db: VectorDB, expected: readonly StoredEntry[]): Promise<void> {
      expect(await collect(db.entries())).toEqual(expected);
      const all = new Map(expected.map((entry) => [entry.id, entry.vector]));
      for (const n of [1, 2000, 4999]) {
        const hits = await db.search({ vector: vector(n + 0.2), k: 20, exact: true });
        expect(disagreement('euclidean', all, vector(n + 0.2), 20, hits)).toBeUndefined();
        for (const hit of await db.search({ vector: vector(n), k: 20 })) expect(all.has(hit.id)).toBe(true);
      }
      const found = await db.verify();
      expect(found.damage).toEqual([]);
    }

    it('reads on what the writer has merged, compacted and removed', async () => {
      const storagePath = tempPath();
      const options = {
        dimensions,
        storagePath,
        distanceMetric: 'euclidean',
        index: 'hnsw',
        hnswConfig: { m: 4, efConstruction: 20 },
      } as const;
      const db = await open({ ...options, backend: writer });
      await db.insertBatch(rows(0, 9000));
      await db.flush();
      await db.insertBatch(rows(9000, 9010));
      const first = await open({ storagePath, readOnly: true, backend: reader });
      const before = await collect(first.entries());
      expect(before.length).toBe(9010);
      const opened = segments(storagePath);
      expect(opened.length).toBe(1);

      // So many deleted rows that the segment is sealed and merged in the background.
      await db.deleteBatch(
        rows(0, 9000)
          .filter((_, i) => i % 10 > 2)
          .map(({ id }) => id),
      );
      for (let n = 20_000; (await db.stats()).deleted > 0; n++) {
        await db.insert({ id: `after ${n}`, vector: vector(n) });
        if (n > 23_000) expect.fail('no merge');
      }
      const merged = segments(storagePath);
      expect(merged.some((name) => opened.includes(name))).toBe(false);
      const second = await open({ storagePath, readOnly: true, backend: reader });
      const between = await collect(second.entries());
      expect(between).toEqual(await collect(db.entries()));
      await check(first, before);

      await db.insertBatch(rows(0, 500, { again: true }));
      await db.collection('new', { dimensions: 2 }).insert({ id: 'a', vector: [1, 2] });
      await db.compact();
      expect(segments(storagePath).some((name) => opened.includes(name) || merged.includes(name))).toBe(false);
      const after = await collect(db.entries());
      await check(first, before);
      await check(second, between);
      expect(await second.collections()).toEqual(['default']);

      expect(await first.refresh()).toBe(true);
      await check(first, after);
      expect(await first.collection('new').len()).toBe(1);
      await check(second, between);
      await first.close();
      await db.close();
      await check(second, between);
      expect(await second.refresh()).toBe(true);
      await check(second, after);
      expect(await second.refresh()).toBe(false);
    });
  });
}
