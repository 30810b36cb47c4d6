// What is on disk after every kind of change, who may open it, and what becomes of damaged and foreign files.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { RuvectorError, StoredEntry, VectorDB } from 'ruvector';
import { describe, expect, it } from 'vitest';
import { crc32c } from '../support/crc32c.js';
import { gaussian, names, pack, Random } from '../support/data.js';
import { openDb, reopenDb, tempPath } from '../support/env.js';

async function contents(db: VectorDB): Promise<StoredEntry[]> {
  const all: StoredEntry[] = [];
  for await (const entry of db.entries()) all.push(entry);
  return all;
}

async function errorOf(promise: Promise<unknown>): Promise<RuvectorError> {
  return promise.then(
    () => expect.fail('no error'),
    (error) => error as RuvectorError,
  );
}

type Change = (db: VectorDB) => Promise<unknown>;
const changes: [string, Change][] = [
  ['insert', (db) => db.insert({ id: 'new', vector: [5, 5], metadata: { new: true } })],
  ['insert of an id that exists', (db) => db.insert({ id: 'id1', vector: [5, 5] })],
  [
    'insertBatch',
    (db) =>
      db.insertBatch([
        { id: 'id2', vector: [5, 5], metadata: { x: 1 } },
        { id: 'b', vector: [6, 6] },
      ]),
  ],
  [
    'insertBatch of a matrix',
    (db) => db.insertBatch({ ids: ['id3', 'm'], vectors: new Float32Array([5, 5, 6, 6]), metadata: [{ x: 1 }, null] }),
  ],
  ['update of the vector', (db) => db.update('id1', { vector: [7, 7] })],
  ['update of the metadata', (db) => db.update('id1', { metadata: { changed: 1 } })],
  ['updateMetadata', (db) => db.updateMetadata('id1', {})],
  ['delete', (db) => db.delete('id1')],
  ['deleteBatch', (db) => db.deleteBatch(['id1', 'id3', 'missing'])],
  ['deleteWhere', (db) => db.deleteWhere({ i: { $gte: 4 } })],
  ['clear', (db) => db.clear()],
  ['clear, then insert', async (db) => [await db.clear(), await db.insert({ id: 'id0', vector: [9, 9] })]],
  ['delete, then insert of the same id', async (db) => [await db.delete('id1'), await db.insert({ id: 'id1', vector: [9, 9] })]],
];

it.each(changes)('%s is on disk as soon as it is acknowledged', async (_, change) => {
  const storagePath = tempPath();
  let db = await openDb({ dimensions: 2, distanceMetric: 'euclidean', storagePath });
  await db.insertBatch(names(8).map((id, i) => ({ id, vector: [i, 1], metadata: { i } })));
  const before = await contents(db);
  await change(db);
  const after = await contents(db);
  expect(after).not.toEqual(before);
  const beside = await openDb({ storagePath, readOnly: true });
  expect(await contents(beside)).toEqual(after);
  await beside.close();
  for (let round = 0; round < 2; round++) {
    db = await reopenDb(db);
    expect(await contents(db)).toEqual(after);
    expect(await db.len()).toBe(after.length);
    expect((await db.search({ vector: [0, 0], k: 20 })).map((hit) => hit.id).toSorted()).toEqual(after.map((entry) => entry.id).toSorted());
  }
});

