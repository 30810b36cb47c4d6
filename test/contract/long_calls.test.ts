// Calls that take long: progress, giving up, and what stays behind.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VectorDB } from 'ruvector';
import { describe, expect, test } from 'vitest';
import { collect } from '../support/data.js';
import { backendOptions, openDb, reopenDb, target, tempPath } from '../support/env.js';
import { errorOf } from '../support/errors.js';

const rows = (n: number, prefix = 'r') =>
  Array.from({ length: n }, (_, i) => ({ id: `${prefix}${i}`, vector: [Math.cos(i), Math.sin(i), i / n, 1], metadata: { i } }));

const contentOf = async (db: VectorDB) => (await collect(db.entries())).map((e) => [e.id, Array.from(e.vector), e.metadata]);

/** Checks that progress only grows and reaches its total. */
function watch() {
  const seen: [number, number][] = [];
  return {
    seen,
    onProgress: (done: number, total: number) => {
      expect(done).toBeLessThanOrEqual(total);
      expect(done).toBeGreaterThanOrEqual(seen.at(-1)?.[0] ?? 0);
      seen.push([done, total]);
    },
  };
}

describe('insertBatch', () => {
  test('shows progress and commits all', async () => {
    const db = await openDb({ dimensions: 4, index: 'hnsw' });
    const { seen, onProgress } = watch();
    const ids = await db.insertBatch(rows(3500), { onProgress });
    expect(ids.length).toBe(3500);
    expect(seen.at(-1)).toEqual([3500, 3500]);
    expect(await db.len()).toBe(3500);
    expect((await db.stats()).pending).toBe(0);
  });

  test('aborted before the commit, it leaves nothing', async () => {
    let db = await openDb({ dimensions: 4, storagePath: tempPath() });
    await db.insert({ id: 'before', vector: [1, 0, 0, 0] });
    const reason = new Error('enough');
    const aborted = await errorOf(() => db.insertBatch(rows(2500), { signal: AbortSignal.abort(reason) }));
    expect([aborted.code, aborted.method, aborted.cause]).toEqual(['ABORTED', 'insertBatch', reason]);
    expect((await errorOf(() => db.insertBatch(rows(2500), { timeoutMs: 0.001 }))).code).toBe('TIMEOUT');
    expect(await db.len()).toBe(1);
    db = await reopenDb(db);
    expect(await db.len()).toBe(1);
  });

  test('a bad entry anywhere leaves nothing, and is named', async () => {
    const db = await openDb({ dimensions: 4 });
    const bad = rows(3000);
    (bad[2345] as { vector: number[] }).vector[1] = Number.NaN;
    const error = await errorOf(() => db.insertBatch(bad));
    expect(error.message).toMatch(/^entry 2345: vector has NaN at index 1/);
    expect(await db.len()).toBe(0);
    await db.insert({ id: 'after', vector: [1, 1, 1, 1] });
  });

  test('what the caller changes afterwards is not stored', async () => {
    const db = await openDb({ dimensions: 4 });
    const batch = rows(2500);
    const done = db.insertBatch(batch, {});
    for (const row of batch) row.vector[0] = 99;
    await done;
    expect((await db.get('r0'))?.vector[0]).toBe(1);
  });

  test.each([
    [{ signal: 5 }, /signal is 5, expected an AbortSignal/],
    [{ timeoutMs: -1 }, /timeoutMs is -1/],
    [{ onProgress: 'x' }, /onProgress is "x", expected a function/],
    [{ progress: 1 }, /unknown option "progress"/],
  ])('%o is refused', async (options, message) => {
    const db = await openDb({ dimensions: 4 });
    const error = await errorOf(() => db.insertBatch([], options as object));
    expect(error.code).toBe('INVALID_OPTION');
    expect(error.message).toMatch(message);
  });
});

