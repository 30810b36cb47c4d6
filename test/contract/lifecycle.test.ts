// Opening, closing, the order of writes, and every method in every state it can be called in.
import { readFileSync } from 'node:fs';
import { type DbOptions, VectorDB } from 'ruvector';
import { describe, expect, test } from 'vitest';
import { backendOptions, openDb, register, reopenDb, target, tempPath } from '../support/env.js';
import { errorOf } from '../support/errors.js';

type Call = (db: VectorDB) => unknown;

const reads: Record<string, Call> = {
  search: (db) => db.search({ vector: [1, 0], k: 1 }),
  searchBatch: (db) => db.searchBatch([{ vector: [1, 0] }]),
  searchRaw: (db) => db.searchRaw(new Float32Array([1, 0])),
  get: (db) => db.get('a'),
  has: (db) => db.has('a'),
  len: (db) => db.len(),
  isEmpty: (db) => db.isEmpty(),
  count: (db) => db.count({ x: 1 }),
  stats: (db) => db.stats(),
  toBytes: (db) => db.toBytes(),
  entries: (db) => db.entries().next(),
  keys: (db) => db.keys().next(),
  size: (db) => db.size(),
  getStats: (db) => db.getStats(),
};
const writes: Record<string, Call> = {
  insert: (db) => db.insert({ id: 'a', vector: [1, 0] }),
  insertBatch: (db) => db.insertBatch([{ id: 'a', vector: [1, 0] }]),
  update: (db) => db.update('a', { vector: [1, 0] }),
  updateMetadata: (db) => db.updateMetadata('a', {}),
  delete: (db) => db.delete('a'),
  deleteBatch: (db) => db.deleteBatch(['a']),
  deleteWhere: (db) => db.deleteWhere({ x: 1 }),
  clear: (db) => db.clear(),
  flush: (db) => db.flush(),
  remove: (db) => db.remove('a'),
  save: (db) => db.save(),
};
const syncReads: Record<string, Call> = {
  searchSync: (db) => db.searchSync({ vector: [1, 0], k: 1 }),
  'searchSync, typed': (db) => db.searchSync(new Float32Array([1, 0]), 1, { includeMetadata: false }),
  searchBatchSync: (db) => db.searchBatchSync([{ vector: [1, 0] }]),
  searchRawSync: (db) => db.searchRawSync(new Float32Array([1, 0])),
  getSync: (db) => db.getSync('a'),
  hasSync: (db) => db.hasSync('a'),
  lenSync: (db) => db.lenSync(),
  isEmptySync: (db) => db.isEmptySync(),
  countSync: (db) => db.countSync(),
  statsSync: (db) => db.statsSync(),
  toBytesSync: (db) => db.toBytesSync(),
};
const syncWrites: Record<string, Call> = {
  insertSync: (db) => db.insertSync({ id: 'a', vector: [1, 0] }),
  insertBatchSync: (db) => db.insertBatchSync([{ id: 'a', vector: [1, 0] }]),
  updateSync: (db) => db.updateSync('a', { vector: [1, 0] }),
  updateMetadataSync: (db) => db.updateMetadataSync('a', {}),
  deleteSync: (db) => db.deleteSync('a'),
  deleteBatchSync: (db) => db.deleteBatchSync(['a']),
  deleteWhereSync: (db) => db.deleteWhereSync({ x: 1 }),
  clearSync: (db) => db.clearSync(),
  flushSync: (db) => db.flushSync(),
};
const all = { ...reads, ...writes, ...syncReads, ...syncWrites };
// A method that calls another reports that one.
const reportedAs: Record<string, string> = {
  isEmpty: 'len',
  isEmptySync: 'lenSync',
  size: 'len',
  getStats: 'stats',
  remove: 'delete',
  save: 'flush',
  'searchSync, typed': 'searchSync',
};

/** The error of a call, thrown at once or later. */
/** Opens at the first call, as `new VectorDB` does. */
function lazy(options: DbOptions): VectorDB {
  const full = { ...options, ...backendOptions() };
  return register(new VectorDB(full), full);
}

