// Filters through search, count, entries and deleteWhere. The operators in full are in test/conformance/filter.test.ts; here is what a user meets.
import type { Filter, Metadata, VectorDB } from 'ruvector';
import { beforeEach, describe, expect, it } from 'vitest';
import { gaussian, names, pack } from '../support/data.js';
import { openDb, reopenDb, tempPath } from '../support/env.js';

const documents: { [id: string]: Metadata | null } = {
  a: {
    topic: 'cats',
    year: 2020,
    tags: ['pet', 'fur'],
    author: { name: 'Ann', born: 1980 },
  },
  b: { topic: 'dogs', year: 2022, tags: ['pet'], author: { name: 'Bob' } },
  c: { topic: 'ants', year: 2024, tags: [], rating: null },
  d: {
    topic: 'Ünïcode 😀',
    year: '2024',
    tags: [['pet']],
    'dotted.key': 1,
    authors: [{ name: 'Ann' }, { name: 'Cid', born: 1990 }],
  },
  e: {},
  f: null,
};
const ids = Object.keys(documents);

let db: VectorDB;
beforeEach(async () => {
  db = await openDb({ dimensions: 1, distanceMetric: 'euclidean' });
  await db.insertBatch({
    ids,
    vectors: Float32Array.from(ids, (_, i) => i),
    metadata: Object.values(documents),
  });
});

async function matching(filter: object): Promise<string> {
  const hits = await db.search({
    vector: [0],
    k: 100,
    filter: filter as Filter,
  });
  const found = hits.map((hit) => hit.id).join('');
  const entries: string[] = [];
  for await (const { id } of db.entries({ filter: filter as Filter })) entries.push(id);
  expect(entries.sort().join('')).toBe([...found].sort().join(''));
  expect(await db.count(filter as Filter)).toBe(found.length);
  return found;
}

it.each([
  [{}, 'abcdef'],
  [{ topic: 'cats' }, 'a'],
  [{ topic: 'Ünïcode 😀' }, 'd'],
  [{ year: 2024 }, 'c'],
  [{ year: { $ne: 2024 } }, 'abdef'],
  [{ year: { $gt: 2020 } }, 'bc'],
  [{ year: { $gte: 2020, $lt: 2024 } }, 'ab'],
  [{ year: { $between: [2020, 2022] } }, 'ab'],
  [{ year: { $in: [2020, '2024', null] } }, 'adef'],
  [{ year: { $nin: [2020, null] } }, 'bcd'],
  [{ tags: 'pet' }, 'ab'],
  [{ tags: ['pet'] }, 'bd'],
  [{ tags: { $all: ['pet', 'fur'] } }, 'a'],
  [{ $and: [] }, 'abcdef'],
  [{ $or: [] }, ''],
  [{ $nor: [] }, 'abcdef'],
  [{ tags: { $size: 0 } }, 'c'],
  [{ tags: { $contains: 'fur' } }, 'a'],
  [{ topic: { $contains: 'at' } }, 'a'],
  [{ tags: { $exists: false } }, 'ef'],
  [{ rating: null }, 'abcdef'],
  [{ rating: { $exists: true } }, 'c'],
  [{ 'author.name': 'Ann' }, 'a'],
  [{ 'authors.name': 'Ann' }, 'd'],
  [{ 'authors.1.name': 'Cid' }, 'd'],
  [{ authors: { $elemMatch: { name: 'Cid', born: { $gt: 1985 } } } }, 'd'],
  [{ authors: { $elemMatch: { name: 'Ann', born: { $gt: 1985 } } } }, ''],
  [{ author: { name: 'Bob' } }, 'b'],
  [{ $or: [{ topic: 'cats' }, { year: 2024 }] }, 'ac'],
  [{ $and: [{ tags: 'pet' }, { year: { $gt: 2021 } }] }, 'b'],
  [{ $nor: [{ tags: 'pet' }, { year: 2024 }] }, 'def'],
  [{ $not: { tags: 'pet' } }, 'cdef'],
  [{ year: { $not: { $gt: 2020 } } }, 'adef'],
  [{ topic: { $gte: 'b' }, year: { $exists: true } }, 'abd'],
])('%j matches %j', async (filter, expected) => {
  expect(await matching(filter)).toBe(expected);
});