describe('who may open', () => {
  it('a second writer is told who holds the lock, whatever its options', async () => {
    const storagePath = tempPath();
    const db = await openDb({ dimensions: 2, storagePath });
    await db.insert({ id: 'a', vector: [1, 0] });
    for (const options of [{ dimensions: 2 }, {}, { dimensions: 2, index: 'flat' }]) {
      const error = await errorOf(openDb({ ...options, storagePath }));
      expect(error).toMatchObject({ name: 'RuvectorError', code: 'LOCKED', method: 'open' });
      expect(error.message).toContain(String(process.pid));
      expect(error.message).toContain(storagePath);
    }
    expect(await db.insert({ id: 'b', vector: [1, 0] })).toBe('b');
    await db.close();
    expect(await (await openDb({ storagePath })).len()).toBe(2);
  });

  it('readers open beside a writer, see what was written before, and change nothing', async () => {
    const storagePath = tempPath();
    const writer = await openDb({ dimensions: 2, storagePath });
    await writer.insertBatch(names(20).map((id, i) => ({ id, vector: [i, 1], metadata: { i } })));
    const readers = [await openDb({ storagePath, readOnly: true }), await openDb({ dimensions: 2, storagePath, readOnly: true })];
    const files = readdirSync(storagePath).toSorted();
    await writer.insert({ id: 'later', vector: [1, 1] });
    for (const reader of readers) {
      const refused: Change[] = [
        (db) => db.insert({ id: 'x', vector: [1, 1] }),
        (db) => db.insertBatch([{ id: 'x', vector: [1, 1] }]),
        (db) => db.update('id1', { vector: [1, 1] }),
        (db) => db.updateMetadata('id1', {}),
        (db) => db.delete('id1'),
        (db) => db.deleteBatch(['id1']),
        (db) => db.deleteWhere({ i: 1 }),
        (db) => db.clear(),
        async (db) => db.insertSync({ id: 'x', vector: [1, 1] }),
        async (db) => db.clearSync(),
      ];
      for (const change of refused) await expect(change(reader)).rejects.toMatchObject({ name: 'RuvectorError', code: 'READ_ONLY' });
      expect(await reader.len()).toBe(20);
      expect((await reader.search({ vector: [3, 1], k: 3, filter: { i: { $lt: 10 } } })).length).toBe(3);
      expect(await reader.has('id19')).toBe(true);
      await reader.close();
    }
    expect(readdirSync(storagePath).toSorted()).toEqual(files);
    expect(await writer.len()).toBe(21);
  });

  it('what is fixed cannot be opened otherwise, and stays as it is', async () => {
    const storagePath = tempPath();
    const options = { dimensions: 3, distanceMetric: 'dot', hnswConfig: { m: 8 } };
    const db = await openDb({ ...options, storagePath });
    await db.insert({ id: 'a', vector: [1, 2, 3] });
    await db.close();
    for (const readOnly of [false, true]) {
      for (const [code, words, other] of [
        ['DIMENSION_MISMATCH', ['4', '3'], { dimensions: 4 }],
        ['INVALID_OPTION', ['cosine', 'dot'], { distanceMetric: 'cosine' }],
        ['INVALID_OPTION', ['euclidean', 'dot'], { distanceMetric: 'l2' }],
        ['INVALID_OPTION', ['16', '8'], { hnswConfig: { m: 16 } }],
      ] as const) {
        const error = await errorOf(openDb({ ...other, storagePath, readOnly }));
        expect(error.code).toBe(code);
        for (const word of words) expect(error.message).toContain(word);
      }
    }
    for (const allowed of [{}, options, { index: 'flat' }, { threads: 1 }, { hnswConfig: { efSearch: 7 } }, { scoreMode: 'similarity' }]) {
      const again = await openDb({ ...allowed, storagePath });
      expect([again.dimensions, again.metric, await again.len()]).toEqual([3, 'dot', 1]);
      await again.close();
    }
  });

  it('a folder is made, with those above it; nothing is made for a reader or a wrong option', async () => {
    const parent = dirname(tempPath());
    const storagePath = join(parent, 'not yet', 'ünïcödé 😀', 'db');
    for (const options of [{ dimensions: 2, readOnly: true }, { readOnly: true }]) {
      expect((await errorOf(openDb({ ...options, storagePath }))).code).toBe('NOT_FOUND');
    }
    for (const options of [{}, { dimensions: 0 }, { dimensions: 2, distanceMetric: 'wat' }]) {
      expect((await errorOf(openDb({ ...options, storagePath }))).code).toBe('INVALID_OPTION');
    }
    expect(readdirSync(parent)).toEqual([]);
    const db = await openDb({ dimensions: 2, storagePath });
    await db.insert({ id: 'a', vector: [1, 0] });
    expect(await (await reopenDb(db)).has('a')).toBe(true);
  });

  it('a file at the path, or above it, is an error and stays as it is', async () => {
    const parent = dirname(tempPath());
    for (const [name, text] of [
      ['empty', ''],
      ['text', 'hello, this is no database\n'],
      ['long', 'x'.repeat(100_000)],
      ['notes.rvf', 'RUVRVF\r\n'],
    ] as const) {
      const path = join(parent, name);
      writeFileSync(path, text);
      for (const readOnly of [false, true]) {
        const error = await errorOf(openDb({ dimensions: 2, storagePath: path, readOnly }));
        expect(error.code).toBe('CORRUPT');
        expect(error.message).toContain(path);
      }
      expect((await errorOf(openDb({ dimensions: 2, storagePath: join(path, 'db') }))).code).toBe('IO');
      expect(readFileSync(path, 'utf8')).toBe(text);
    }
  });

  it('other files in the folder are left alone', async () => {
    const storagePath = tempPath();
    mkdirSync(storagePath);
    writeFileSync(join(storagePath, 'notes.txt'), 'mine');
    const db = await openDb({ dimensions: 2, storagePath });
    await db.insert({ id: 'a', vector: [1, 0] });
    await (await reopenDb(db)).close();
    expect(readFileSync(join(storagePath, 'notes.txt'), 'utf8')).toBe('mine');
  });
});