/** A WebAssembly module that no other database has loaded: opens later than `lazy`. */
function unloaded(options: DbOptions): VectorDB {
  const variant = target.slice('wasm-'.length);
  const wasm = readFileSync(new URL(`../../wasm/dist/ruvector-${variant}.wasm`, import.meta.url));
  const full = { ...options, ...backendOptions(), wasm };
  return register(new VectorDB(full), full);
}

describe.each(Object.entries(all))('%s', (name, call) => {
  test('works on an empty database that is not open yet', async () => {
    const db = lazy({ dimensions: 2 });
    await call(db);
  });

  test('throws CLOSED after close', async () => {
    const db = await openDb({ dimensions: 2 });
    await db.close();
    const error = await errorOf(() => call(db));
    expect(error.code).toBe('CLOSED');
    expect(error.method).toBe(reportedAs[name] ?? name);
  });

  const isSync = name in syncReads || name in syncWrites;
  if (target !== 'native' && isSync) {
    test('throws NOT_READY before WebAssembly is there', async () => {
      const db = unloaded({ dimensions: 2 });
      expect((await errorOf(() => call(db))).code).toBe('NOT_READY');
      await db.len();
      await call(db);
    });
  }

  if (name in reads || name in syncReads) return;
  test('throws READ_ONLY on a reader', async () => {
    const options = { dimensions: 2, storagePath: tempPath() };
    await (await openDb(options)).insert({ id: 'a', vector: [1, 0], metadata: { x: 1 } });
    const db = await openDb({ ...options, readOnly: true });
    if (!['flush', 'flushSync', 'save'].includes(name)) expect((await errorOf(() => call(db))).code).toBe('READ_ONLY');
    expect(await db.len()).toBe(1);
  });
});

describe('closing', () => {
  test('waits for the writes before it, and twice is fine', async () => {
    const storagePath = tempPath();
    const db = await openDb({ dimensions: 2, storagePath });
    const written = Array.from({ length: 50 }, (_, i) => db.insert({ id: `${i}`, vector: [1, i] }));
    const closed = [db.close(), db.close()];
    await Promise.all([...written, ...closed]);
    await db.close();
    db.closeSync();
    expect(await (await openDb({ dimensions: 2, storagePath })).len()).toBe(50);
  });

  test('a database that never opened closes', async () => {
    const storagePath = tempPath();
    const db = lazy({ dimensions: 2, storagePath });
    await db.close();
    expect((await errorOf(() => db.len())).code).toBe('CLOSED');
  });

  test('gives the lock to the next', async () => {
    const options = { dimensions: 2, storagePath: tempPath() };
    const db = await openDb(options);
    expect((await errorOf(() => openDb(options))).code).toBe('LOCKED');
    db.closeSync();
    await openDb(options);
  });

  test('await using closes', async () => {
    const db = await openDb({ dimensions: 2 });
    await db[Symbol.asyncDispose]();
    expect((await errorOf(() => db.len())).code).toBe('CLOSED');
  });
});

