// What each durability promises, as far as it can be seen: a copy of the folder is what a kill at that moment would leave, and every record of
// the log says whether all before it was on disk.
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DbOptions, VectorDB } from 'ruvector';
import { describe, expect, test } from 'vitest';
import { collect, gaussian } from '../support/data.js';
import { openDb, reopenDb, tempPath } from '../support/env.js';
import { errorOf } from '../support/errors.js';

type Durability = NonNullable<DbOptions['durability']>;
const durabilities: readonly Durability[] = ['sync', 'batch', 'none'];
const dimensions = 4;
const vectors = gaussian(71, 400, dimensions);
const entry = (i: number) => ({ id: `row ${i}`, vector: vectors[i] as Float32Array, metadata: { i } });
const entries = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => entry(from + i));

/** What a kill now would leave. */
async function killedNow(storagePath: string): Promise<{ [collection: string]: string[] }> {
  const copy = tempPath();
  cpSync(storagePath, copy, { recursive: true, filter: (path) => !path.endsWith('.lock') });
  const db = await openDb({ storagePath: copy });
  const found: { [collection: string]: string[] } = {};
  for (const name of await db.collections()) found[name] = await collect((name === 'default' ? db : db.collection(name)).keys());
  expect(await db.verify()).toMatchObject({ ok: true });
  await db.close();
  return found;
}

const idsOf = (from: number, to: number) => entries(from, to).map(({ id }) => id);

/** Of each transaction in the newest log: whether its first record says that everything before was on disk. FORMAT.md, Write-ahead log. */
function vouched(storagePath: string): boolean[] {
  const [log] = readdirSync(storagePath)
    .filter((name) => /^wal-[0-9a-f]{16}$/.test(name))
    .toSorted()
    .reverse();
  const bytes = readFileSync(join(storagePath, log as string));
  const flags = new Map<bigint, boolean>();
  for (let at = 64; at < bytes.length; ) {
    const sequence = bytes.readBigUInt64LE(at + 8);
    if (!flags.has(sequence)) flags.set(sequence, (bytes.readUInt8(at + 17) & 1) === 1);
    at += Math.ceil((24 + bytes.readUInt32LE(at)) / 8) * 8;
  }
  return [...flags.values()];
}

/** Every kind of write, and what is there after it. */
async function writeAll(db: VectorDB): Promise<{ [collection: string]: string[] }> {
  await db.insertBatch(entries(0, 20));
  await db.insert(entry(20));
  await db.update('row 0', { vector: vectors[30] as Float32Array });
  await db.updateMetadata('row 1', { changed: true });
  await db.delete('row 2');
  await db.deleteWhere({ i: { $gte: 18 } });
  await db.collection('other', { dimensions }).insert(entry(1));
  await db.transaction((t) => {
    t.insert(entry(40));
    t.collection('other').insert(entry(41));
  });
  db.deleteSync('row 3');
  const rows = [1, ...Array.from({ length: 14 }, (_, i) => i + 4)].map((i) => `row ${i}`);
  return { default: [...rows, 'row 0', 'row 40'].toSorted(), other: ['row 1', 'row 41'] };
}
const sorted = (found: { [collection: string]: string[] }) =>
  Object.fromEntries(Object.entries(found).map(([name, ids]) => [name, ids.toSorted()]));

describe.each(durabilities)('%s', (durability) => {
  test('what was written is seen at once, and after closing', async () => {
    const db = await openDb({ dimensions, durability, storagePath: tempPath() });
    const expected = await writeAll(db);
    const seen = async (of: VectorDB) => sorted({ default: await collect(of.keys()), other: await collect(of.collection('other').keys()) });
    expect(await seen(db)).toEqual(expected);
    const again = await reopenDb(db);
    expect(await seen(again)).toEqual(expected);
    expect(await again.get('row 1')).toEqual({ ...entry(1), metadata: { changed: true } });
    expect((await again.get('row 0'))?.vector).toEqual(vectors[30]);
    expect(await again.verify()).toMatchObject({ ok: true });
  });

  test('the next opening may take another durability', async () => {
    let db = await openDb({ dimensions, durability, storagePath: tempPath() });
    await db.insertBatch(entries(0, 10));
    for (const [i, other] of durabilities.entries()) {
      db = await reopenDb(db, { durability: other });
      await db.insert(entry(10 + i));
    }
    expect((await collect((await reopenDb(db)).keys())).toSorted()).toEqual(idsOf(0, 13).toSorted());
  });

  test('means nothing to a database in memory or a reader', async () => {
    const db = await openDb({ dimensions, durability });
    await db.insertBatch(entries(0, 10));
    await db.flush();
    expect(await db.len()).toBe(10);
    const storagePath = tempPath();
    await (await openDb({ dimensions, storagePath })).insert(entry(0));
    expect(await (await openDb({ storagePath, durability, readOnly: true })).len()).toBe(1);
  });

  test.each<[string, (db: VectorDB) => Promise<unknown>]>([
    ['flush', (db) => db.flush()],
    ['flushSync', async (db) => db.flushSync()],
    ['compact', (db) => db.compact()],
    ['close', (db) => db.close()],
    ['closeSync', async (db) => db.closeSync()],
  ])('after %s everything is in the files, whatever was killed', async (_, call) => {
    const storagePath = tempPath();
    const db = await openDb({ dimensions, durability, storagePath });
    const expected = await writeAll(db);
    await call(db);
    expect(sorted(await killedNow(storagePath))).toEqual(expected);
  });

  test('a snapshot holds everything', async () => {
    const storagePath = tempPath();
    const db = await openDb({ dimensions, durability, storagePath });
    const expected = await writeAll(db);
    for (const path of [`${storagePath} copy`, `${storagePath}.rvf`]) {
      await db.snapshot(path);
      const copy = await openDb({ storagePath: path });
      expect(sorted({ default: await collect(copy.keys()), other: await collect(copy.collection('other').keys()) })).toEqual(expected);
    }
  });
});

