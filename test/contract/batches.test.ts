// Batches of searches: what each query answers does not depend on the others, whether they share their options or not; and ids come back as they are.
import type { Hits, SearchQuery, VectorDB } from 'ruvector';
import { beforeEach, describe, expect, it } from 'vitest';
import { gaussian, names, pack, Random } from '../support/data.js';
import { openDb, target } from '../support/env.js';
import { errorOf } from '../support/errors.js';
import { disagreement } from '../support/reference.js';

const dimensions = 8;
const vectors = gaussian(71, 200, dimensions);
const metadata = vectors.map((_, i) => (i % 3 === 0 ? null : { i, even: i % 2 === 0 }));
const rows = new Map(names(200).map((id, i) => [id, vectors[i] as Float32Array]));
const asked = gaussian(72, 7, dimensions);

let db: VectorDB;
beforeEach(async () => {
  db = await openDb({ dimensions, distanceMetric: 'euclidean', index: 'flat', threads: 2 });
  await db.insertBatch({ ids: names(200), vectors: pack(vectors), metadata });
});

interface Told {
  k?: number;
  filter?: object;
  includeVectors?: boolean;
  includeMetadata?: boolean;
}

/** Compares with brute force: the hits, and exactly the properties that were asked for. */
function expectAnswer(hits: Hits | undefined, vector: Float32Array, { k = 10, filter, includeVectors, includeMetadata = true }: Told) {
  const matching = new Map([...rows].filter((_, i) => filter === undefined || metadata[i]?.even === true));
  expect(disagreement('euclidean', matching, vector, k, hits ?? [])).toBeUndefined();
  for (const hit of hits ?? []) {
    const row = metadata[names(200).indexOf(hit.id)];
    const keys = ['id', 'score', 'distance', 'similarity'];
    if (includeVectors) keys.push('vector');
    if (includeMetadata && row) keys.push('metadata');
    expect(Object.keys(hit)).toEqual(keys);
    if (includeVectors) expect(hit.vector).toEqual(rows.get(hit.id));
    if (includeMetadata && row) expect(hit.metadata).toEqual(row);
  }
}

describe('queries that share their options', () => {
  const filter = { even: true };
  const live = new AbortController().signal;
  const kinds: [string, (vector: Float32Array) => object, Told][] = [
    ['none', (vector) => ({ vector }), {}],
    ['k', (vector) => ({ vector, k: 3 }), { k: 3 }],
    ['k beyond the rows', (vector) => ({ vector, k: 1000 }), { k: 1000 }],
    ['names of others', (query) => ({ topK: 4, query }), { k: 4 }],
    ['a vector under its second name', (query) => ({ vector: undefined, query }), {}],
    ['an option left undefined', (vector) => ({ k: undefined, vector, efSearch: undefined }), {}],
    ['one filter', (vector) => ({ vector, filter }), { filter }],
    ['equal filters', (vector) => ({ vector, filter: { even: true } }), { filter }],
    ['a filter as text', (vector) => ({ vector, filter: '{"even":true}' }), { filter }],
    ['vectors', (vector) => ({ vector, k: 5, includeVectors: true }), { k: 5, includeVectors: true }],
    ['no metadata', (vector) => ({ vector, includeMetadata: false }), { includeMetadata: false }],
    [
      'vectors, no metadata',
      (vector) => ({ includeMetadata: false, includeVectors: true, vector }),
      { includeMetadata: false, includeVectors: true },
    ],
    ['a signal and a timeout', (vector) => ({ vector, signal: live, timeoutMs: 60_000 }), {}],
    ['no prototype', (vector) => Object.assign(Object.create(null), { vector, k: 2 }), { k: 2 }],
  ];
  it.each(kinds)('%s', async (_, queryOf, told) => {
    for (const count of [1, 2, asked.length]) {
      const queries = asked.slice(0, count).map(queryOf) as SearchQuery[];
      const answers = [await db.searchBatch(queries)];
      if (!('signal' in (queries[0] as object))) answers.push(db.searchBatchSync(queries));
      for (const answer of answers) {
        expect(answer.length).toBe(count);
        for (const [i, hits] of answer.entries()) expectAnswer(hits, asked[i] as Float32Array, told);
      }
    }
    const other = { vector: asked[0] as Float32Array, k: 1, includeVectors: true };
    const mixed = await db.searchBatch([...asked.map(queryOf), other] as SearchQuery[]);
    for (const [i, vector] of asked.entries()) expectAnswer(mixed[i], vector, told);
    expectAnswer(mixed[asked.length], other.vector, other);
  });

  it('every kind of vector', async () => {
    const [a, b, c] = asked as [Float32Array, Float32Array, Float32Array];
    const answer = await db.searchBatch([{ vector: a }, { vector: Float64Array.from(b) }, { vector: Array.from(c) }]);
    for (const [i, hits] of answer.entries()) expectAnswer(hits, asked[i] as Float32Array, {});
  });
});