describe('opening', () => {
  test('first calls at once open once', async () => {
    const db = lazy({ dimensions: 2, storagePath: tempPath() });
    const [, , count] = await Promise.all([db.len(), db.has('a'), db.stats(), db.insert({ vector: [1, 0] })]);
    expect(count.count).toBeLessThanOrEqual(1);
    expect(await db.len()).toBe(1);
  });

  test('a failed opening is tried again by the next call', async () => {
    const options = { dimensions: 2, storagePath: tempPath() };
    const holder = await openDb(options);
    const db = lazy(options);
    expect((await errorOf(() => db.len())).code).toBe('LOCKED');
    await holder.close();
    expect(await db.len()).toBe(0);
  });

  test('properties tell what is open', async () => {
    const db = await openDb({ dimensions: 2, distanceMetric: 'dot', storagePath: tempPath() });
    expect([db.dimensions, db.metric]).toEqual([2, 'dot']);
    expect(db.backend).toMatch(target === 'native' ? /^native \([A-Z0-9_]+\)$/ : new RegExp(`^${target}$`));
    const again = await reopenDb(db, {});
    expect([again.dimensions, again.metric]).toEqual([2, 'dot']);
  });

  test('dimensions that are in the file only are known once it is open', async () => {
    const storagePath = tempPath();
    await (await openDb({ dimensions: 3, storagePath })).close();
    const db = lazy({ storagePath });
    expect((await errorOf(() => db.dimensions)).code).toBe('NOT_READY');
    await db.insert({ vector: [1, 2, 3] });
    expect(db.dimensions).toBe(3);
  });

  test('a number means dimensions', async () => {
    const kind = process.env.RUVECTOR_BACKEND;
    process.env.RUVECTOR_BACKEND = backendOptions().backend;
    try {
      for (const db of [new VectorDB(3), new VectorDB(3, 1000), VectorDB.withDimensions(3)]) {
        await db.insert({ vector: [1, 2, 3] });
        expect(db.dimensions).toBe(3);
        expect(db.backend.startsWith(target)).toBe(true);
        await db.close();
      }
    } finally {
      if (kind === undefined) delete process.env.RUVECTOR_BACKEND;
      else process.env.RUVECTOR_BACKEND = kind;
    }
  });

  const bad: [string, object | number | undefined][] = [
    ['dimensions', {}],
    ['dimensions', { dimensions: 0 }],
    ['dimensions', { dimensions: -1 }],
    ['dimensions', { dimensions: 1.5 }],
    ['dimensions', { dimensions: Number.NaN }],
    ['dimensions', { dimensions: 2 ** 53 }],
    ['dimensions', { dimensions: '3' }],
    ['dimensions', { dimensions: 3n }],
    ['dimensions', -3],
    ['dimension', { dimension: 3, dimensions: 3 }],
    ['distanceMetric', { dimensions: 3, metric: 'hamming' }],
    ['distanceMetric', { dimensions: 3, metric: 7 }],
    ['dimesions', { dimesions: 3 }],
    ['__proto__', JSON.parse('{"dimensions":3,"__proto__":1}')],
    ['options', undefined],
    ['backend', { dimensions: 3, backend: 'gpu' }],
  ];
  test.each(bad)('the constructor refuses %s: %o', async (word, options) => {
    const full = typeof options === 'object' ? { ...backendOptions(), ...options } : options;
    const error = await errorOf(() => new VectorDB(full as DbOptions));
    expect(error.code).toBe('INVALID_OPTION');
    expect(error.message).toContain(word);
    if (target === 'native') return;
    const wasm = new Uint8Array(8); // nothing that loads: the façade alone must see it
    if (typeof full === 'object') {
      expect((await errorOf(() => new VectorDB({ ...full, wasm } as DbOptions))).code).toBe('INVALID_OPTION');
    }
  });

  test('an option that is nearly known is named', async () => {
    const options = { dimensions: 3, storagepath: '/tmp/x', ...backendOptions() };
    expect(() => new VectorDB(options as DbOptions)).toThrow(/did you mean "storagePath"/);
  });

  test('nested options that JSON cannot say are named', async () => {
    const loop: { [key: string]: unknown } = { type: 'none' };
    loop.self = loop;
    for (const quantization of [{ type: 1n }, { type: () => 1 }, loop, { type: Number.NaN }]) {
      const options = { dimensions: 3, quantization, ...backendOptions() };
      expect((await errorOf(() => new VectorDB(options as unknown as DbOptions))).code).toBe('INVALID_OPTION');
    }
  });
});