describe('bad filters are errors, never ignored', () => {
  const deep = (levels: number) => {
    let filter: object = { x: 1 };
    for (let i = 0; i < levels; i++) filter = { $and: [filter] };
    return filter;
  };
  it.each([
    [{ year: { $greater: 2020 } }, /\$greater/],
    [{ year: { $regex: 'a' } }, /\$regex/],
    [{ year: { $gtee: 2020 } }, /did you mean .*\$gte/],
    [{ $xor: [] }, /\$xor/],
    [{ $and: { x: 1 } }, /\$and/],
    [{ $or: [1] }, /\$or/],
    [{ x: { $in: 5 } }, /\$in/],
    [{ x: { $size: -1 } }, /\$size/],
    [{ x: { $size: 1.5 } }, /\$size/],
    [{ x: { $between: [1] } }, /\$between/],
    [{ x: { $exists: 'maybe' } }, /\$exists/],
    [{ x: { $gt: 1, y: 2 } }, /y|\$gt/],
    [deep(1000), /deep|level/],
    [[{ x: 1 }], /filter/],
    ['x = 1', /filter/],
    [5, /filter/],
    [{ x: undefined }, /x/],
    [{ x: Number.NaN }, /x/],
    [{ x: /a/ }, /x/],
  ])('%j', async (filter, message) => {
    const bad = filter as unknown as Filter;
    const calls = [
      () => db.search({ vector: [0], filter: bad }),
      () => db.searchBatch([{ vector: [0] }, { vector: [0], filter: bad }]),
      () => db.count(bad),
      () => db.deleteWhere(bad),
      () => db.entries({ filter: bad }).next(),
    ];
    for (const call of calls) {
      await expect(call()).rejects.toMatchObject({
        name: 'RuvectorError',
        code: 'INVALID_FILTER',
        message: expect.stringMatching(message),
      });
    }
    expect(await db.len()).toBe(6);
  });
});

it('names of JavaScript are names like any other', async () => {
  const metadata = JSON.parse('{"__proto__":{"x":1},"constructor":"c","toString":[1],"hasOwnProperty":null}') as Metadata;
  await db.insert({ id: 'p', vector: [9], metadata });
  expect(await matching(JSON.parse('{"__proto__.x":1}'))).toBe('p');
  expect(await matching(JSON.parse('{"__proto__":{"x":1}}'))).toBe('p');
  expect(await matching({ constructor: 'c' })).toBe('p');
  expect(await matching({ toString: { $exists: true } })).toBe('p');
  expect(await matching({ hasOwnProperty: { $exists: true } })).toBe('p');
  expect(await matching({ valueOf: { $exists: true } })).toBe('');
});

it('follows every change of the metadata', async () => {
  await db.updateMetadata('e', { topic: 'cats' });
  expect(await matching({ topic: 'cats' })).toBe('ae');
  await db.update('a', { vector: [0.5] });
  expect(await matching({ topic: 'cats' })).toBe('ae');
  await db.insert({ id: 'a', vector: [0] });
  expect(await matching({ topic: 'cats' })).toBe('e');
  await db.delete('e');
  expect(await matching({ topic: 'cats' })).toBe('');
});

it('long documents and long lists are searched whole', async () => {
  const big = {
    list: Array.from({ length: 20_000 }, (_, i) => i),
    text: `${'x'.repeat(200_000)}needle`,
  };
  await db.insert({ id: 'z', vector: [7], metadata: big });
  expect(await matching({ list: 19_999 })).toBe('z');
  expect(await matching({ text: { $contains: 'needle' } })).toBe('z');
  expect(await matching({ list: { $size: 20_000 } })).toBe('z');
  expect(await matching({ topic: { $in: [...names(5000), 'dogs'] } })).toBe('b');
});

it('a filter with a threshold, and with k below its matches', async () => {
  const many = await openDb({ dimensions: 4, index: 'hnsw' });
  const vectors = gaussian(1, 600, 4);
  await many.insertBatch({
    ids: names(600),
    vectors: pack(vectors),
    metadata: vectors.map((_, i) => ({ third: i % 3 })),
  });
  const vector = vectors[0] as Float32Array;
  const all = await many.search({ vector, k: 600, filter: { third: 0 } });
  expect(all.length).toBe(200);
  expect((await many.search({ vector, k: 3, filter: { third: 0 }, exact: true })).map((hit) => hit.id)).toEqual(
    all.slice(0, 3).map((hit) => hit.id),
  );
  const close = await many.search({
    vector,
    k: 600,
    filter: { third: 0 },
    threshold: 0.5,
  });
  expect(close.map((hit) => hit.id)).toEqual(all.filter((hit) => hit.similarity >= 0.5).map((hit) => hit.id));
});

