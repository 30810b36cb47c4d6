// searchRaw: matrices in and out, equal to what searchBatch answers.
import type { VectorDB } from 'ruvector';
import { beforeEach, describe, expect, it } from 'vitest';
import { gaussian, pack } from '../support/data.js';
import { openDb, reopenDb, target, tempPath } from '../support/env.js';
import { errorOf } from '../support/errors.js';

const dimensions = 6;
const vectors = gaussian(81, 300, dimensions);
const asked = gaussian(82, 5, dimensions);
const queries = pack(asked);

let db: VectorDB;
async function fill(options: object = {}): Promise<void> {
  db = await openDb({ dimensions, index: 'hnsw', threads: 2, ...options });
  const ids = vectors.map((_, i) => i - 100);
  await db.insertBatch({ ids, vectors: pack(vectors), metadata: ids.map((i) => ({ even: i % 2 === 0 })) });
}

type Options = Parameters<VectorDB['searchRaw']>[2];

async function expectSame(k: number | undefined, options: Options): Promise<void> {
  const found = await db.searchBatch(asked.map((vector) => ({ vector, ...(k === undefined ? {} : { k }), ...options })));
  const width = k ?? 10;
  const answers = [await db.searchRaw(queries, k, options)];
  if (options?.signal === undefined) answers.push(db.searchRawSync(queries, k, options));
  for (const raw of answers) {
    expect(raw.ids).toBeInstanceOf(Float64Array);
    expect(raw.distances).toBeInstanceOf(Float32Array);
    expect(raw.counts).toBeInstanceOf(Uint32Array);
    expect(Object.keys(raw)).toEqual(['ids', 'distances', 'counts']);
    expect([...raw.counts]).toEqual(found.map((hits) => hits.length));
    const padded = (values: number[]) => [...values, ...new Array<number>(width - values.length).fill(Number.NaN)];
    expect([...raw.ids]).toEqual(found.flatMap((hits) => padded(hits.map((hit) => Number(hit.id)))));
    expect([...raw.distances]).toEqual(found.flatMap((hits) => padded(hits.map((hit) => hit.distance))));
  }
}

describe('answers like searchBatch', () => {
  beforeEach(() => fill());

  it.each<[string, number | undefined, Options]>([
    ['as it comes', undefined, undefined],
    ['one hit', 1, undefined],
    ['all rows', 300, {}],
    ['k beyond the rows', 500, undefined],
    ['exactly', 7, { exact: true }],
    ['looking far', 7, { efSearch: 300 }],
    ['with a filter', 20, { filter: { even: true } }],
    ['with a filter that few match', 20, { filter: { even: 3 } }],
    ['above a threshold', 50, { threshold: 0.8 }],
    ['a share of the hits', 10, { recall: 0.9 }],
    ['undefined options', 3, { efSearch: undefined, filter: undefined } as never],
    ['with a signal and a timeout', 3, { signal: new AbortController().signal, timeoutMs: 60_000 }],
  ])('%s', (_, k, options) => expectSame(k, options));

  it('with k among the options, as in search', async () => {
    expect(await db.searchRaw(queries, undefined, { k: 3 } as never)).toEqual(await db.searchRaw(queries, 3));
  });

  it('with scores that are similarities: distances stay what they are', async () => {
    await fill({ storagePath: tempPath() });
    db = await reopenDb(db, { dimensions, scoreMode: 'similarity' });
    await expectSame(4, undefined);
  });

  it('of no queries', async () => {
    const none = { ids: new Float64Array(0), distances: new Float32Array(0), counts: new Uint32Array(0) };
    expect(await db.searchRaw(new Float32Array(0))).toEqual(none);
    expect(db.searchRawSync(new Float32Array(0), 5, { filter: { even: true } })).toEqual(none);
  });

  it('of an empty collection', async () => {
    await db.clear();
    expect(await db.searchRaw(queries, 2)).toEqual({
      ids: new Float64Array(10).fill(Number.NaN),
      distances: new Float32Array(10).fill(Number.NaN),
      counts: new Uint32Array(5),
    });
  });

  it('in a collection, through a view, before it is open', async () => {
    await fill({ storagePath: tempPath() });
    const more = db.collection('more', { dimensions: 2, distanceMetric: 'euclidean' });
    await more.insertBatch({ ids: [7, 8], vectors: new Float32Array([0, 0, 3, 4]) });
    db = await reopenDb(db, {});
    const view = new Float32Array([9, 0, 0, 3, 4, 9]).subarray(1, 5);
    const expected = { ids: new Float64Array([7, 8, 8, 7]), distances: new Float32Array([0, 5, 0, 5]), counts: new Uint32Array([2, 2]) };
    expect(await db.collection('more').searchRaw(view, 2)).toEqual(expected);
    expect(db.collection('more').searchRawSync(view, 2)).toEqual(expected);
  });
});