// A folder with every kind of file: long enough a log that closing writes segments, deletions in them, and a log after that.
const dimensions = 1024;
async function everyKind(): Promise<{ folder: string; entries: StoredEntry[] }> {
  const count = 1100;
  const storagePath = tempPath();
  let db = await openDb({ dimensions, index: 'hnsw', storagePath, hnswConfig: { m: 4, efConstruction: 10 } });
  const metadata = names(count).map((_, i) => ({ i, text: 'metadata' }));
  await db.insertBatch({ ids: names(count), vectors: pack(gaussian(31, count, dimensions)), metadata });
  db = await reopenDb(db);
  await db.deleteBatch(names(40));
  await db.insertBatch({ ids: names(count, 'more'), vectors: pack(gaussian(32, count, dimensions)) });
  db = await reopenDb(db);
  const [vector] = gaussian(33, 1, dimensions);
  await db.insertBatch([
    { id: 'logged', vector: vector as Float32Array },
    { id: 'id50', vector: vector as Float32Array },
  ]);
  await db.delete('id60');
  const entries = await contents(db);
  await db.close();
  return { folder: storagePath, entries };
}

const kindOf = (file: string) => /^[a-z]+/.exec(file)?.[0] as string;

async function openDamaged(folder: string, entries: StoredEntry[], where: string): Promise<string> {
  try {
    const db = await openDb({ storagePath: folder, dimensions });
    const found = await contents(db);
    expect(found.length, where).toBe(entries.length);
    found.forEach((entry, i) => {
      const truth = entries[i] as StoredEntry;
      expect(entry.id, where).toBe(truth.id);
      expect(JSON.stringify(entry.metadata), where).toBe(JSON.stringify(truth.metadata));
      expect(Buffer.from(entry.vector.buffer).equals(Buffer.from(truth.vector.buffer)), where).toBe(true);
    });
    await db.search({ vector: (entries[0] as StoredEntry).vector, k: 10 });
    await db.close();
    return 'right';
  } catch (error) {
    const { name, code } = error as RuvectorError;
    if (name !== 'RuvectorError') throw error;
    expect(['CORRUPT', 'UNSUPPORTED'], `${where}: ${(error as Error).message}`).toContain(code);
    return code;
  }
}