// From 512 rows on a field that is filtered by has an index; here are rows that come, change and go while it does.
it('many rows: what the indexes of fields answer is what their metadata says', async () => {
  const options = { dimensions: 2, distanceMetric: 'euclidean', storagePath: tempPath() };
  let many = await openDb(options);
  type Row = { n: number; tag: string[]; deep?: { x: string | null } };
  const model = new Map<string, Row>();
  const make = (i: number): Row => ({
    n: i % 50,
    tag: [`t${i % 3}`, `t${i % 5}`],
    ...(i % 4 === 0 ? {} : { deep: { x: i % 7 === 0 ? null : `x${i % 11}` } }),
  });
  const put = async (from: number, to: number) => {
    const entries = Array.from({ length: to - from }, (_, i) => ({
      id: `r${from + i}`,
      vector: [from + i, 0],
      metadata: make(from + i),
    }));
    await many.insertBatch(entries);
    for (const entry of entries) model.set(entry.id, entry.metadata);
  };
  const filters: [object, (row: Row) => boolean][] = [
    [{ n: 7 }, (r) => r.n === 7],
    [{ n: { $gte: 10, $lt: 12 } }, (r) => r.n >= 10 && r.n < 12],
    [{ tag: 't4', n: { $ne: 9 } }, (r) => r.tag.includes('t4') && r.n !== 9],
    [{ 'deep.x': null }, (r) => (r.deep?.x ?? null) === null],
    [{ $or: [{ 'deep.x': 'x3' }, { n: { $in: [1, 2] } }] }, (r) => r.deep?.x === 'x3' || [1, 2].includes(r.n)],
    [{ 'deep.x': { $exists: true }, tag: { $size: 2 } }, (r) => r.deep !== undefined],
    [{ $nor: [{ tag: { $contains: 't1' } }, { n: { $gt: 25 } }] }, (r) => !r.tag.includes('t1') && r.n <= 25],
  ];
  const check = async () => {
    for (const [filter, holds] of filters) {
      const expected = [...model].filter(([, row]) => holds(row)).map(([id]) => id);
      const hits = await many.search({ vector: [0, 0], k: 5000, filter: filter as Filter });
      expect(hits.map((hit) => hit.id).sort(), JSON.stringify(filter)).toEqual(expected.sort());
      expect(await many.count(filter as Filter)).toBe(expected.length);
    }
  };
  await put(0, 1500);
  await check();
  await put(1400, 2300);
  for (let i = 0; i < 2300; i += 17) {
    await many.delete(`r${i}`);
    model.delete(`r${i}`);
  }
  for (let i = 1; i < 2300; i += 34) {
    await many.updateMetadata(`r${i}`, make(i + 1));
    if (model.has(`r${i}`)) model.set(`r${i}`, make(i + 1));
  }
  await check();
  many = await reopenDb(many);
  await check();
  await put(2200, 2400);
  await check();
  await many.compact();
  await check();
  expect(await many.verify()).toMatchObject({ ok: true });
  many = await reopenDb(many, { readOnly: true });
  await check();
});

it('a field gets an index only where memoryBudget has room for it, and filters work without', async () => {
  const rows = 1000;
  const usage = async (memoryBudget?: number) => {
    const many = await openDb({ dimensions: 2, distanceMetric: 'euclidean', ...(memoryBudget && { memoryBudget }) });
    await many.insertBatch({
      ids: names(rows),
      vectors: new Float32Array(2 * rows),
      metadata: Array.from({ length: rows }, (_, i) => ({ s: `${'x'.repeat(200)}${i % 10}${i}` })),
    });
    const before = (await many.stats()).memoryUsage;
    expect(await many.count({ s: { $gte: `${'x'.repeat(200)}9` } })).toBe(100);
    const after = (await many.stats()).memoryUsage;
    return { before, after };
  };
  const free = await usage();
  expect(free.after - free.before).toBeGreaterThan(4 * rows);
  const refused: Error = await usage(free.before).catch((error) => error);
  const tight = await usage(Number(/would take (\d+)/.exec(refused.message)?.[1]));
  expect(tight.after).toBe(tight.before);
});
