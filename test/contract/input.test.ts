// What the façade turns away or turns round before the core sees it: names of other packages, vectors and metadata that cannot be sent.
import { type DbOptions, type SearchQuery, VectorDB, type VectorEntry } from 'ruvector';
import { beforeEach, describe, expect, test } from 'vitest';
import { backendOptions, openDb } from '../support/env.js';
import { errorOf } from '../support/errors.js';

let db: VectorDB;
beforeEach(async () => {
  db = await openDb({ dimensions: 2 });
});

const entry = (parts: object) => parts as VectorEntry;
const query = (parts: object) => parts as SearchQuery;

describe('names of other packages', () => {
  test.each([
    [{ dimension: 2 }],
    [{ dimensions: 2, path: ':memory:' }],
    [{ dimensions: 2, dbPath: ':memory:' }],
    [{ dimensions: 2, hnsw: { M: 8, ef_construction: 50, ef_search: 40, max_elements: 100 } }],
    [{ dimensions: 2, M: 8, efConstruction: 50, efSearch: 40, maxElements: 100 }],
    [{ dimensions: 2, m: 8, hnswConfig: { efSearch: 40 } }],
  ])('options %o', async (options) => {
    const other = await openDb(options as unknown as DbOptions);
    await other.insert({ vector: [1, 2] });
    expect(other.dimensions).toBe(2);
  });

  test.each([
    ['Cosine', 'cosine'],
    ['COSINE', 'cosine'],
    ['Euclidean', 'euclidean'],
    ['l2', 'euclidean'],
    ['L2', 'euclidean'],
    ['DotProduct', 'dot'],
    ['dot_product', 'dot'],
    ['inner-product', 'dot'],
    ['ip', 'dot'],
    ['Manhattan', 'manhattan'],
    ['l1', 'manhattan'],
  ])('metric %s is %s', async (name, metric) => {
    for (const key of ['metric', 'distanceMetric']) {
      expect((await openDb({ dimensions: 2, [key]: name })).metric).toBe(metric);
    }
  });

  test.each([
    { metric: 'l2', distanceMetric: 'l2' },
    { path: ':memory:', storagePath: ':memory:' },
    { hnsw: { m: 8 }, M: 8 },
    { hnswConfig: { m: 8, M: 8 } },
  ])('two names for one thing are refused: %o', async (options) => {
    expect((await errorOf(() => openDb({ dimensions: 2, ...options }))).code).toBe('INVALID_OPTION');
  });

  test('entries, queries and metadata', async () => {
    await db.insert(entry({ id: 'a', embedding: [1, 0], metadata: '{"x":1}' }));
    await db.insert(entry({ id: 'b', values: [0, 1] }));
    await db.insert({ id: 7, vector: [1, 1] });
    for (const name of ['topK', 'top_k', 'limit', 'k']) {
      expect((await db.search(query({ vector: [1, 0], [name]: 1 }))).map((h) => h.id)).toEqual(['a']);
    }
    for (const name of ['query', 'embedding', 'vector']) {
      expect((await db.search(query({ [name]: [0, 1], k: 1 })))[0]?.id).toBe('b');
    }
    const byText = await db.search(query({ vector: [1, 0], filter: '{"x":1}' }));
    expect(byText.map((h) => [h.id, h.metadata])).toEqual([['a', { x: 1 }]]);
    expect((await db.get(7))?.id).toBe('7');
    expect((await errorOf(() => db.search(query({ vector: [1, 0], k: 1, topK: 2 })))).code).toBe('INVALID_OPTION');
    expect((await errorOf(() => db.insert(entry({ vector: [1, 0], metadata: '{x' })))).code).toBe('INVALID_OPTION');
    expect((await errorOf(() => db.search(query({ vector: [1, 0], filter: '{x' })))).code).toBe('INVALID_FILTER');
  });

  test('positional search', async () => {
    await db.insertBatch([
      { id: 'a', vector: [1, 0], metadata: { x: 1 } },
      { id: 'b', vector: [0.6, 0.8] },
    ]);
    const search = db.search.bind(db) as (...args: unknown[]) => Promise<{ id: string }[]>;
    const searchSync = db.searchSync.bind(db) as (...args: unknown[]) => { id: string }[];
    for (const args of [
      [[1, 0], 1],
      [[1, 0], 1, { includeMetadata: false }],
      [[1, 0], 2, 'cosine', 0.9],
      [[1, 0], 2, 'COSINE', 0.9],
    ]) {
      expect((await search(...args)).map((h) => h.id)).toEqual(['a']);
      expect(searchSync(...args).map((h) => h.id)).toEqual(['a']);
    }
    expect((await errorOf(() => search([1, 0], 1, 'l2', 0.5))).message).toContain('cosine');
    expect((await errorOf(() => search([1, 0], 1, { k: 2 }))).code).toBe('INVALID_OPTION');
    expect((await errorOf(() => search([1, 0], 1, 5))).code).toBe('INVALID_OPTION');
    expect((await errorOf(() => search({ vector: [1, 0] }, 1))).code).toBe('INVALID_OPTION');
    expect((await errorOf(() => searchSync(new Float32Array([1, 0]), 1, { includeMetadata: false, vector: [1, 0] }))).code).toBe(
      'INVALID_OPTION',
    );
  });
});