describe('queries that look alike', () => {
  const [a, b] = asked as [Float32Array, Float32Array];
  const pairs: [string, object, object, Told, Told][] = [
    ['another k', { vector: a, k: 2 }, { vector: b, k: 3 }, { k: 2 }, { k: 3 }],
    ['another order of keys', { vector: a, k: 2 }, { k: 3, vector: b }, { k: 2 }, { k: 3 }],
    ['another name of k', { vector: a, k: 2 }, { vector: b, topK: 3 }, { k: 2 }, { k: 3 }],
    ['an equal value of another option', { vector: a, k: 3 }, { vector: b, efSearch: 3 }, { k: 3 }, {}],
    ['one more option', { vector: a }, { vector: b, k: 3 }, {}, { k: 3 }],
    ['one option less', { vector: a, k: 2 }, { vector: b }, { k: 2 }, {}],
    ['an option undefined', { vector: a, k: 2 }, { vector: b, k: undefined }, { k: 2 }, {}],
    ['another filter', { vector: a, filter: { even: true } }, { vector: b, filter: {} }, { filter: {} }, {}],
    ['vectors for one', { vector: a, includeVectors: false }, { vector: b, includeVectors: true }, {}, { includeVectors: true }],
    ['metadata for one', { vector: a, includeMetadata: false }, { vector: b, includeMetadata: true }, { includeMetadata: false }, {}],
    ['vectors under two names', { vector: a }, { embedding: b }, {}, {}],
  ];
  it.each(pairs)('%s', async (_, first, second, toldFirst, toldSecond) => {
    for (const queries of [
      [first, second],
      [second, first],
    ] as SearchQuery[][]) {
      const of = await db.searchBatch(queries);
      const [one, two] = queries[0] === first ? of : of.toReversed();
      expectAnswer(one, a, toldFirst);
      expectAnswer(two, b, toldSecond);
    }
  });

  it('some like an entry, some by a vector', async () => {
    const id = names(200)[5] as string;
    await db.insert({ id: 6, vector: vectors[6] as Float32Array });
    const queries: SearchQuery[] = [
      { like: id, k: 3 },
      { vector: a, k: 3 },
      { like: 6, k: 3, includeVectors: true },
    ];
    const together = await db.searchBatch(queries);
    for (const [i, query] of queries.entries()) expect([...(together[i] as Hits)]).toEqual([...(await db.search(query))]);
    const [, same] = await db.searchBatch([
      { vector: undefined, like: id, k: 3 },
      { vector: undefined, like: id, k: 3 },
    ] as never);
    expect([...(same as Hits)]).toEqual([...(together[0] as Hits)]);
    expect(same?.map((hit) => hit.id)).not.toContain(id);
    const both = await errorOf(() => db.searchBatch([{ vector: a }, { vector: a, like: id }]));
    expect(both.message).toMatch(/^query 1: vector and like are both given/);
    expect((await errorOf(() => db.searchBatch([{ like: id }, { like: 'nobody' }]))).message).toMatch(/^query 1: /);
  });
});

