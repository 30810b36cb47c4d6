// What a damaged database still holds can be saved.
import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { VectorDB } from 'ruvector';
import { describe, expect, test } from 'vitest';
import { collect, gaussian } from '../support/data.js';
import { backendOptions, openDb, tempPath } from '../support/env.js';
import { errorOf } from '../support/errors.js';

const dimensions = 32;
const vectors = gaussian(5, 400, dimensions);
const entry = (i: number) => ({ id: `row ${i}`, vector: vectors[i] as Float32Array, metadata: { i, text: `text of ${i}` } });

/** 300 rows in a sealed segment of which every tenth is deleted, 100 in the log; another collection. */
async function makeDatabase(): Promise<{ path: string; alive: Set<string> }> {
  const path = tempPath();
  const db = await openDb({ dimensions, storagePath: path, distanceMetric: 'euclidean' });
  const names = db.collection('names', { dimensions: 2 });
  await names.insert({ id: 'Ada', vector: [1, 2] });
  await db.insertBatch(Array.from({ length: 301 }, (_, i) => entry(i)));
  await db.delete('row 300');
  await db.compact();
  await db.deleteBatch(Array.from({ length: 30 }, (_, i) => `row ${i * 10}`));
  await db.flush();
  await db.insertBatch(Array.from({ length: 100 }, (_, i) => entry(300 + i)));
  const alive = new Set(await collect(db.keys()));
  expect(alive.size).toBe(370);
  await db.close();
  return { path, alive };
}

const fileOf = (path: string, prefix: string) => {
  const files = readdirSync(path).filter((name) => name.startsWith(prefix));
  const largest = files.sort((a, b) => statSync(join(path, b)).size - statSync(join(path, a)).size)[0];
  return join(path, largest ?? expect.fail(`no ${prefix}`));
};

function flip(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[at] = (bytes[at] as number) ^ 0x10;
  writeFileSync(file, bytes);
}

async function salvaged(path: string) {
  const to = tempPath();
  const before = readdirSync(path).map((name) => [name, readFileSync(join(path, name)).toString('base64')]);
  const report = await VectorDB.salvage(path, to, backendOptions());
  expect(readdirSync(path).map((name) => [name, readFileSync(join(path, name)).toString('base64')])).toEqual(before);
  const db = await openDb({ storagePath: to });
  expect((await db.verify()).ok).toBe(true);
  for await (const found of db.entries()) expect(found).toEqual(entry(Number(found.id.slice(4))));
  const other = await db.collection('names').get('Ada');
  return { report, db, other, keys: new Set(await collect(db.keys())) };
}

describe('salvage', () => {
  test('of a sound database is a copy', async () => {
    const { path, alive } = await makeDatabase();
    const { report, db, other, keys } = await salvaged(path);
    expect(report).toEqual({ rows: 371, lost: 0, damage: [] });
    expect(keys).toEqual(alive);
    expect(other?.vector).toEqual(new Float32Array([1, 2]));
    expect(db.metric).toBe('euclidean');
  });

  test('loses the rows of a damaged block only, and says which file it is', async () => {
    const { path, alive } = await makeDatabase();
    const file = fileOf(path, 'seg-');
    flip(file, Math.floor(statSync(file).size / 2));
    const { report, keys } = await salvaged(path);
    expect(report.damage.length).toBeGreaterThan(0);
    expect(file.endsWith(report.damage[0]?.file ?? '?')).toBe(true);
    for (const id of keys) expect(alive).toContain(id);
    expect(report.lost).toBeGreaterThan(0);
    expect(keys.size).toBeGreaterThanOrEqual(alive.size - report.lost);
    expect(keys.size).toBeGreaterThanOrEqual(100);
    expect(report.rows).toBe(keys.size + 1);
  });

  test('works without a manifest', async () => {
    const { path, alive } = await makeDatabase();
    for (const name of readdirSync(path)) if (name.startsWith('manifest-')) rmSync(join(path, name));
    const opened = await errorOf(() => openDb({ storagePath: path }));
    expect(opened.code).toBe('CORRUPT');
    const { report, keys, other } = await salvaged(path);
    for (const id of alive) expect(keys).toContain(id);
    expect(other).not.toBeNull();
    expect(report.damage[0]?.file).toBe('manifest');
  });

  test('keeps the transactions before and after a damaged one in the log', async () => {
    const path = tempPath();
    const db = await openDb({ dimensions, storagePath: path });
    for (let i = 0; i < 20; i++) await db.insert(entry(i));
    await db.close();
    const log = fileOf(path, 'wal-');
    flip(log, Math.floor(statSync(log).size / 2));
    expect((await errorOf(() => openDb({ storagePath: path }))).code).toBe('CORRUPT');
    const to = tempPath();
    const report = await VectorDB.salvage(path, to, backendOptions());
    expect(report.damage.map((d) => log.endsWith(d.file))).toEqual([true]);
    expect(report.rows).toBe(19);
    const again = await openDb({ storagePath: to });
    for await (const found of again.entries()) expect(found).toEqual(entry(Number(found.id.slice(4))));
  });

  test.each([0, 1, 63])('a log that was cut to %i bytes is damaged, and the rest can be saved', async (bytes) => {
    const { path } = await makeDatabase();
    const log = fileOf(path, 'wal-');
    truncateSync(log, bytes);
    const files = readdirSync(path).toSorted();
    for (const readOnly of [true, false]) {
      const opened = await errorOf(() => openDb({ storagePath: path, readOnly }));
      expect([opened.code, opened.message]).toEqual(['CORRUPT', expect.stringContaining(log)]);
    }
    expect(readdirSync(path).toSorted()).toEqual(files);
    const { report, keys } = await salvaged(path);
    expect(report.damage).toEqual([{ file: basename(log), detail: expect.stringContaining('cut short') }]);
    expect(keys.size).toBe(300); // of the segment, also those that only the log deleted
  });

  test('refuses what it cannot do', async () => {
    const { path } = await makeDatabase();
    const salvage = (from: string, to: string) => errorOf(() => VectorDB.salvage(from, to, backendOptions()));
    expect((await salvage(tempPath(), tempPath())).code).toBe('NOT_FOUND');
    expect((await salvage(path, path)).code).toBe('ALREADY_EXISTS');
    expect((await salvage('', tempPath())).code).toBe('INVALID_OPTION');
    const db = await openDb({ storagePath: path });
    expect((await salvage(path, tempPath())).code).toBe('LOCKED');
    await db.close();
    for (const name of readdirSync(path)) if (!name.startsWith('wal-')) rmSync(join(path, name));
    expect((await salvage(path, tempPath())).code).toBe('CORRUPT');
  });
});