describe.each(['sync', 'batch'] as const)('%s', (durability) => {
  test('every acknowledged write survives a kill', async () => {
    const storagePath = tempPath();
    const db = await openDb({ dimensions, durability, storagePath });
    for (let i = 0; i < 10; i++) {
      await db.insert(entry(i));
      expect(await killedNow(storagePath)).toEqual({ default: idsOf(0, i + 1) });
    }
    const expected = await writeAll(db);
    expect(sorted(await killedNow(storagePath))).toEqual(expected);
    expect((await db.stats()).walBytes).toBeGreaterThan(64);
  });

  test('a reader sees each write once it refreshes', async () => {
    const storagePath = tempPath();
    const db = await openDb({ dimensions, durability, storagePath });
    const reader = await openDb({ storagePath, readOnly: true });
    for (let i = 0; i < 5; i++) {
      await db.insert(entry(i));
      expect([await reader.refresh(), await reader.len()]).toEqual([true, i + 1]);
    }
  });
});

test('sync: each write is on disk before the next begins', async () => {
  const storagePath = tempPath();
  const db = await openDb({ dimensions, durability: 'sync', storagePath });
  for (let i = 0; i < 20; i++) db.insertSync(entry(i));
  await Promise.all(entries(20, 60).map((one) => db.insert(one)));
  const flags = vouched(storagePath);
  expect(flags).toEqual(Array(60).fill(true));
  // The default.
  const other = tempPath();
  const plain = await openDb({ dimensions, storagePath: other });
  for (let i = 0; i < 20; i++) plain.insertSync(entry(i));
  expect(vouched(other)).toEqual(Array(20).fill(true));
});

test('batch: writes go on before the disk has them, which it has soon, and after flush', async () => {
  const storagePath = tempPath();
  const db = await openDb({ dimensions, durability: 'batch', storagePath });
  for (let i = 0; i < 100; i++) db.insertSync(entry(i));
  expect(vouched(storagePath).filter((flag) => !flag).length).toBeGreaterThan(50);
  await db.flush();
  db.insertSync(entry(100));
  expect(vouched(storagePath).at(-1)).toBe(true);
  // Nobody calls flush any more: it happens by itself.
  db.insertSync(entry(101));
  for (let i = 102; !vouched(storagePath).at(-1) || i === 102; i++) {
    expect(i, 'it never came to disk').toBeLessThan(150);
    await new Promise((resolve) => setTimeout(resolve, 200));
    db.insertSync(entry(i));
  }
});

test('none: writes nothing before it is asked to', async () => {
  const storagePath = tempPath();
  const db = await openDb({ dimensions, durability: 'none', storagePath });
  const reader = await openDb({ storagePath, readOnly: true });
  const before = readdirSync(storagePath).map((name) => [name, readFileSync(join(storagePath, name)).length]);
  await writeAll(db);
  expect(readdirSync(storagePath).map((name) => [name, readFileSync(join(storagePath, name)).length])).toEqual(before);
  expect(await killedNow(storagePath)).toEqual({ default: [] });
  expect([await reader.refresh(), await reader.len()]).toEqual([false, 0]);
  await db.flush();
  expect([await reader.refresh(), await reader.len()]).toEqual([true, await db.len()]);
  const flushed = await killedNow(storagePath);
  await db.insertBatch(entries(100, 200));
  await db.deleteBatch(idsOf(0, 20));
  expect(await killedNow(storagePath)).toEqual(flushed);
});

test.each([['always'], ['Sync'], [''], [true], [1], [null], [['sync']], [{}], [Number.NaN]])(
  'durability %o is refused',
  async (durability) => {
    const storagePath = tempPath();
    const { code, message } = await errorOf(() => openDb({ dimensions, durability, storagePath }));
    expect(code).toBe('INVALID_OPTION');
    expect(message).toMatch(/durability.*"sync".*"batch".*"none"/);
    expect((await errorOf(() => openDb({ storagePath }))).code).toBe('INVALID_OPTION');
  },
);