it('gives every whole number that a double holds', async () => {
  const numbers = [0, 1, -1, 10, -10, 2 ** 31, -(2 ** 32), 10 ** 15, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
  const own = await openDb({ dimensions: 1, distanceMetric: 'euclidean' });
  await own.insertBatch({ ids: numbers, vectors: Float32Array.from(numbers, (_, i) => i) });
  expect([...(await own.searchRaw(new Float32Array([0]), numbers.length)).ids]).toEqual(numbers);
  await own.delete(0);
  await own.insert({ id: -0, vector: [0] });
  expect(Object.is((await own.searchRaw(new Float32Array([0]), 1)).ids[0], 0)).toBe(true);
});

it.each([
  ...['a', '01', '00', '-0', '-01', '+1', '1.5', '1.0', '1e3', '0x10', ' 1', '1 ', '-', '--1', '1-', '1_000', 'NaN', 'Infinity', '١'],
  ...['9007199254740992', '-9007199254740992', '10000000000000000', '99999999999999999999', '184467440737095516160', '9'.repeat(400)],
])('the id %j is no whole number', async (id) => {
  const own = await openDb({ dimensions: 1, distanceMetric: 'euclidean' });
  await own.insertBatch([
    { id: 5, vector: [0] },
    { id, vector: [9] },
  ]);
  const query = new Float32Array([1]);
  for (const call of [() => own.searchRaw(query), () => own.searchRawSync(query)]) {
    const error = await errorOf(call);
    expect(error.code).toBe('UNSUPPORTED');
    expect(error.message).toContain(JSON.stringify(id).slice(0, 60).replace(/"$/, ''));
  }
  // Where it is no hit it does not matter.
  expect([...(await own.searchRaw(query, 1)).ids]).toEqual([5]);
});

describe('refuses', () => {
  beforeEach(() => fill());

  const wrong = (value: unknown) => value as never;
  const some = Float32Array.from(queries);
  it.each<[string, unknown[], string, RegExp]>([
    ['half a row', [new Float32Array(9)], 'DIMENSION_MISMATCH', /^queries has 9 values, expected rows of 6 \(dimensions\)$/],
    ['less than a row', [new Float32Array(1)], 'DIMENSION_MISMATCH', /1 values/],
    ['an array', [[1, 2, 3, 4, 5, 6]], 'INVALID_VECTOR', /^queries is an array, expected a Float32Array$/],
    ['doubles', [new Float64Array(6).fill(1)], 'INVALID_VECTOR', /^queries is a Float64Array/],
    ['a query', [{ vector: some }], 'INVALID_VECTOR', /^queries is an object/],
    ['nothing', [], 'INVALID_VECTOR', /^queries is undefined/],
    ['NaN', [some.map((x, i) => (i === 20 ? Number.NaN : x))], 'INVALID_VECTOR', /^query 3: vector/],
    ['NaN in the only one', [some.subarray(0, 6).map(() => Number.NaN)], 'INVALID_VECTOR', /^vector/],
    ['zeros under cosine', [new Float32Array(12)], 'ZERO_VECTOR', /^query 0: /],
    ['k of 0', [some, 0], 'INVALID_K', /^k is 0/],
    ['a k that is an object', [some, { k: 3 }], 'INVALID_K', /^k is an? object/],
    ['options that are none', [some, 3, 'cosine'], 'INVALID_OPTION', /^options is "cosine", expected an object/],
    ['options null', [some, 3, null], 'INVALID_OPTION', /^options is null/],
    ['k twice', [some, 3, { topK: 4 }], 'INVALID_OPTION', /^options has topK, which is an argument already/],
    ['a vector', [some, 3, { vector: some }], 'INVALID_OPTION', /^options has vector, which is an argument already/],
    ['like', [some, 3, { like: '1' }], 'INVALID_OPTION', /^unknown option "like"/],
    ['includeVectors', [some, 3, { includeVectors: true }], 'INVALID_OPTION', /^unknown option "includeVectors"/],
    ['includeMetadata', [some, 3, { includeMetadata: false }], 'INVALID_OPTION', /^unknown option "includeMetadata"/],
    ['a typing mistake', [some, 3, { treshold: 1 }], 'INVALID_OPTION', /did you mean "threshold"/],
    ['efSearch of 0', [some, 3, { efSearch: 0 }], 'INVALID_OPTION', /^efSearch is 0/],
    ['recall and exact', [some, 3, { recall: 0.9, exact: true }], 'INVALID_OPTION', /recall/],
    ['a wrong filter', [some, 3, { filter: { x: { $foo: 1 } } }], 'INVALID_FILTER', /\$foo/],
    ['a wrong signal', [some, 3, { signal: {} }], 'INVALID_OPTION', /^signal is an object, expected an AbortSignal/],
    ['a wrong timeout', [some, 3, { timeoutMs: -1 }], 'INVALID_OPTION', /^timeoutMs is -1/],
  ])('%s', async (_, args, code, message) => {
    const [first, second, third] = args;
    for (const name of ['searchRaw', 'searchRawSync'] as const) {
      const error = await errorOf(() => db[name](wrong(first), wrong(second), wrong(third)));
      expect([error.code, error.method], error.message).toEqual([code, name]);
      expect(error.message).toMatch(message);
    }
    expect((await db.searchRaw(some, 1)).counts.length).toBe(5);
  });

  it('more room than there is', async () => {
    const own = await openDb({ dimensions: 1, distanceMetric: 'euclidean' });
    await own.insert({ id: 1, vector: [1] });
    const error = await errorOf(() => own.searchRaw(new Float32Array(65_536), 65_536));
    expect([error.code, error.message]).toEqual(['MEMORY_LIMIT', expect.stringContaining('4294967296 hits')]);
  });
});

it('a signal and a timeout end it', async () => {
  await fill();
  const aborted = await errorOf(() => db.searchRaw(queries, 3, { signal: AbortSignal.abort('enough') }));
  expect([aborted.code, aborted.method, aborted.cause]).toEqual(['ABORTED', 'searchRaw', 'enough']);
  const large = await openDb({ dimensions: 1, distanceMetric: 'euclidean', index: 'flat' });
  await large.insertBatch({ ids: Array.from({ length: 20_000 }, (_, i) => i), vectors: new Float32Array(20_000) });
  expect((await errorOf(() => large.searchRaw(new Float32Array(3), 3, { timeoutMs: 1e-3 }))).code).toBe('TIMEOUT');
  if (target !== 'native') return;
  const controller = new AbortController();
  const call = large.searchRaw(new Float32Array(20_000), 3, { signal: controller.signal });
  setTimeout(() => controller.abort(), 5);
  expect((await errorOf(() => call)).code).toBe('ABORTED');
});

it('what the caller changes afterwards is not searched for', async () => {
  db = await openDb({ dimensions, storagePath: tempPath() });
  const rows = { ids: vectors.map((_, i) => i), vectors: pack(vectors) };
  await db.collection('rows', { dimensions }).insertBatch(rows);
  const expected = await db.collection('rows').searchRaw(queries, 3);
  for (const again of [false, true]) {
    // The second time the collection is not open yet, and the call waits for that.
    if (again) db = await reopenDb(db);
    const own = queries.slice();
    const answer = db.collection('rows').searchRaw(own, 3);
    own.fill(9);
    expect(await answer).toEqual(expected);
  }
});