describe('vectors', () => {
  const hole = [1, 0];
  delete hole[1];
  test.each([
    ['undefined', undefined],
    ['null', null],
    ['text', '1,0'],
    ['an object', { 0: 1, 1: 0, length: 2 }],
    ['bytes', new Uint8Array(2)],
    ['text inside', ['1', 0]],
    ['a bigint inside', [1n, 0]],
    ['null inside', [null, 0]],
    ['an array inside', [[1], 0]],
    ['a hole', hole],
    ['NaN', [Number.NaN, 0]],
    ['infinity', new Float32Array([Number.POSITIVE_INFINITY, 0])],
    ['too large for 32 bits', [1e39, 0]],
    ['too large for 32 bits, typed', new Float64Array([-1e300, 0])],
  ])('%s', async (_, vector) => {
    const bad = vector as number[];
    for (const call of [
      () => db.insert({ vector: bad }),
      () => db.insertSync({ vector: bad }),
      () => db.insertBatch([{ vector: bad }]),
      () => db.search({ vector: bad }),
      () => db.searchSync({ vector: bad, includeMetadata: false }),
      () => db.searchBatch([{ vector: [1, 0] }, { vector: bad }]),
    ]) {
      expect((await errorOf(call)).code).toBe('INVALID_VECTOR');
    }
    if (bad !== undefined) expect((await errorOf(() => db.update('a', { vector: bad }))).code).toBe('INVALID_VECTOR');
    expect(await db.len()).toBe(0);
  });

  test('the entry is named', async () => {
    const good = { vector: [1, 0] };
    const batch = (third: object) => db.insertBatch([good, good, third as VectorEntry]);
    expect((await errorOf(() => batch({ vector: [1, '0'] }))).message).toMatch(/^entry 2: .*"0" at index 1/);
    expect((await errorOf(() => batch({ vector: [1, Number.NaN] }))).message).toMatch(/^entry 2: /);
    expect((await errorOf(() => batch({ vector: [1, 0, 0] }))).message).toMatch(/^entry 2: .*3 values, expected 2/);
    expect((await errorOf(() => batch({ id: {}, vector: [1, 0] }))).message).toMatch(/^entry 2: id/);
    expect((await errorOf(() => batch({ vector: [1, 0], metadata: { x: 1n } }))).message).toMatch(/^entry 2: metadata\.x is 1n/);
    expect((await errorOf(() => batch({ vector: [1, 0], meta: {} }))).message).toMatch(/^entry 2: unknown key "meta"/);
    expect((await errorOf(() => db.insertBatch([good, null as unknown as VectorEntry]))).message).toMatch(/^entry 1: /);
    expect(await db.len()).toBe(0);
  });

  test('a matrix', async () => {
    const vectors = new Float32Array([1, 0, 0, 1]);
    const batch = (parts: object) => db.insertBatch(parts as { vectors: Float32Array });
    expect(await batch({ ids: ['a', 2], vectors, metadata: [null, { x: 1 }] })).toEqual(['a', '2']);
    expect((await db.get('2'))?.metadata).toEqual({ x: 1 });
    expect(await db.get('a')).toEqual({ id: 'a', vector: new Float32Array([1, 0]) });
    const [first, second] = await batch({ vectors });
    expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(first).not.toBe(second);
    expect(await batch({ vectors: new Float32Array(0) })).toEqual([]);
    expect(await db.insertBatch([])).toEqual([]);
    for (const [code, parts] of [
      ['INVALID_VECTOR', { vectors: [1, 0] }],
      ['INVALID_VECTOR', {}],
      ['DIMENSION_MISMATCH', { vectors: new Float32Array(3) }],
      ['DIMENSION_MISMATCH', { ids: ['a'], vectors }],
      ['INVALID_OPTION', { ids: 'ab', vectors }],
      ['INVALID_OPTION', { ids: ['a', null], vectors }],
      ['INVALID_OPTION', { vectors, metadata: [{}] }],
      ['INVALID_OPTION', { vectors, metadata: [1, 2] }],
      ['INVALID_OPTION', { vectors, names: [] }],
    ] as const) {
      expect((await errorOf(() => batch(parts))).code, JSON.stringify(parts)).toBe(code);
    }
    expect(await db.len()).toBe(4);
  });
});