describe('a wrong query is named', () => {
  const vector = asked[0] as Float32Array;
  const short = new Float32Array(dimensions - 1);
  const nan = Float32Array.from(vector, (x, i) => (i === 3 ? Number.NaN : x));
  it.each<[string, unknown[], RegExp]>([
    ['a short vector', [{ vector }, { vector: short }], /^query 1: vector has 7 values, expected 8 \(dimensions\)$/],
    ['the only one', [{ vector: short }], /^vector has 7 values/],
    ['NaN', [{ vector }, { vector }, { vector: nan }], /^query 2: vector/],
    ['NaN in the only one', [{ vector: nan }], /^vector/],
    ['a number too large', [{ vector }, { vector: [1e300, 0, 0, 0, 0, 0, 0, 0] }], /^query 1: vector has 1e\+300 at index 0/],
    ['no vector', [{ vector }, { vector: undefined }], /^query 1: vector is undefined/],
    ['no vectors', [{ k: 1 }, { k: 1 }], /^vector is undefined|^query 0: vector is undefined/],
    [
      'an option of all',
      [
        { vector, k: 0 },
        { vector, k: 0 },
      ],
      /^query 0: k is 0/,
    ],
    [
      'an option of one',
      [
        { vector, k: 1 },
        { vector, k: 0 },
      ],
      /^query 1: k is 0/,
    ],
    [
      'recall and efSearch',
      [
        { vector, recall: 0.9, efSearch: 9 },
        { vector, recall: 0.9, efSearch: 9 },
      ],
      /^query 0: /,
    ],
    [
      'an unknown option',
      [
        { vector, ks: 0 },
        { vector, ks: 0 },
      ],
      /^unknown option "query 0: ks"/,
    ],
    [
      'two names for one thing',
      [
        { vector, query: vector },
        { vector, query: vector },
      ],
      /another name of vector/,
    ],
    ['no query', [{ vector }, null], /^query is null, expected an object/],
    ['a vector as a query', [vector, vector], /^query is a Float32Array, expected an object/],
  ])('%s', async (_, queries, message) => {
    for (const call of [() => db.searchBatch(queries as never), () => db.searchBatchSync(queries as never)]) {
      expect((await errorOf(call)).message).toMatch(message);
    }
  });
});

it('what the caller changes afterwards is not searched for', async () => {
  const queries = asked.map((vector) => ({ vector: vector.slice(), k: 3 }));
  const answer = db.searchBatch(queries);
  for (const query of queries) {
    query.vector.fill(9);
    query.k = 1;
  }
  for (const [i, hits] of (await answer).entries()) expectAnswer(hits, asked[i] as Float32Array, { k: 3 });
});

it('signals end a batch, shared or not, and are let go of', async () => {
  const vector = asked[0] as Float32Array;
  const gone = AbortSignal.abort('enough');
  const controller = new AbortController();
  let listeners = 0;
  const counted = Object.create(controller.signal, {
    aborted: { get: () => controller.signal.aborted },
    addEventListener: { value: () => listeners++ },
    removeEventListener: { value: () => listeners-- },
  }) as AbortSignal;
  for (const queries of [
    [
      { vector, signal: gone },
      { vector, signal: gone },
    ],
    [{ vector, signal: counted }, { vector, signal: gone }, { vector }],
  ]) {
    const error = await errorOf(() => db.searchBatch(queries));
    expect([error.code, error.method, error.cause]).toEqual(['ABORTED', 'searchBatch', 'enough']);
  }
  const answer = db.searchBatch(asked.map((vector) => ({ vector, signal: counted })));
  expect(listeners).toBe(1);
  expect((await answer).length).toBe(asked.length);
  expect(listeners).toBe(0);
});

it.runIf(target === 'native')('a shared signal ends a batch at work', async () => {
  const large = await openDb({ dimensions, index: 'flat', threads: 1 });
  await large.insertBatch({ ids: names(40_000), vectors: pack(gaussian(73, 40_000, dimensions)) });
  const controller = new AbortController();
  const call = large.searchBatch(
    Array.from({ length: 4000 }, (_, i) => ({ vector: asked[i % 7] as Float32Array, signal: controller.signal })),
  );
  setTimeout(() => controller.abort(), 5);
  expect((await errorOf(() => call)).code).toBe('ABORTED');
});

