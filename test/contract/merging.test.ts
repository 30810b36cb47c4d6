// What merging makes of a graph: rows with one vector, rows that led into it, and readers in the middle of it.
import type { VectorDB } from 'ruvector';
import { describe, expect, test } from 'vitest';
import { collect, gaussian } from '../support/data.js';
import { openDb, tempPath } from '../support/env.js';

const dimensions = 8;
const open = () =>
  openDb({ dimensions, index: 'hnsw', distanceMetric: 'euclidean', storagePath: tempPath(), hnswConfig: { m: 6, efConstruction: 60 } });

/** Rows, sealed in a segment of their own. */
async function seal(db: VectorDB, rows: { id: string; vector: Float32Array }[]): Promise<void> {
  await db.insertBatch(rows);
  await db.compact();
}

/** The share of what an exact search finds that the graph finds, too. */
async function recall(db: VectorDB, queries: Float32Array[], k = 10): Promise<number> {
  let found = 0;
  for (const vector of queries) {
    const exact = new Set((await db.search({ vector, k, exact: true })).map(({ id }) => id));
    found += (await db.search({ vector, k })).filter(({ id }) => exact.has(id)).length;
  }
  return found / (k * queries.length);
}

describe('merging', () => {
  test('rows with the same vector stay apart, in and across segments', async () => {
    const db = await open();
    const vectors = gaussian(81, 60, dimensions);
    const rows = (name: string) =>
      Array.from({ length: 480 }, (_, i) => ({ id: `${name}${i}`, vector: vectors[i % vectors.length] as Float32Array }));
    await seal(db, rows('a'));
    await seal(db, rows('b'));
    await db.deleteBatch(Array.from({ length: 240 }, (_, i) => `a${i}`));
    const expected = [...rows('a').slice(240), ...rows('b')];
    for (const step of ['deleted', 'merged']) {
      if (step === 'merged') await db.compact();
      for (const [i, vector] of vectors.entries()) {
        const same = expected.filter((_, j) => expected[j]?.vector === vector).map(({ id }) => id);
        const hits = await db.search({ vector, k: same.length });
        expect(hits.map(({ id }) => id).toSorted(), `${step} ${i}`).toEqual(same.toSorted());
        expect(hits.every(({ distance }) => distance === 0)).toBe(true);
      }
      expect(await db.search({ vector: vectors[0] as Float32Array, k: 1000 })).toHaveLength(expected.length);
    }
  });

  test('what led into the graph may go: the first rows, the last, nearly all', async () => {
    const vectors = gaussian(82, 1500, dimensions);
    const queries = gaussian(83, 40, dimensions);
    const all = vectors.map((vector, i) => ({ id: `${i}`, vector }));
    for (const [from, to] of [
      [0, 700],
      [800, 1500],
      [10, 1490],
      [0, 1499],
    ] as const) {
      const db = await open();
      await seal(db, all.slice(0, 750));
      await seal(db, all.slice(750));
      await db.deleteBatch(all.slice(from, to).map(({ id }) => id));
      await db.compact();
      const left = all.length - (to - from);
      expect(await db.len()).toBe(left);
      expect(await recall(db, queries, Math.min(10, left)), `without ${from} to ${to}`).toBeGreaterThanOrEqual(0.95);
      expect(await db.verify()).toMatchObject({ ok: true });
      await db.clear();
      await db.compact();
      await seal(db, all.slice(0, 300));
      expect(await recall(db, queries)).toBeGreaterThanOrEqual(0.95);
    }
  });

  test('a cursor goes on through it: each row that stays comes once, in order', async () => {
    const db = await open();
    const rows = gaussian(84, 900, dimensions).map((vector, i) => ({ id: `${i}`, vector }));
    await seal(db, rows.slice(0, 450));
    await seal(db, rows.slice(450));
    const seen: string[] = [];
    let next: string | undefined;
    for (let page = 0; page === 0 || next !== undefined; page++) {
      const { entries, cursor } = await db.page({ limit: 100, ...(next !== undefined && { cursor: next }) });
      seen.push(...entries.map(({ id }) => id));
      next = cursor ?? undefined;
      await db.deleteBatch([`${page * 50}`, `${899 - page}`]);
      await db.insert({ id: `new ${page}`, vector: rows[page]?.vector as Float32Array });
      if (page % 2 === 0) await db.compact();
    }
    expect(new Set(seen).size).toBe(seen.length);
    const left = new Set(await collect(db.keys()));
    const stayed = rows.map(({ id }) => id).filter((id) => left.has(id));
    expect(seen.filter((id) => left.has(id) && !id.startsWith('new'))).toEqual(stayed);
  });
});