describe('search', () => {
  test('takes a signal and a timeout', async () => {
    // So many that time is looked at again while they are scanned.
    const db = await openDb({ dimensions: 4, index: 'flat' });
    await db.insertBatch(rows(20_000));
    const { signal } = new AbortController();
    expect((await db.search({ vector: [1, 0, 0, 1], k: 3, signal, timeoutMs: 60_000 })).length).toBe(3);
    const aborted = await errorOf(() => db.search({ vector: [1, 0, 0, 1], signal: AbortSignal.abort() }));
    expect([aborted.code, aborted.method]).toEqual(['ABORTED', 'search']);
    expect((await errorOf(() => db.search([1, 0, 0, 1], 3, { timeoutMs: 1e-3 }))).code).toBe('TIMEOUT');
    expect((await errorOf(() => db.searchSync({ vector: [1, 0, 0, 1], timeoutMs: 1e-3 }))).code).toBe('TIMEOUT');
    expect((await errorOf(() => db.search({ vector: [1, 0, 0, 1], timeoutMs: 'soon' as never }))).message).toMatch(/timeoutMs is "soon"/);
    expect((await errorOf(() => db.search({ vector: [1, 0, 0, 1], signal: {} as never }))).message).toMatch(/AbortSignal/);
  });

  test.runIf(target === 'native')('ends while it is at work', async () => {
    const db = await openDb({ dimensions: 4, index: 'flat' });
    await db.insertBatch(rows(60_000));
    const controller = new AbortController();
    // A filter that has to be tried on every row.
    const slow = db.search({
      vector: [1, 0, 0, 1],
      filter: { $or: [{ i: -1 }, { 'a.b.c': { $in: ['x', 'y'] } }] },
      signal: controller.signal,
    });
    controller.abort();
    expect((await errorOf(() => slow)).code).toBe('ABORTED');
  });
});

describe('export and import', () => {
  test('carry everything, also through JSON, with progress', async () => {
    const db = await openDb({ dimensions: 4, distanceMetric: 'euclidean' });
    await db.insertBatch(rows(2500));
    const out = watch();
    const data = await db.exportAll({ onProgress: out.onProgress });
    expect(out.seen.at(-1)).toEqual([2500, 2500]);
    expect([data.format, data.version, data.options]).toEqual(['ruvector-export', 1, { dimensions: 4, distanceMetric: 'euclidean' }]);
    const copy = await openDb({ dimensions: 4, distanceMetric: 'euclidean' });
    const into = watch();
    expect(await copy.importAll(JSON.parse(JSON.stringify(data)), { onProgress: into.onProgress })).toBe(2500);
    expect(await contentOf(copy)).toEqual(await contentOf(db));
  });

  test('import takes entries one by one, all or nothing', async () => {
    const db = await openDb({ dimensions: 4 });
    const source = await openDb({ dimensions: 4 });
    await source.insertBatch(rows(1500));
    const head = { format: 'ruvector-export', version: 1 } as const;
    expect(await db.importAll({ ...head, entries: source.entries() })).toBe(1500);
    async function* failing() {
      yield* rows(1200, 'x');
      throw new Error('the source is gone');
    }
    await expect(db.importAll({ ...head, entries: failing() })).rejects.toThrow('the source is gone');
    expect(await db.len()).toBe(1500);
    const wrong = await errorOf(() => db.importAll({ ...head, entries: [...rows(1100), { id: 'y', vector: [1] }] }));
    expect(wrong.message).toMatch(/^entry 1100: vector has 1 values/);
    expect((await errorOf(() => db.importAll({ ...head, options: { dimensions: 9 }, entries: [] }))).code).toBe('DIMENSION_MISMATCH');
    expect((await errorOf(() => db.importAll({ ...head, version: 2 as 1, entries: [] }))).message).toMatch(/version is 2/);
    expect((await errorOf(() => db.importAll([] as never))).code).toBe('INVALID_OPTION');
    let ended = false;
    async function* stalling() {
      try {
        yield* rows(10, 'z');
        await new Promise(() => {}); // for ever
      } finally {
        ended = true;
      }
    }
    for (const [options, code] of [
      [{ timeoutMs: 20 }, 'TIMEOUT'],
      [{ signal: AbortSignal.timeout(20) }, 'ABORTED'],
    ] as const) {
      expect((await errorOf(() => db.importAll({ ...head, entries: stalling() }, options))).code).toBe(code);
      expect(ended).toBe(false);
    }
    expect(await db.importAll({ ...head, entries: rows(3) }, { timeoutMs: 60_000 })).toBe(3);
    expect((await errorOf(() => db.importAll({ ...head, entries: rows(5000), ...{} }, { signal: AbortSignal.abort() }))).code).toBe(
      'ABORTED',
    );
    expect(await db.len()).toBe(1500);
  });
});