describe('writes', () => {
  test('keep the order of their calls', async () => {
    const db = await openDb({ dimensions: 2, storagePath: tempPath() });
    const results = await Promise.all([
      db.insert({ id: 'a', vector: [1, 0] }),
      db.updateMetadata('a', { x: 1 }),
      db.delete('a'),
      db.updateMetadata('a', { x: 2 }),
      db.insert({ id: 'a', vector: [0, 1], metadata: { x: 3 } }),
      db.deleteWhere({ x: 4 }),
      db.update('a', { metadata: { x: 5 } }),
      db.len(),
    ]);
    expect(results.slice(0, 7)).toEqual(['a', true, true, false, 'a', 0, true]);
    expect(await db.get('a')).toEqual({ id: 'a', vector: new Float32Array([0, 1]), metadata: { x: 5 } });
  });

  test('a failure does not stop those after it', async () => {
    const db = await openDb({ dimensions: 2 });
    const settled = await Promise.allSettled([
      db.insert({ id: 'a', vector: [Number.NaN, 0] }),
      db.insert({ id: 'b', vector: [1, 0] }),
      db.insert({ id: '', vector: [1, 0] }),
      db.insert({ id: 'c', vector: [1, 0] }),
    ]);
    expect(settled.map((s) => s.status)).toEqual(['rejected', 'fulfilled', 'rejected', 'fulfilled']);
    expect(await db.len()).toBe(2);
  });

  test('a Sync write never overtakes one under way', async () => {
    const db = await openDb({ dimensions: 2 });
    const first = db.insert({ id: 'a', vector: [1, 0] });
    expect((await errorOf(() => db.deleteSync('a'))).code).toBe('NOT_READY');
    await first;
    expect(db.deleteSync('a')).toBe(true);
  });

  test.each([true, false])('arguments are copied at the call (opened before: %s)', async (opened) => {
    const db = opened ? await openDb({ dimensions: 2 }) : lazy({ dimensions: 2 });
    const vector = [1, 0];
    const typed = new Float32Array([0, 1]);
    const matrix = new Float32Array([1, 1]);
    const metadata = { tags: ['x'], n: 1 };
    const ids = ['c'];
    const done = [
      db.insert({ id: 'a', vector, metadata }),
      db.insert({ id: 'b', vector: typed, metadata }),
      db.insertBatch({ ids, vectors: matrix, metadata: [metadata] }),
    ];
    const filter = { n: 1 };
    vector.fill(9);
    typed.fill(9);
    matrix.fill(9);
    metadata.n = 2;
    metadata.tags.push('y');
    ids[0] = 'z';
    await Promise.all(done);
    const found = db.count(filter);
    filter.n = 2;
    expect(await found).toBe(3);
    expect(await db.get('a')).toEqual({ id: 'a', vector: new Float32Array([1, 0]), metadata: { tags: ['x'], n: 1 } });
    expect((await db.get('b'))?.vector).toEqual(new Float32Array([0, 1]));
    expect((await db.get('c'))?.vector).toEqual(new Float32Array([1, 1]));
  });
});

describe('errors', () => {
  test('carry code, method, and the stack of the caller', async () => {
    const db = await openDb({ dimensions: 2 });
    async function theCaller() {
      await db.insert({ id: 'a', vector: [0, 0] });
    }
    const error = await errorOf(theCaller);
    expect([error.name, error.code, error.method]).toEqual(['RuvectorError', 'ZERO_VECTOR', 'insert']);
    expect(error.stack).toContain('theCaller');
    expect(error.stack?.split('\n')[0]).toBe(`RuvectorError: ${error.message}`);
    const read = await errorOf(async function anotherCaller() {
      await db.search({ vector: [1, 0], k: 0 });
    });
    expect(read.code).toBe('INVALID_K');
    expect(read.stack).toContain('anotherCaller');
    const queued = db.insert({ id: 'b', vector: [1, 0] });
    expect((await errorOf(theCaller)).stack).toContain('theCaller');
    await queued;
  });

  test.each(['optimize', 'buildIndex'])('%s throws UNSUPPORTED', async (name) => {
    const db = (await openDb({ dimensions: 2 })) as unknown as Record<string, () => unknown>;
    const error = await errorOf(() => db[name]?.());
    expect([error.code, error.method]).toEqual(['UNSUPPORTED', name]);
  });

  test('options that this version lacks throw UNSUPPORTED', async () => {
    const db = await openDb({ dimensions: 2 });
    for (const extra of [{ mmr: { lambda: 0.5 } }]) {
      expect((await errorOf(() => db.search({ vector: [1, 0], ...extra }))).code).toBe('UNSUPPORTED');
    }
  });
});
