import { expect, test } from 'vitest';
import { openDb, reopenDb, tempPath } from '../support/env.js';
import { errorOf } from '../support/errors.js';

const vectorOf = (i: number) => [Math.cos(i / 50), Math.sin(i / 50)];
const rows = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => ({
    id: `r${from + i}`,
    vector: vectorOf(from + i),
    metadata: { i: from + i, even: i % 2 === 0 },
  }));

test('getMany answers in the order of the ids, null where there is none', async () => {
  const db = await openDb({ dimensions: 2 });
  await db.insertBatch(rows(0, 5));
  const found = await db.getMany(['r3', 'nobody', 'r0', 'r3']);
  expect(found.map((e) => e?.id ?? null)).toEqual(['r3', null, 'r0', 'r3']);
  expect(Array.from(found[2]?.vector ?? [])).toEqual([1, 0]);
  expect(db.getManySync(['r1'])[0]?.metadata).toEqual({ i: 1, even: false });
  expect(await db.getMany([])).toEqual([]);
  expect((await errorOf(() => db.getMany('r1' as never))).message).toMatch(/ids is "r1"/);
});

test('like finds what is near an entry, without itself', async () => {
  const path = tempPath();
  let db = await openDb({ dimensions: 2, storagePath: path });
  await db.insertBatch(rows(0, 60));
  const near = await db.search({ like: 'r30', k: 2 });
  expect(near.map((h) => h.id).toSorted()).toEqual(['r29', 'r31']);
  expect((await db.search({ like: 'r30', k: 60 })).length).toBe(59);
  expect(db.searchSync({ like: 'r0', k: 1, filter: { even: false } })[0]?.id).toBe('r1');
  const both = await db.searchBatch([
    { like: 'r10', k: 1 },
    { vector: vectorOf(10), k: 1 },
  ]);
  expect(both[0]?.[0]?.id).not.toBe('r10');
  expect(both[1]?.[0]?.id).toBe('r10');
  const missing = await errorOf(() => db.search({ like: 'nobody' }));
  expect([missing.code, missing.method]).toEqual(['NOT_FOUND', 'search']);
  expect((await errorOf(() => db.search({ like: 'r1', vector: [1, 0] }))).message).toMatch(/vector and like are both given/);
  expect((await errorOf(() => db.search({} as never))).code).toBe('INVALID_VECTOR');
  // Where the dimensions are not known yet.
  db = await reopenDb(db, { storagePath: path });
  expect((await db.search({ like: 'r30', k: 2 })).length).toBe(2);
});

test('a threshold makes a range search', async () => {
  const db = await openDb({ dimensions: 2 });
  await db.insertBatch(rows(0, 100));
  const least = Math.cos(5 / 50);
  const near = await db.search({ vector: vectorOf(50), k: 1000, threshold: least - 1e-6 });
  expect(near.map((h) => h.id).toSorted()).toEqual(
    rows(45, 56)
      .map((r) => r.id)
      .toSorted(),
  );
});

test('pages go on where they ended, whatever is written meanwhile', async () => {
  let db = await openDb({ dimensions: 2, storagePath: tempPath() });
  await db.insertBatch(rows(0, 250));
  const seen: string[] = [];
  let cursor: string | null = null;
  let n = 0;
  do {
    const page: Awaited<ReturnType<typeof db.page>> = await db.page({ limit: 40, cursor });
    expect(page.entries.length).toBeLessThanOrEqual(40);
    seen.push(...page.entries.map((e) => e.id));
    cursor = page.cursor;
    n++;
    await db.deleteBatch([`r${n}`, `r${249 - n}`]); // some seen, some not yet
    if (n === 2) await db.compact();
    if (n === 3) db = await reopenDb(db);
    await db.insert({ id: `new${n}`, vector: [1, 1] });
  } while (cursor !== null);
  expect(new Set(seen).size).toBe(seen.length);
  expect(n).toBe(7);
  const stayed = rows(0, 250)
    .map((r) => r.id)
    .filter((id) => !/^r([1-9]|24[0-9])$/.test(id));
  expect(stayed.filter((id) => !seen.includes(id))).toEqual([]);
  expect(db.pageSync({ filter: { even: true }, limit: 3 }).entries.map((e) => e.id)).toEqual(['r0', 'r8', 'r10']);
  expect((await errorOf(() => db.page({ limit: 0 }))).message).toMatch(/limit is 0/);
  expect((await errorOf(() => db.page({ cursor: 'zzz' }))).code).toBe('INVALID_OPTION');
  expect((await errorOf(() => db.page({ offset: 3 } as never))).message).toMatch(/unknown option "offset"/);
});