describe('compact', () => {
  test('erases what was deleted or replaced from every file, and keeps the rest', async () => {
    const path = tempPath();
    let db = await openDb({ dimensions: 4, storagePath: path });
    const marked = (i: number) => ({ id: `secret-id-${i}`, vector: [7.25, i, 1, 1], metadata: { note: `secret-note-${i}` } });
    await db.insertBatch([...rows(50), marked(1), marked(2)]);
    await db.flush();
    db = await reopenDb(db);
    await db.insert(marked(3));
    await db.delete('secret-id-1');
    await db.insert({ id: 'secret-id-2', vector: [1, 1, 1, 1] }); // replaced: the id stays
    await db.updateMetadata('r7', { note: 'secret-note-9' });
    await db.updateMetadata('r7', { i: 7 });
    await db.delete('secret-id-3');
    const before = await contentOf(db);
    const { seen, onProgress } = watch();
    await db.compact({ onProgress });
    expect(seen.length).toBeGreaterThan(0);
    const files = readdirSync(path).map((name) => readFileSync(join(path, name)));
    for (const needle of ['secret-id-1', 'secret-id-3', 'secret-note']) {
      expect(
        files.some((bytes) => bytes.includes(needle)),
        needle,
      ).toBe(false);
    }
    expect(files.some((bytes) => bytes.includes(Buffer.from(new Float32Array([7.25]).buffer)))).toBe(false);
    expect(files.some((bytes) => bytes.includes('secret-id-2'))).toBe(true);
    expect(await contentOf(db)).toEqual(before);
    expect((await db.stats()).deleted).toBe(0);
    expect(await contentOf(await reopenDb(db))).toEqual(before);
  });

  test('an aborted one loses nothing', async () => {
    let db = await openDb({ dimensions: 4, storagePath: tempPath(), index: 'hnsw' });
    await db.insertBatch(rows(1500));
    await db.deleteBatch(rows(700).map((r) => r.id));
    const before = await contentOf(db);
    const controller = new AbortController();
    const call = db.compact({ signal: controller.signal, onProgress: () => controller.abort() });
    expect((await errorOf(() => call)).code).toBe('ABORTED');
    expect(await contentOf(db)).toEqual(before);
    await db.compact();
    expect(await contentOf(db)).toEqual(before);
    db = await reopenDb(db);
    expect(await contentOf(db)).toEqual(before);
    expect((await db.stats()).deleted).toBe(0);
  });

  test('works in memory, and writes go on beside it', async () => {
    const db = await openDb({ dimensions: 4, index: 'hnsw' });
    await db.insertBatch(rows(1000));
    await db.deleteBatch(rows(500).map((r) => r.id));
    const compacting = db.compact();
    for (let i = 0; i < 20; i++) await db.insert({ id: `w${i}`, vector: [1, i, 0, 1] });
    await db.delete('r999');
    await compacting;
    expect(await db.len()).toBe(519);
    expect(await db.has('r999')).toBe(false);
    expect((await db.search({ vector: [1, 5, 0, 1], k: 1 }))[0]?.id).toBe('w5');
  });
});