describe('damage', () => {
  it('of one byte, in any file, gives an error or the right data', async () => {
    const { folder, entries } = await everyKind();
    const copy = join(dirname(folder), 'copy');
    const random = new Random(34);
    const files = readdirSync(folder).filter((file) => file !== 'LOCK');
    expect(new Set(files.map(kindOf))).toEqual(new Set(['manifest', 'seg', 'del', 'wal']));
    for (const file of files) {
      cpSync(folder, copy, { recursive: true });
      const path = join(copy, file);
      const bytes = readFileSync(path);
      const outcomes = new Set<string>();
      // Ends and headers, and anywhere.
      const near = [0, 8, 16, 63, 64].flatMap((offset) => [offset, bytes.length - 1 - offset]);
      const places = [...near, ...Array.from({ length: 12 }, () => random.below(bytes.length))];
      for (const place of places.filter((p) => p >= 0 && p < bytes.length)) {
        const damaged = Buffer.from(bytes);
        damaged[place] = (damaged[place] as number) ^ (1 << random.below(8));
        writeFileSync(path, damaged);
        outcomes.add(await openDamaged(copy, entries, `${file}, byte ${place} of ${bytes.length}`));
        rmSync(copy, { recursive: true });
        cpSync(folder, copy, { recursive: true });
      }
      expect(outcomes, file).toContain('CORRUPT');
      rmSync(copy, { recursive: true });
    }
  });

  it('a segment or manifest that is cut short, foreign or missing is an error', async () => {
    const { folder, entries } = await everyKind();
    const copy = join(dirname(folder), 'copy');
    for (const file of readdirSync(folder).filter((name) => /^(seg|del|manifest)-/.test(name))) {
      const size = statSync(join(folder, file)).size;
      const harm: [string, (path: string) => void][] = [
        ['missing', (path) => rmSync(path)],
        ['foreign', (path) => writeFileSync(path, 'x'.repeat(size))],
        ...[0, 1, 63, 64, size >> 1, size - 1].map((to): [string, (path: string) => void] => [
          `cut to ${to}`,
          (path) => truncateSync(path, to),
        ]),
      ];
      for (const [what, apply] of harm) {
        cpSync(folder, copy, { recursive: true });
        apply(join(copy, file));
        expect(await openDamaged(copy, entries, `${file} ${what}`), `${file} ${what}`).toBe('CORRUPT');
        rmSync(copy, { recursive: true });
      }
    }
    expect(await openDamaged(folder, entries, basename(folder))).toBe('right');
  });

  it('a folder that lost its manifests says so, whether dimensions are given or not', async () => {
    const { folder } = await everyKind();
    for (const file of readdirSync(folder).filter((name) => name.startsWith('manifest-'))) rmSync(join(folder, file));
    const files = readdirSync(folder).toSorted();
    for (const options of [{ dimensions }, {}, { dimensions, readOnly: true }]) {
      const { code, message } = await errorOf(openDb({ ...options, storagePath: folder }));
      expect([code, readdirSync(folder).toSorted()], `${JSON.stringify(options)}: ${message}`).toEqual(['CORRUPT', files]);
    }
  });

  it('a newer format is UNSUPPORTED and stays as it is', async () => {
    const { folder } = await everyKind();
    const file = readdirSync(folder).find((name) => name.startsWith('manifest-')) as string;
    const path = join(folder, file);
    const bytes = readFileSync(path);
    bytes.writeUInt16LE(2, 8);
    bytes.writeUInt32LE(crc32c(bytes.subarray(0, 60)), 60);
    writeFileSync(path, bytes);
    const files = readdirSync(folder).toSorted();
    const error = await errorOf(openDb({ storagePath: folder }));
    expect(error.code).toBe('UNSUPPORTED');
    expect(existsSync(path) && readFileSync(path).equals(bytes)).toBe(true);
    expect(readdirSync(folder).toSorted()).toEqual(files);
  });
});