describe('ids come back as they are', () => {
  const random = new Random(74);
  const letters = ['a', 'Z', '7', '-', ' ', '"', '\\', '\0', '\n', 'é', 'ß', '中', '\ufeff', '\ufffd', '🐈', '👩‍👩‍👧', 'e\u0301'];
  const texts = (count: number, most: number, of: readonly string[]) =>
    Array.from(
      { length: count },
      (_, i) => `${Array.from({ length: random.below(most) }, () => of[random.below(of.length)]).join('')}${i}`,
    );
  const kinds: [string, string[]][] = [
    ['short', names(300)],
    ['of every length in ASCII', Array.from({ length: 300 }, (_, i) => 'x'.repeat(i + 1))],
    ['of every length in three bytes', Array.from({ length: 300 }, (_, i) => '中'.repeat(i + 1))],
    ['a mixture', texts(600, 40, letters)],
    ['now and then beyond ASCII', texts(600, 60, [...'abcdefghijklmnopqrstuvwxyz'.repeat(40), '中'])],
    ['first a byte order mark', ['\ufeff', '\ufeffa', '\ufeff\ufeff', 'a\ufeff', ...texts(50, 3, ['\ufeff'])]],
    [
      'as long as they may be',
      ['x', `${'y'.repeat(65_534)}1`, '2', `${'🐈'.repeat(16_383)}abc`, `${'中'.repeat(21_844)}abc`, `é${'z'.repeat(65_533)}`, 'end'],
    ],
    ['about the size of a block', [4094, 4095, 4096, 4097, 8191, 8192, 8193].flatMap((n) => ['a'.repeat(n), 'é'.repeat(n / 2), `b${n}`])],
  ];
  it.each(kinds)('%s', async (_, ids) => {
    const unique = [...new Set(ids)];
    const own = await openDb({ dimensions: 1, distanceMetric: 'euclidean', index: 'flat' });
    await own.insertBatch({ ids: unique, vectors: Float32Array.from(unique, (_, i) => 3 * i) });
    const near = (i: number) => [i, i + 1, i - 1].filter((at) => at >= 0 && at < unique.length).map((at) => unique[at]);
    const queries = unique.map((_, i) => ({ vector: [3 * i + 1], k: 3, threshold: 1 / 5.5, includeMetadata: i % 2 === 0 }));
    for (const answer of [await own.searchBatch(queries), own.searchBatchSync(queries)]) {
      for (const [i, hits] of answer.entries()) expect(hits.map((hit) => hit.id)).toEqual(near(i));
    }
    const shared = await own.searchBatch(queries.map(({ includeMetadata, ...query }) => query));
    for (const [i, hits] of shared.entries()) expect(hits.map((hit) => hit.id)).toEqual(near(i));
    const [all] = await own.searchBatch([{ vector: [-1], k: unique.length }]);
    expect(all?.map((hit) => hit.id)).toEqual(unique);
    expect((await own.search({ vector: [-1], k: 1 }))[0]?.id).toBe(unique[0]);
  });

  it('also where some queries find nothing', async () => {
    const none = { even: 'no' };
    const [a, b] = asked as [Float32Array, Float32Array];
    const of = await db.searchBatch([
      { vector: a, filter: none, includeVectors: true },
      { vector: a, k: 2, includeVectors: true },
      { vector: b, filter: none },
      { vector: b, k: 300 },
    ]);
    expect(of.map((hits) => hits.length)).toEqual([0, 2, 0, 200]);
    expectAnswer(of[1], a, { k: 2, includeVectors: true });
    expectAnswer(of[3], b, { k: 300 });
    const nothing = await db.searchBatch([
      { vector: a, filter: none, includeVectors: true },
      { vector: b, filter: none, includeVectors: true },
    ]);
    expect(nothing).toEqual([[], []]);
    expect(Object.keys(nothing[0] as Hits)).toEqual([]);
    expect(nothing[0]?.queryId).toBeTypeOf('string');
  });
});