describe('snapshot', () => {
  test('copies the database as of its call, while writes go on', async () => {
    const db = await openDb({ dimensions: 4, storagePath: tempPath(), index: 'hnsw' });
    await db.insertBatch(rows(800));
    await db.collection('notes', { dimensions: 2 }).insert({ id: 'n', vector: [1, 2] });
    await db.delete('r3');
    const copyPath = join(tempPath(), 'copy');
    const { seen, onProgress } = watch();
    const snapshot = db.snapshot(copyPath, { onProgress });
    await snapshot;
    await db.insert({ id: 'later', vector: [1, 1, 1, 1] });
    expect(seen.length).toBeGreaterThan(0);
    const copy = await openDb({ dimensions: 4, storagePath: copyPath });
    expect(await copy.len()).toBe(799);
    expect(await copy.has('later')).toBe(false);
    expect(await copy.collection('notes').len()).toBe(1);
    expect((await copy.verify()).ok).toBe(true);
    await copy.insert({ id: 'own', vector: [0, 0, 0, 1] });
    expect(await db.has('own')).toBe(false);
    const taken = await errorOf(() => db.snapshot(copyPath));
    expect([taken.code, taken.method]).toEqual(['ALREADY_EXISTS', 'snapshot']);
    expect((await errorOf(() => db.snapshot(5 as never))).message).toMatch(/path is 5/);
  });

  test('is one file where the path says so, whatever its name', async () => {
    const db = await openDb({ dimensions: 4, storagePath: tempPath(), index: 'hnsw' });
    await db.insertBatch(rows(800));
    await db.collection('notes', { dimensions: 2 }).insert({ id: 'n', vector: [1, 2] });
    await db.deleteBatch(['r3', 'r4']);
    await db.compact();
    await db.insertBatch(rows(20, 'later '));
    await db.delete('r7');
    const path = join(tempPath(), 'Sicherung vom März (1).rvf');
    await db.snapshot(path);
    const expected = await contentOf(db);
    await db.clear();
    expect(readdirSync(join(path, '..'))).toEqual(['Sicherung vom März (1).rvf']);
    const copy = await openDb({ storagePath: path });
    expect(await contentOf(copy)).toEqual(expected);
    expect(await copy.collection('notes').len()).toBe(1);
    expect((await errorOf(() => copy.insert({ id: 'x', vector: [1, 1, 1, 1] }))).code).toBe('READ_ONLY');
    const writable = await VectorDB.fromBytes(readFileSync(path), backendOptions());
    await writable.insert({ id: 'x', vector: [1, 1, 1, 1] });
    expect(await writable.len()).toBe(expected.length + 1);
    await writable.close();
    expect((await errorOf(() => db.snapshot(path))).code).toBe('ALREADY_EXISTS');
    // And a copy of the copy.
    const second = join(tempPath(), 'second.rvf');
    await copy.snapshot(second);
    expect(await contentOf(await openDb({ storagePath: second }))).toEqual(expected);
  });

  describe.each(['folder', 'file.rvf'])('%s', (name) => {
    test('of a database in memory', async () => {
      const db = await openDb({ dimensions: 4 });
      await db.insertBatch(rows(30));
      const path = join(tempPath(), name);
      await db.snapshot(path);
      const copy = await openDb({ storagePath: path });
      expect(await contentOf(copy)).toEqual(await contentOf(db));
    });

    test('an aborted one leaves nothing', async () => {
      const db = await openDb({ dimensions: 4, storagePath: tempPath() });
      await db.insertBatch(rows(30));
      const path = join(tempPath(), name);
      const controller = new AbortController();
      const call = db.snapshot(path, { signal: controller.signal, onProgress: () => controller.abort() });
      expect((await errorOf(() => call)).code).toBe('ABORTED');
      expect(readdirSync(join(path, '..'))).toEqual([]);
      await db.snapshot(path);
      expect(await (await openDb({ storagePath: path })).len()).toBe(30);
    });
  });
});

describe('verify', () => {
  test('finds nothing wrong with a sound database', async () => {
    const db = await openDb({ dimensions: 4, storagePath: tempPath(), index: 'hnsw' });
    await db.insertBatch(rows(600));
    await db.compact();
    await db.deleteBatch(['r1', 'r2']);
    const found = await db.verify();
    expect(found).toMatchObject({ ok: true, damage: [] });
    expect(found.files).toBeGreaterThanOrEqual(2);
  });

  test('names the file that is damaged', async () => {
    const path = tempPath();
    let db = await openDb({ dimensions: 4, storagePath: path, index: 'hnsw' });
    await db.insertBatch(rows(600));
    await db.delete('r1');
    await db.compact();
    await db.close();
    const name = readdirSync(path).find((n) => n.startsWith('seg-')) as string;
    const bytes = readFileSync(join(path, name));
    const at = bytes.indexOf(Buffer.from('{"i":300}'));
    expect(at).toBeGreaterThan(0);
    bytes.writeUInt8((bytes.readUInt8(at) ^ 1) & 0xff, at);
    writeFileSync(join(path, name), bytes);
    db = await openDb({ storagePath: path });
    const found = await db.verify();
    expect(found.ok).toBe(false);
    expect(found.damage[0]?.file).toBe(name);
    expect(found.damage[0]?.detail).toMatch(/section 8/);
  });
});