describe('ids', () => {
  test.each([[''], [{}], [true], [1n], [1.5], [Number.NaN], [2 ** 53], [Symbol('a')], ['\ud800'], ['a\udc00b'], ['x'.repeat(65_536)]])(
    '%o is refused',
    async (id) => {
      const bad = id as string;
      expect((await errorOf(() => db.insert({ id: bad, vector: [1, 0] }))).code).toBe('INVALID_OPTION');
      expect((await errorOf(() => db.delete(bad))).code).toBe('INVALID_OPTION');
    },
  );

  test.each(['__proto__', 'constructor', 'toString', ' ', '\n', '\0', 'ü', '😀', '"\\', 'x'.repeat(65_535)])('%j is kept', async (id) => {
    expect(await db.insert({ id, vector: [1, 0], metadata: { [id]: id } })).toBe(id);
    expect((await db.search([1, 0]))[0]?.id).toBe(id);
    const [hit] = db.searchSync(new Float32Array([1, 0]), 5, { includeMetadata: false });
    expect(hit).toEqual({ id, distance: 0, score: 0, similarity: 1 });
    const stored = await db.get(id);
    expect(Object.entries(stored?.metadata ?? {})).toEqual([[id, id]]);
    expect(await db.has(id)).toBe(true);
    expect(await db.delete(id)).toBe(true);
  });
});

describe('metadata', () => {
  const loop: { [key: string]: unknown } = {};
  loop.self = loop;
  const deep: unknown = JSON.parse('['.repeat(200) + ']'.repeat(200));
  test.each([
    ['NaN', { x: Number.NaN }],
    ['infinity in an array', { x: [1, Number.NEGATIVE_INFINITY] }],
    ['a function', { x: () => 1 }],
    ['a symbol', { x: Symbol('a') }],
    ['a bigint', { x: 1n }],
    ['a Map', { x: new Map() }],
    ['a Map alone', new Map([['x', 1]])],
    ['a typed array', { x: new Float32Array(1) }],
    ['undefined in an array', { x: [undefined] }],
    ['a loop', loop],
    ['a depth of 200', { x: deep }],
    ['an array', [1]],
    ['a number', 5],
    ['an invalid date', { x: new Date(Number.NaN) }],
    ['a lone surrogate', { x: '\ud800' }],
    ['a lone surrogate in a key', { '\udfff': 1 }],
    ['a class', { x: new URL('http://a/') }],
  ])('%s is refused', async (_, metadata) => {
    const bad = metadata as { x: string };
    expect((await errorOf(() => db.insert({ id: 'a', vector: [1, 0], metadata: bad }))).code).toBe('INVALID_OPTION');
    expect((await errorOf(() => db.updateMetadata('a', bad))).code).toBe('INVALID_OPTION');
    expect(await db.len()).toBe(0);
  });

  test('JSON comes back as it went in', async () => {
    const metadata = JSON.parse(
      '{"__proto__":{"y":1},"a":[1,-0.5,1e300,5e-324,9007199254740991,null,true,"\\u0000\\ud83d\\ude00",{}],"":"","b":{"c":[[]]}}',
    );
    await db.insert({ id: 'a', vector: [1, 0], metadata });
    const stored = await db.get('a');
    expect(JSON.stringify(stored?.metadata)).toBe(JSON.stringify(metadata));
    expect(Object.keys(stored?.metadata ?? {})).toEqual(['__proto__', 'a', '', 'b']);
    expect(({} as { y?: number }).y).toBeUndefined();
    const dropped = { keep: 1, gone: undefined } as unknown as { keep: number };
    await db.insert({ id: 'b', vector: [1, 0], metadata: dropped });
    expect((await db.get('b'))?.metadata).toEqual({ keep: 1 });
    const date = { at: new Date(0) } as unknown as { at: string };
    await db.insert({ id: 'c', vector: [1, 0], metadata: date });
    expect((await db.get('c'))?.metadata).toEqual({ at: '1970-01-01T00:00:00.000Z' });
  });
});

