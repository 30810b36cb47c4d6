// Several collections in one database.
import { type Collection, VectorDB } from 'ruvector';
import { describe, expect, test } from 'vitest';
import { collect } from '../support/data.js';
import { openDb, reopenDb, tempPath } from '../support/env.js';
import { errorOf } from '../support/errors.js';

const idsOf = async (rows: Collection | VectorDB) => collect(rows.keys());

describe('collections', () => {
  test('each has its own dimensions, metric and ids', async () => {
    const db = await openDb({ dimensions: 2 });
    const notes = db.collection('notes', { dimensions: 3, distanceMetric: 'euclidean' });
    await db.insert({ id: 'a', vector: [1, 0], metadata: { of: 'db' } });
    await notes.insert({ id: 'a', vector: [1, 2, 3], metadata: { of: 'notes' } });
    expect(notes.dimensions).toBe(3);
    expect(notes.metric).toBe('euclidean');
    expect((await db.get('a'))?.metadata).toEqual({ of: 'db' });
    expect((await notes.get('a'))?.metadata).toEqual({ of: 'notes' });
    expect((await notes.search({ vector: [1, 2, 3], k: 1 }))[0]?.distance).toBe(0);
    expect(notes.searchSync(new Float32Array([1, 2, 4]), 1, { includeMetadata: false })[0]?.distance).toBe(1);
    expect((await errorOf(() => notes.insert({ id: 'b', vector: [1, 2] }))).code).toBe('DIMENSION_MISMATCH');
    await notes.delete('a');
    expect(await notes.len()).toBe(0);
    expect(await db.len()).toBe(1);
  });

  test('they are listed, and dropped with all they hold', async () => {
    const db = await openDb({ dimensions: 2 });
    const [one, two] = [db.collection('one', { dimensions: 2 }), db.collection('two', { dimensions: 2 })];
    await one.insert({ id: 'x', vector: [1, 1] });
    two.insertSync({ id: 'y', vector: [1, 1] });
    expect((await db.collections()).toSorted()).toEqual(['default', 'one', 'two']);
    expect(await db.dropCollection('one')).toBe(true);
    expect(await db.dropCollection('one')).toBe(false);
    expect(db.collectionsSync().toSorted()).toEqual(['default', 'two']);
    const gone = await errorOf(() => one.len());
    expect([gone.code, gone.method]).toEqual(['NOT_FOUND', 'len']);
    expect(gone.message).toMatch(/"one" was dropped/);
    const again = db.collection('one', { dimensions: 5 });
    expect(await again.len()).toBe(0);
    expect(again.dimensions).toBe(5);
  });

  test('they survive reopening, and a drop does too', async () => {
    let db = await openDb({ dimensions: 2, storagePath: tempPath() });
    for (const name of ['kept', 'dropped']) await db.collection(name, { dimensions: 4 }).insert({ id: name, vector: [1, 2, 3, 4] });
    await db.dropCollection('dropped');
    db = await reopenDb(db);
    expect((await db.collections()).toSorted()).toEqual(['default', 'kept']);
    const kept = db.collection('kept');
    expect(await idsOf(kept)).toEqual(['kept']);
    expect(kept.dimensions).toBe(4);
    await kept.insert({ id: 'more', vector: [0, 0, 0, 1] });
    await db.compact();
    db = await reopenDb(db);
    expect(await idsOf(db.collection('kept'))).toEqual(['kept', 'more']);
  });

  test.each(['a/b', '..', 'CON', 'nul.txt', 'a:b*?"<>|', ' ', 'Ünïcode ☃', 'x'.repeat(255), '.', 'trailing.', '-rf'])(
    'any name is safe: %s',
    async (name) => {
      let db = await openDb({ dimensions: 2, storagePath: tempPath() });
      await db.collection(name, { dimensions: 2 }).insert({ id: 'a', vector: [1, 2] });
      db = await reopenDb(db);
      expect(await db.collections()).toContain(name);
      expect(await db.collection(name).len()).toBe(1);
    },
  );

  test('wrong uses say what is wrong', async () => {
    const db = await openDb({ dimensions: 2 });
    const missing = await errorOf(() => db.collection('nowhere').len());
    expect([missing.code, missing.method]).toEqual(['NOT_FOUND', 'len']);
    expect(missing.message).toMatch(/no collection "nowhere".*dimensions/);
    await db.collection('here', { dimensions: 3 }).len();
    expect((await errorOf(() => db.collection('here', { dimensions: 4 }).len())).code).toBe('DIMENSION_MISMATCH');
    const metric = await errorOf(() => db.collection('here', { distanceMetric: 'dot' }).len());
    expect(metric.message).toMatch(/distanceMetric is dot, but collection "here" was created with cosine/);
    expect((await errorOf(() => db.collection('x', { dimensions: 2, durability: 'none' } as object).len())).message).toMatch(/durability/);
    const index = await errorOf(() => db.collection('here', { index: 'flat' }).len());
    expect([index.code, index.message]).toEqual(['INVALID_OPTION', expect.stringContaining('was created with index "auto"')]);
    expect((await errorOf(() => db.collection('here', { hnswConfig: { efConstruction: 7 } }).len())).code).toBe('INVALID_OPTION');
    expect(await db.collection('here', { index: 'auto' }).len()).toBe(0);
    expect((await errorOf(() => db.collection(''))).code).toBe('INVALID_OPTION');
    expect((await errorOf(() => db.collection('x'.repeat(256), { dimensions: 2 }).len())).message).toMatch(/256 bytes, expected 1 to 255/);
    expect((await errorOf(() => db.collection(7 as never))).message).toMatch(/name is 7/);
    expect((await errorOf(() => db.dropCollection('default'))).message).toMatch(/clear\(\)/);
    await db.close();
    expect((await errorOf(() => db.collection('here').len())).code).toBe('CLOSED');
  });

  test('a collection outlives nothing: closing the database closes it', async () => {
    const db = await openDb({ dimensions: 2 });
    const notes = db.collection('notes', { dimensions: 2 });
    await notes.insert({ id: 'a', vector: [1, 1] });
    await db.close();
    expect((await errorOf(() => notes.get('a'))).code).toBe('CLOSED');
    expect((await errorOf(() => notes.getSync('a'))).code).toBe('CLOSED');
  });

  test('bytes and exports carry them', async () => {
    const db = await openDb({ dimensions: 2 });
    const notes = db.collection('notes', { dimensions: 3 });
    await notes.insertBatch([1, 2, 3].map((i) => ({ id: `n${i}`, vector: [i, 1, 0], metadata: { i } })));
    const copy = await VectorDB.fromBytes(await db.toBytes(), { backend: db.backend.startsWith('wasm') ? 'wasm' : 'native' });
    expect(await idsOf(copy.collection('notes'))).toEqual(['n1', 'n2', 'n3']);
    const other = copy.collection('other', { dimensions: 3 });
    expect(await other.importAll(await notes.exportAll())).toBe(3);
    expect((await other.get('n2'))?.metadata).toEqual({ i: 2 });
    await copy.close();
  });
});
