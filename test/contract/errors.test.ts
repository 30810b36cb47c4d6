// Bad input through every method that takes it: one clear error, nothing changed, and the database goes on working.
import * as ruvector from 'ruvector';
import { createVectorDb, type DbOptions, type Filter, RuvectorError, type SearchQuery, VectorDB, type VectorEntry } from 'ruvector';
import { beforeEach, describe, expect, it } from 'vitest';
import { backendOptions, hasFolders, openDb, register, reopenDb, tempPath } from '../support/env.js';
import { errorOf } from '../support/errors.js';

type Call = (db: VectorDB) => unknown;

const good = [1, 2, 3];
const entry = (parts: object): VectorEntry => ({ vector: good, ...parts }) as VectorEntry;
const query = (parts: object): SearchQuery => ({ vector: good, ...parts }) as SearchQuery;

let db: VectorDB;
beforeEach(async () => {
  db = await openDb({ dimensions: 3, storagePath: tempPath() });
  await db.insertBatch([
    { id: 'a', vector: [1, 0, 0], metadata: { x: 1 } },
    { id: 'b', vector: [0, 1, 0] },
  ]);
});

async function contents(of: VectorDB): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const stored of of.entries()) all.push(stored);
  return all;
}

/** Expects the error of every call, and that a reopened database holds what it held before. */
async function expectRefused(code: string, calls: { [method: string]: Call }, message = /./): Promise<void> {
  const before = await contents(db);
  expect(before.length).toBe(2);
  for (const [name, call] of Object.entries(calls)) {
    const error = await errorOf(() => call(db));
    expect(error, `${name}: ${error.stack}`).toBeInstanceOf(RuvectorError);
    expect(error, name).toBeInstanceOf(Error);
    const method = name.split(' ')[0] as string;
    // In browsers most Sync writes are refused before what they are given is looked at.
    const refused = !hasFolders && method.endsWith('Sync') && error.code === 'UNSUPPORTED';
    expect([error.name, error.code, error.method], `${name}: ${error.message}`).toEqual([
      'RuvectorError',
      refused ? 'UNSUPPORTED' : code,
      method,
    ]);
    if (!refused) expect(error.message, name).toMatch(message);
    expect(error.message, name).not.toMatch(/\.$|undefined: |\[object/);
  }
  expect(await contents(db)).toEqual(before);
  db = await reopenDb(db);
  expect(await contents(db)).toEqual(before);
  expect((await db.search({ vector: [1, 0, 0], k: 1 }))[0]?.id).toBe('a');
}

/** Every way in for a vector. */
function vectorCalls(vector: ruvector.Vec): { [method: string]: Call } {
  return {
    insert: (d) => d.insert({ id: 'a', vector }),
    insertSync: (d) => d.insertSync({ id: 'a', vector }),
    insertBatch: (d) => d.insertBatch([entry({ id: 'a' }), entry({ vector }), entry({})]),
    insertBatchSync: (d) => d.insertBatchSync([entry({ id: 'a' }), entry({ vector })]),
    update: (d) => d.update('a', { vector, metadata: { changed: true } }),
    updateSync: (d) => d.updateSync('a', { vector }),
  };
}
function queryCalls(vector: ruvector.Vec): { [method: string]: Call } {
  return {
    search: (d) => d.search({ vector }),
    'search positional': (d) => d.search(vector, 2),
    searchSync: (d) => d.searchSync({ vector }),
    'searchSync typed': (d) => d.searchSync(Float32Array.from(vector), 2, { includeMetadata: false }),
    searchBatch: (d) => d.searchBatch([query({}), { vector }]),
    searchBatchSync: (d) => d.searchBatchSync([{ vector }]),
  };
}

describe('vectors', () => {
  it.each([[[]], [[1]], [[1, 2]], [[1, 2, 3, 4]], [new Array<number>(4096).fill(1)]])('of another length: %o', async (vector) => {
    const words = new RegExp(`${vector.length} values, expected 3`);
    for (const v of [vector, new Float32Array(vector), new Float64Array(vector)]) {
      await expectRefused('DIMENSION_MISMATCH', { ...vectorCalls(v), ...queryCalls(v) }, words);
    }
    const matrix = { insertBatch: (d: VectorDB) => d.insertBatch({ ids: ['a', 'c'], vectors: new Float32Array(vector.length * 2) }) };
    await expectRefused('DIMENSION_MISMATCH', matrix);
  });

  it('of length zero under cosine', async () => {
    const zero = [0, -0, 0];
    const matrix: Call = (d) => d.insertBatch({ ids: ['a', 'c'], vectors: new Float32Array([1, 1, 1, ...zero]) });
    await expectRefused('ZERO_VECTOR', { ...vectorCalls(zero), ...queryCalls(zero), 'insertBatch matrix': matrix });
  });

  it('longer than floats can measure', async () => {
    const long = [3e38, 3e38, 3e38];
    await expectRefused('INVALID_VECTOR', { ...vectorCalls(long), ...queryCalls(long) });
  });
});

describe('k', () => {
  const wrong = [
    0,
    -0,
    -1,
    1.5,
    2 ** 31,
    -(2 ** 31),
    2 ** 32 + 1,
    2 ** 53,
    1e300,
    65_537,
    Number.NaN,
    -Infinity,
    '10',
    '',
    [5],
    {},
    false,
    5n,
    null,
  ];
  it.each(wrong.map((k) => [k]))('%o is refused', async (value) => {
    const k = value as number;
    await expectRefused(
      'INVALID_K',
      {
        search: (d) => d.search(query({ k })),
        'search positional': (d) => d.search(good, k),
        searchSync: (d) => d.searchSync(query({ k })),
        'searchSync typed': (d) => d.searchSync(new Float32Array(good), k, { includeMetadata: false }),
        searchBatch: (d) => d.searchBatch([query({}), query({ k })]),
        searchBatchSync: (d) => d.searchBatchSync([query({ topK: k })]),
        searchRaw: (d) => d.searchRaw(new Float32Array(good), k),
        searchRawSync: (d) => d.searchRawSync(new Float32Array(good), k),
      },
      /\bk\b/,
    );
  });

  it('1 and 65,536 are fine', async () => {
    expect((await db.search(good, 1)).length).toBe(1);
    expect((await db.search(good, 65_536)).length).toBe(2);
    expect((await db.search(query({ k: undefined }))).length).toBe(2);
  });
});

describe('ids', () => {
  it.each([
    ['empty', ''],
    ['a lone surrogate', 'a\ud800b'],
    ['too long', 'x'.repeat(65_536)],
    ['too long in UTF-8', 'ü'.repeat(32_768)],
    ['an object', {}],
    ['a fraction', 0.5],
    ['beyond safe integers', 2 ** 53],
    ['a bigint', 5n],
    ['a boolean', true],
  ])('%s', async (_, value) => {
    const id = value as string;
    const byId: { [method: string]: Call } = {
      update: (d) => d.update(id, { metadata: {} }),
      updateSync: (d) => d.updateSync(id, { metadata: {} }),
      updateMetadata: (d) => d.updateMetadata(id, {}),
      updateMetadataSync: (d) => d.updateMetadataSync(id, {}),
      delete: (d) => d.delete(id),
      deleteSync: (d) => d.deleteSync(id),
      deleteBatch: (d) => d.deleteBatch(['a', id]),
      deleteBatchSync: (d) => d.deleteBatchSync([id]),
      insert: (d) => d.insert(entry({ id })),
      insertSync: (d) => d.insertSync(entry({ id })),
      insertBatch: (d) => d.insertBatch([entry({ id: 'a' }), entry({ id })]),
      'insertBatch matrix': (d) => d.insertBatch({ ids: ['a', id], vectors: new Float32Array([...good, ...good]) }),
      insertBatchSync: (d) => d.insertBatchSync([entry({ id })]),
    };
    await expectRefused('INVALID_OPTION', byId, /id/);
  });

  it('reading takes the same ids; one that cannot exist does not', async () => {
    for (const id of ['', 'x'.repeat(65_536)]) {
      expect([await db.get(id), db.getSync(id), await db.has(id), db.hasSync(id)]).toEqual([null, null, false, false]);
    }
    for (const id of [null, {}, 0.5, true, '\udc00'] as string[]) {
      await expectRefused('INVALID_OPTION', {
        get: (d) => d.get(id),
        getSync: (d) => d.getSync(id),
        has: (d) => d.has(id),
        hasSync: (d) => d.hasSync(id),
      });
    }
  });

  it('numbers are their text', async () => {
    await db.insert(entry({ id: 0 }));
    expect(await db.insertBatch({ ids: [-5, Number.MAX_SAFE_INTEGER], vectors: new Float32Array(6).fill(1) })).toEqual([
      '-5',
      '9007199254740991',
    ]);
    expect([await db.has('0'), await db.has(-0), await db.has('-5'), await db.has(-5)]).toEqual([true, true, true, true]);
    expect(await db.deleteBatch([0, -5, Number.MAX_SAFE_INTEGER])).toBe(3);
  });
});

describe('metadata', () => {
  it.each([
    ['a number', 5],
    ['an array', []],
    ['a boolean', true],
    ['text that is no JSON', '{x: 1}'],
    ['JSON that is no object', '[1]'],
    ['NaN inside', { a: [{ b: Number.NaN }] }],
    ['over 1 MB', { text: 'x'.repeat(1 << 20) }],
    ['over 1 MB in UTF-8', { text: '€'.repeat(400_000) }],
  ])('%s', async (_, value) => {
    const metadata = value as object as ruvector.Metadata;
    await expectRefused('INVALID_OPTION', {
      insert: (d) => d.insert({ vector: good, metadata }),
      insertSync: (d) => d.insertSync({ vector: good, metadata }),
      insertBatch: (d) => d.insertBatch([entry({}), entry({ metadata })]),
      'insertBatch matrix': (d) => d.insertBatch({ vectors: new Float32Array([...good, ...good]), metadata: [null, metadata] }),
      update: (d) => d.update('a', { vector: good, metadata }),
      updateMetadata: (d) => d.updateMetadata('a', metadata),
      updateMetadataSync: (d) => d.updateMetadataSync('a', metadata),
    });
  });

  it('of exactly 1 MB is kept', async () => {
    const metadata = { text: 'x'.repeat((1 << 20) - '{"text":""}'.length) };
    await db.insert({ id: 'large', vector: good, metadata });
    db = await reopenDb(db);
    expect((await db.get('large'))?.metadata).toEqual(metadata);
  });
});

describe('filters', () => {
  it.each([
    ['an unknown operator', { x: { $foo: 1 } }],
    ['an operator with a typo', { x: { $gtee: 1 } }],
    ['an unknown operator at the top', { $xor: [{ x: 1 }] }],
    ['$in without an array', { x: { $in: 1 } }],
    ['$and without an array', { $and: { x: 1 } }],
    ['$between with one end', { x: { $between: [1] } }],
    ['NaN', { x: Number.NaN }],
    ['undefined', { x: undefined }],
    ['a function', { x: () => true }],
    ['malformed JSON', '{"x": 1'],
    ['JSON that is no object', '5'],
    ['an array', [{ x: 1 }]],
    ['a number', 5],
  ])('%s is an error, never ignored', async (_, value) => {
    const filter = value as Filter;
    await expectRefused('INVALID_FILTER', {
      search: (d) => d.search(query({ filter })),
      searchSync: (d) => d.searchSync(query({ filter, includeMetadata: false })),
      searchBatch: (d) => d.searchBatch([query({}), query({ filter })]),
      'searchBatch shared': (d) => d.searchBatch([query({ filter }), query({ filter })]),
      searchRaw: (d) => d.searchRaw(new Float32Array(good), 1, { filter }),
      count: (d) => d.count(filter),
      countSync: (d) => d.countSync(filter),
      deleteWhere: (d) => d.deleteWhere(filter),
      deleteWhereSync: (d) => d.deleteWhereSync(filter),
      entries: (d) => d.entries({ filter }).next(),
    });
  });

  it('deleteWhere without one deletes nothing', async () => {
    const none = undefined as unknown as Filter;
    await expectRefused(
      'INVALID_FILTER',
      { deleteWhere: (d) => d.deleteWhere(none), deleteWhereSync: (d) => d.deleteWhereSync(none) },
      /clear/,
    );
  });
});

describe('options of an opening', () => {
  const refused: [string, object, RegExp][] = [
    ['dimensions 0', { dimensions: 0 }, /dimensions is 0, expected/],
    ['dimensions -3', { dimensions: -3 }, /dimensions is -3/],
    ['dimensions 1.5', { dimensions: 1.5 }, /dimensions is 1\.5/],
    ['dimensions 65,537', { dimensions: 65_537 }, /dimensions is 65537/],
    ['dimensions 1e9', { dimensions: 1e9 }, /dimensions is 1000000000/],
    ['dimensions 2 ** 64', { dimensions: 2 ** 64 }, /dimensions/],
    ['dimensions "4"', { dimensions: '4' }, /dimensions is "4"/],
    ['dimensions null', { dimensions: null }, /dimensions/],
    ['no dimensions', {}, /dimensions/],
    ['a metric that is none', { dimensions: 3, distanceMetric: 'cosin' }, /distanceMetric is "cosin".*"cosine"/],
    ['an unknown option', { dimensions: 3, distancMetric: 'dot' }, /distancMetric.*did you mean "distanceMetric"/],
    ['another', { dimensions: 3, quantisation: { type: 'none' } }, /did you mean "quantization"/],
    ['an unknown hnsw option', { dimensions: 3, hnswConfig: { efConstructon: 9 } }, /did you mean "efConstruction"/],
    ['hnswConfig.m of 1', { dimensions: 3, hnswConfig: { m: 1 } }, /m is 1/],
    ['M of 513', { dimensions: 3, M: 513 }, /513/],
    ['efSearch of 0', { dimensions: 3, efSearch: 0 }, /efSearch is 0/],
    ['hnswConfig that is no object', { dimensions: 3, hnswConfig: 16 }, /hnswConfig/],
    ['an index that is none', { dimensions: 3, index: 'tree' }, /index is "tree".*"flat"/],
    ['threads of 0', { dimensions: 3, threads: 0 }, /threads is 0/],
    ['threads of 257', { dimensions: 3, threads: 257 }, /threads is 257/],
    ['a seed below 0', { dimensions: 3, seed: -1 }, /seed is -1/],
    ['a score mode that is none', { dimensions: 3, scoreMode: 'score' }, /scoreMode is "score"/],
    ['an empty path', { dimensions: 3, storagePath: '' }, /storagePath/],
    ['a path with NUL', { dimensions: 3, storagePath: '/tmp/a\0b' }, /storagePath/],
    ['a path that is no text', { dimensions: 3, storagePath: 5 }, /storagePath is 5/],
    ['readOnly in memory', { dimensions: 3, readOnly: true }, /readOnly/],
    ['readOnly "yes"', { dimensions: 3, storagePath: '/tmp/x', readOnly: 'yes' }, /readOnly is "yes"/],
    ['a quantization that is none', { dimensions: 3, quantization: { type: 'wat' } }, /quantization.type is "wat"/],
    ['a quantization without a type', { dimensions: 3, quantization: {} }, /quantization.type/],
    ['codes of 6 bits', { dimensions: 3, quantization: { type: 'scalar', bits: 6 } }, /quantization.bits is 6, expected 4 or 8/],
    ['codes of 16 bits', { dimensions: 3, quantization: { type: 'scalar', bits: 16 } }, /quantization.bits is 16/],
    ['bits of no codes', { dimensions: 3, quantization: { type: 'none', bits: 8 } }, /quantization.bits/],
    ['rotated codes of 9 bits', { dimensions: 3, quantization: { type: 'rotated', bits: 9 } }, /quantization.bits is 9, expected .*1 .*8/],
    ['rotated codes of no bits', { dimensions: 3, quantization: { type: 'rotated', bits: 0 } }, /quantization.bits is 0, expected .*1 .*8/],
    ['bits of binary codes', { dimensions: 3, quantization: { type: 'binary', bits: 1 } }, /unknown option "quantization.bits"/],
    ['one centroid', { dimensions: 3, quantization: { type: 'product', k: 1 } }, /quantization.k is 1, expected .*2 .*256/],
    ['too many centroids', { dimensions: 3, quantization: { type: 'product', k: 257 } }, /quantization.k is 257/],
    ['no subspaces', { dimensions: 3, quantization: { type: 'product', subspaces: 0 } }, /quantization.subspaces is 0/],
    [
      'subspaces of scalar codes',
      { dimensions: 3, quantization: { type: 'scalar', subspaces: 2 } },
      /unknown option "quantization.subspaces"/,
    ],
    ['a rerank without codes', { dimensions: 3, quantization: { type: 'auto', rerank: 10 } }, /unknown option "quantization.rerank"/],
    [
      'a rerank of half a row',
      { dimensions: 3, quantization: { type: 'binary', rerank: 0.5 } },
      /quantization.rerank is 0.5, expected a whole number/,
    ],
    ['a rerank of too many rows', { dimensions: 3, quantization: { type: 'scalar', rerank: 65537 } }, /quantization.rerank is 65537/],
    ['an option of codes that there is not', { dimensions: 3, quantization: { type: 'scalar', bit: 8 } }, /did you mean "bits"/],
    ['a durability that is none', { dimensions: 3, durability: 'always' }, /durability is "always"/],
  ];
  it.each(refused)('%s', async (_, options, message) => {
    for (const call of [() => openDb(options as DbOptions), () => new VectorDB({ ...options, ...backendOptions() } as DbOptions)]) {
      const error = await errorOf(call);
      expect([error.name, error.code, error.method], error.message).toEqual(['RuvectorError', 'INVALID_OPTION', 'open']);
      expect(error.message).toMatch(message);
    }
  });

  it('the largest and smallest dimensions work', async () => {
    for (const dimensions of [1, 65_536]) {
      const large = await openDb({ dimensions });
      const vector = new Float32Array(dimensions).fill(1);
      await large.insert({ id: 'a', vector });
      expect((await large.search({ vector, k: 1 }))[0]).toMatchObject({ id: 'a', similarity: expect.closeTo(1, 5) });
    }
  });
});

describe('options of a query', () => {
  it.each([
    [{ includeVector: true }, /did you mean "includeVectors"/],
    [{ treshold: 0.5 }, /did you mean "threshold"/],
    [{ ef: 5 }, /ef/],
    [{ efSearch: 65_537 }, /efSearch is 65537/],
    [{ efSearch: -1 }, /efSearch is -1/],
    [{ efSearch: 1.5 }, /efSearch is 1\.5/],
    [{ efSearch: '5' }, /efSearch is "5"/],
    [{ threshold: Number.NaN }, /threshold is NaN/],
    [{ exact: 'yes' }, /exact is "yes"/],
  ])('%o', async (parts, message) => {
    await expectRefused(
      'INVALID_OPTION',
      {
        search: (d) => d.search(query(parts)),
        'search positional': (d) => d.search(good, 3, parts as object),
        searchSync: (d) => d.searchSync(query(parts)),
        'searchSync typed': (d) => d.searchSync(new Float32Array(good), 3, { includeMetadata: false, ...parts } as object),
        searchBatch: (d) => d.searchBatch([query({}), query(parts)]),
        'searchBatch shared': (d) => d.searchBatch([query(parts), query(parts)]),
        searchBatchSync: (d) => d.searchBatchSync([query(parts)]),
      },
      message,
    );
  });

  it.each([[{ mmr: { lambda: 0.5 } }]])('%o is UNSUPPORTED, not ignored', async (parts) => {
    await expectRefused('UNSUPPORTED', {
      search: (d) => d.search(query(parts)),
      searchSync: (d) => d.searchSync({ ...query(parts), vector: new Float32Array(good), includeMetadata: false }),
      searchBatch: (d) => d.searchBatch([query({}), query(parts)]),
    });
  });
});

it('arguments of another kind', async () => {
  const any = (value: unknown) => value as never;
  await expectRefused('INVALID_OPTION', {
    insert: (d) => d.insert(any(null)),
    'insert text': (d) => d.insert(any('a')),
    'insert unknown key': (d) => d.insert(entry({ metdata: {} })),
    insertBatch: (d) => d.insertBatch(any('a')),
    'insertBatch nothing': (d) => d.insertBatch(any(undefined)),
    'insertBatch hole': (d) => d.insertBatch(any([entry({}), undefined])),
    search: (d) => d.search(any(null)),
    'search nothing': (d) => d.search(any(undefined)),
    'search text': (d) => d.search(any('cats')),
    searchBatch: (d) => d.searchBatch(any({ vector: good })),
    'searchBatch vector': (d) => d.searchBatch(any([good])),
    'searchBatch hole': (d) => d.searchBatch(any([query({}), undefined])),
    deleteBatch: (d) => d.deleteBatch(any('a')),
    update: (d) => d.update('a', any(null)),
    'update nothing': (d) => d.update('a', {}),
    'update unknown key': (d) => d.update('a', any({ vectors: good })),
    entries: (d) => d.entries(any(5)).next(),
  });
});

it('empty batches do nothing', async () => {
  expect(await db.insertBatch([])).toEqual([]);
  if (hasFolders) expect(db.insertBatchSync({ vectors: new Float32Array(0) })).toEqual([]);
  expect(await db.searchBatch([])).toEqual([]);
  expect(await db.deleteBatch([])).toBe(0);
  expect(await db.len()).toBe(2);
});

it('the names of other packages are the same class and functions', async () => {
  expect(ruvector.VectorDb).toBe(VectorDB);
  const options = { dimensions: 3, ...backendOptions() };
  const made = register(await createVectorDb(options), options);
  expect(made).toBeInstanceOf(VectorDB);
  await made.insert({ id: 'a', vector: good });
  expect([await made.size(), (await made.getStats()).count, await made.save(), await made.remove('a'), await made.isEmpty()]).toEqual([
    1,
    1,
    undefined,
    true,
    true,
  ]);
});