describe('queries', () => {
  test.each([0, -1, 1.5, 2 ** 31, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, '5', true, {}, 65_537])('k of %o', async (k) => {
    await db.insert({ vector: [1, 0] });
    for (const extra of [{}, { includeMetadata: false }]) {
      const bad = query({ vector: new Float32Array([1, 0]), k, ...extra });
      expect((await errorOf(() => db.search(bad))).code).toBe('INVALID_K');
      expect((await errorOf(() => db.searchSync(bad))).code).toBe('INVALID_K');
    }
  });

  test.each([
    [{ topk: 5 }, /did you mean|topk/],
    [{ efSearch: 0 }, /efSearch is 0/],
    [{ efSearch: Number.NaN }, /efSearch is NaN/],
    [{ exact: 1 }, /exact is 1/],
    [{ threshold: '0.5' }, /threshold is "0.5"/],
    [{ includeVectors: 'yes' }, /includeVectors/],
    [{ includeMetadata: 0 }, /includeMetadata/],
  ])('option %o', async (extra, message) => {
    for (const call of [
      () => db.search(query({ vector: [1, 0], ...extra })),
      () => db.searchSync(query({ includeMetadata: false, vector: new Float32Array([1, 0]), ...extra })),
    ]) {
      const error = await errorOf(call);
      expect(error.code).toBe('INVALID_OPTION');
      expect(error.message).toMatch(message);
    }
  });

  test('a query of the wrong length', async () => {
    await db.insert({ vector: [1, 0] });
    for (const vector of [[1], [1, 0, 0], []]) {
      expect((await errorOf(() => db.search(vector))).code).toBe('DIMENSION_MISMATCH');
      const typed = new Float32Array(vector);
      expect((await errorOf(() => db.searchSync(typed, 1, { includeMetadata: false }))).code).toBe('DIMENSION_MISMATCH');
    }
  });

  test('the typed way and the other give the same', async () => {
    const vectors = Float32Array.from({ length: 200 }, (_, i) => Math.sin(i * 7.1));
    await db.insertBatch({ vectors });
    for (const scoreMode of ['distance', 'similarity'] as const) {
      const copy = await openDb({ dimensions: 2, scoreMode, distanceMetric: 'euclidean' });
      await copy.insertBatch({ ids: Array.from({ length: 100 }, (_, i) => `${i}`), vectors });
      const vector = new Float32Array([0.3, 0.4]);
      const fast = copy.searchSync(vector, 7, { includeMetadata: false });
      const full = await copy.search({ vector, k: 7 });
      expect([...fast]).toEqual([...full]);
      expect(fast[0]?.score).toBe(scoreMode === 'distance' ? fast[0]?.distance : fast[0]?.similarity);
      expect(fast.queryId).toBeTypeOf('string');
      expect(fast.queryId).not.toBe(full.queryId);
      expect(Object.keys(fast)).not.toContain('queryId');
    }
  });

  test('a hit has what was asked for', async () => {
    await db.insertBatch([
      { id: 'a', vector: [1, 0], metadata: { x: 1 } },
      { id: 'b', vector: [0, 1] },
    ]);
    const hits = await db.search({ vector: [1, 0], includeVectors: true });
    expect(hits[0]).toEqual({ id: 'a', distance: 0, score: 0, similarity: 1, metadata: { x: 1 }, vector: new Float32Array([1, 0]) });
    expect(Object.keys(hits[1] ?? {})).not.toContain('metadata');
    const [first, second] = await db.searchBatch([
      { vector: [1, 0], k: 1 },
      { vector: [0, 1], k: 1, includeVectors: true, includeMetadata: false },
    ]);
    expect(first?.[0]).toEqual({ id: 'a', distance: 0, score: 0, similarity: 1, metadata: { x: 1 } });
    expect(second?.[0]).toEqual({ id: 'b', distance: 0, score: 0, similarity: 1, vector: new Float32Array([0, 1]) });
    expect(await db.searchBatch([])).toEqual([]);
  });

  test('entries and keys', async () => {
    await db.insertBatch(Array.from({ length: 25 }, (_, i) => ({ id: `${i}`, vector: [1, i], metadata: { even: i % 2 === 0 } })));
    await db.insert({ id: '3', vector: [5, 5] });
    const ids: string[] = [];
    for await (const id of db.keys()) ids.push(id);
    expect(ids).toEqual([...Array.from({ length: 25 }, (_, i) => `${i}`).filter((id) => id !== '3'), '3']);
    const even: string[] = [];
    for await (const { id, vector } of db.entries({ filter: { even: true }, batchSize: 4 })) {
      even.push(id);
      expect(vector.length).toBe(2);
    }
    expect(even.length).toBe(13);
    for (const options of [{ batchSize: 0 }, { batchSize: '5' }, { limit: 5 }]) {
      expect((await errorOf(() => db.entries(options as { batchSize: number }).next())).code).toBe('INVALID_OPTION');
    }
  });
});

test('bytes that are no database are refused', async () => {
  const fromBytes = (bytes: unknown) => VectorDB.fromBytes(bytes as Uint8Array, backendOptions());
  for (const bytes of ['text', 5, null, new Float32Array(4)]) {
    expect((await errorOf(() => fromBytes(bytes))).code).toBe('INVALID_OPTION');
  }
  for (const bytes of [new Uint8Array(0), new Uint8Array(100), new ArrayBuffer(5000)]) {
    expect((await errorOf(() => fromBytes(bytes))).code).toBe('CORRUPT');
  }
  await db.insert({ id: 'a', vector: [1, 0] });
  const bytes = await db.toBytes();
  const copy = fromBytes(bytes);
  bytes.fill(0);
  expect(await (await copy).len()).toBe(1);
});
