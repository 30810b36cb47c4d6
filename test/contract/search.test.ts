// What a search answers, against brute force in doubles: every metric, every length of vector, every shape of argument.
import type { Metric } from 'ruvector';
import { describe, expect, it } from 'vitest';
import { gaussian, names, pack, Random } from '../support/data.js';
import { openDb } from '../support/env.js';
import { disagreement, leastRecall, nearest, recall } from '../support/reference.js';

const metrics: Metric[] = ['cosine', 'euclidean', 'dot', 'manhattan'];

function rowsOf(vectors: readonly Float32Array[]): Map<string, Float32Array> {
  return new Map(names(vectors.length).map((id, i) => [id, vectors[i] as Float32Array]));
}

describe.each(metrics)('%s', (distanceMetric) => {
  it.each([1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 63, 65, 128, 257])('is exact in %i dimensions', async (dimensions) => {
    const vectors = gaussian(dimensions, 120, dimensions);
    const rows = rowsOf(vectors);
    const db = await openDb({ dimensions, distanceMetric, index: 'flat' });
    await db.insertBatch({ ids: [...rows.keys()], vectors: pack(vectors) });
    for (const query of gaussian(900 + dimensions, 4, dimensions)) {
      for (const k of [1, 10, 120, 200]) {
        const hits = await db.search({ vector: query, k });
        expect(disagreement(distanceMetric, rows, query, k, hits)).toBeUndefined();
      }
    }
  });

  it('is exact through every index when asked to be', async () => {
    const vectors = gaussian(1, 700, 24);
    const rows = rowsOf(vectors);
    for (const index of ['auto', 'flat', 'hnsw'] as const) {
      const db = await openDb({ dimensions: 24, distanceMetric, index });
      await db.insertBatch({ ids: [...rows.keys()], vectors: pack(vectors) });
      expect((await db.stats()).indexType).toBe(index === 'hnsw' ? 'hnsw' : 'flat');
      for (const query of gaussian(2, 10, 24)) {
        const hits = await db.search({ vector: query, k: 25, exact: true });
        expect(disagreement(distanceMetric, rows, query, 25, hits), index).toBeUndefined();
      }
    }
  });

  it('keeps its recall through the graph', async () => {
    const vectors = gaussian(3, 3000, 32);
    const rows = rowsOf(vectors);
    const db = await openDb({ dimensions: 32, distanceMetric, index: 'hnsw' });
    await db.insertBatch({ ids: [...rows.keys()], vectors: pack(vectors) });
    const queries = gaussian(4, 40, 32);
    let sum = 0;
    for (const query of queries) sum += recall(await db.search({ vector: query, k: 10 }), nearest(distanceMetric, rows, query, 10));
    expect(sum / queries.length).toBeGreaterThanOrEqual(leastRecall.hard);
  });

  it('finds every row of a graph by its own vector', async () => {
    // 2,000 rows: with fewer than 1,600 a search at the default efSearch scans.
    // Under dot a row's own vector need not be the closest: give all of them one length.
    const vectors = gaussian(5, 2000, 16).map((v) => v.map((x) => x / Math.hypot(...v)));
    const db = await openDb({ dimensions: 16, distanceMetric, index: 'hnsw' });
    await db.insertBatch({ ids: names(2000), vectors: pack(vectors) });
    const found = await db.searchBatch(vectors.map((vector) => ({ vector, k: 1 })));
    expect(found.map((hits) => hits[0]?.id)).toEqual(names(2000));
  });

  it('drops hits below the threshold, and no others', async () => {
    const vectors = gaussian(6, 300, 8);
    const rows = rowsOf(vectors);
    for (const index of ['flat', 'hnsw'] as const) {
      const db = await openDb({ dimensions: 8, distanceMetric, index });
      await db.insertBatch({ ids: [...rows.keys()], vectors: pack(vectors) });
      const [query] = gaussian(7, 1, 8) as [Float32Array];
      const all = await db.search({ vector: query, k: 300, exact: true });
      const middle = ((all[100]?.similarity as number) + (all[101]?.similarity as number)) / 2;
      const kept = await db.search({
        vector: query,
        k: 300,
        exact: true,
        threshold: middle,
      });
      expect([...kept]).toEqual(all.slice(0, 101));
      expect(
        await db.search({
          vector: query,
          k: 5,
          threshold: (all[0]?.similarity as number) + 1,
        }),
      ).toEqual([]);
      expect(
        (
          await db.search({
            vector: query,
            k: 300,
            exact: true,
            threshold: -1e30,
          })
        ).length,
      ).toBe(300);
    }
  });
});

it('gives known distances', async () => {
  const known: [Metric, number, number][] = [
    ['cosine', 0.04, 0.96],
    ['euclidean', Math.SQRT2, 1 / (1 + Math.SQRT2)],
    ['dot', -24, 24],
    ['manhattan', 2, 1 / 3],
  ];
  for (const [distanceMetric, distance, similarity] of known) {
    const db = await openDb({ dimensions: 2, distanceMetric });
    await db.insert({ id: 'a', vector: [3, 4] });
    const [hit] = await db.search([4, 3]);
    expect(hit?.distance, distanceMetric).toBeCloseTo(distance, 6);
    expect(hit?.similarity, distanceMetric).toBeCloseTo(similarity, 6);
    expect(hit?.score).toBe(hit?.distance);
  }
});

it('cosine does not depend on lengths, from 1e-15 to 1e15', async () => {
  const db = await openDb({ dimensions: 3 });
  const lengths = [1e-15, 1e-6, 1, 1e6, 1e15];
  for (const length of lengths) await db.insert({ id: `${length}`, vector: [length, 2 * length, -length] });
  for (const length of lengths) {
    for (const hit of await db.search([length, -length, 3 * length])) expect(hit.distance).toBeCloseTo(1 + 4 / Math.sqrt(66), 5);
    for (const hit of await db.search([length, 2 * length, -length])) expect(hit.distance).toBeCloseTo(0, 6);
  }
});

it('every kind of vector means the same', async () => {
  const db = await openDb({ dimensions: 3, distanceMetric: 'euclidean' });
  const numbers = [0.1, -2, 1e-3];
  await db.insert({ id: 'array', vector: numbers });
  await db.insert({ id: 'f32', vector: Float32Array.from(numbers) });
  await db.insert({ id: 'f64', vector: Float64Array.from(numbers) });
  await db.insert({
    id: 'view',
    vector: new Float32Array(Float32Array.from([9, ...numbers, 9]).buffer, 4, 3),
  });
  await db.insert({ id: 'frozen', vector: Object.freeze([...numbers]) });
  for (const vector of [numbers, Float32Array.from(numbers), Float64Array.from(numbers)]) {
    const hits = await db.search(vector);
    expect(hits.map((hit) => [hit.id, hit.distance])).toEqual(['array', 'f32', 'f64', 'frozen', 'view'].map((id) => [id, 0]));
    expect([...db.searchSync(vector)]).toEqual([...hits]);
  }
  for await (const { vector } of db.entries()) expect(vector).toEqual(Float32Array.from(numbers));
});

it.each(['flat', 'hnsw'] as const)('ties come in the order of their ids: %s', async (index) => {
  const db = await openDb({
    dimensions: 2,
    distanceMetric: 'manhattan',
    index,
  });
  const random = new Random(8);
  const ids = names(300).sort(() => random.uniform() - 0.5);
  await db.insertBatch(ids.map((id, i) => ({ id, vector: [i % 2 === 0 ? 1 : -1, 0] })));
  const hits = await db.search({ vector: [0, 0], k: 300 });
  expect(hits.map((hit) => hit.id)).toEqual(names(300).sort());
  expect(new Set(hits.map((hit) => hit.distance))).toEqual(new Set([1]));
});

it('a batch answers like its queries one by one, whatever each asks for', async () => {
  const db = await openDb({ dimensions: 8, index: 'hnsw' });
  const vectors = gaussian(9, 500, 8);
  await db.insertBatch({
    ids: names(500),
    vectors: pack(vectors),
    metadata: vectors.map((_, i) => ({ even: i % 2 === 0, i })),
  });
  const queries = gaussian(10, 8, 8).map((vector, i) => ({
    vector,
    k: 1 + i * 3,
    ...(i % 2 ? { filter: { even: true } } : {}),
    ...(i % 3 ? { includeVectors: true } : {}),
    ...(i % 4 ? { includeMetadata: false } : {}),
    ...(i === 5 ? { efSearch: 20 } : {}),
    ...(i === 6 ? { threshold: 0.2 } : {}),
  }));
  const together = await db.searchBatch(queries);
  expect(together.length).toBe(8);
  for (const [i, query] of queries.entries()) {
    expect([...(together[i] ?? [])], `query ${i}`).toEqual([...(await db.search(query))]);
    expect([...(db.searchBatchSync([query])[0] ?? [])], `query ${i}`).toEqual([...(together[i] ?? [])]);
  }
  expect(new Set(together.map((hits) => hits.queryId)).size).toBe(8);
  const bad = [{ vector: queries[0]?.vector as Float32Array }, { vector: [Number.NaN, 0, 0, 0, 0, 0, 0, 0] }];
  await expect(db.searchBatch(bad)).rejects.toMatchObject({
    code: 'INVALID_VECTOR',
    message: expect.stringContaining('query 1'),
  });
});

it('an empty database has no hits', async () => {
  for (const index of ['auto', 'flat', 'hnsw'] as const) {
    const db = await openDb({ dimensions: 2, index });
    expect(await db.search([1, 0])).toEqual([]);
    expect(await db.search({ vector: [1, 0], filter: { x: 1 }, exact: true })).toEqual([]);
    expect(db.searchSync(new Float32Array([1, 0]), 3, { includeMetadata: false })).toEqual([]);
    await db.insert({ id: 'a', vector: [1, 0] });
    await db.delete('a');
    expect(await db.search([1, 0])).toEqual([]);
  }
});

it('k may pass the number of rows, up to 65,536', async () => {
  const db = await openDb({ dimensions: 2, index: 'hnsw' });
  await db.insertBatch({
    ids: names(300),
    vectors: pack(gaussian(11, 300, 2)),
  });
  for (const k of [299, 300, 301, 65_536]) {
    const hits = await db.search({ vector: [1, 0], k });
    expect(new Set(hits.map((hit) => hit.id)).size).toBe(Math.min(k, 300));
  }
});

it('the zero vector is refused under cosine, and only there', async () => {
  const zero = [0, 0, 0];
  for (const distanceMetric of metrics) {
    const db = await openDb({ dimensions: 3, distanceMetric });
    await db.insert({ id: 'a', vector: [1, 2, 3] });
    const calls = [
      () => db.insert({ id: 'b', vector: zero }),
      () =>
        db.insertBatch([
          { id: 'c', vector: [1, 1, 1] },
          { id: 'd', vector: zero },
        ]),
      () => db.update('a', { vector: zero }),
      () => db.search(zero),
    ];
    for (const call of calls) {
      if (distanceMetric === 'cosine') await expect(call()).rejects.toMatchObject({ code: 'ZERO_VECTOR' });
      else await call();
    }
    expect(await db.len()).toBe(distanceMetric === 'cosine' ? 1 : 4);
    expect((await db.get('a'))?.vector).toEqual(Float32Array.from(distanceMetric === 'cosine' ? [1, 2, 3] : zero));
  }
});

it('the same seed and one thread give the same graph, another seed another', async () => {
  const vectors = pack(gaussian(12, 2000, 48));
  const queries = gaussian(13, 40, 48).map((vector) => ({
    vector,
    k: 10,
    efSearch: 10,
  }));
  const answers = [];
  for (const seed of [1, 1, 2]) {
    const db = await openDb({
      dimensions: 48,
      index: 'hnsw',
      seed,
      threads: 1,
    });
    await db.insertBatch({ ids: names(2000), vectors });
    answers.push((await db.searchBatch(queries)).map((hits) => hits.map((hit) => hit.id)));
  }
  expect(answers[1]).toEqual(answers[0]);
  expect(answers[2]).not.toEqual(answers[0]);
});

it('the largest vectors work', async () => {
  const db = await openDb({ dimensions: 65_536, distanceMetric: 'euclidean' });
  const vector = new Float32Array(65_536).fill(1);
  await db.insert({ id: 'a', vector });
  vector[65_535] = 3;
  await db.insert({ id: 'b', vector });
  expect((await db.search(vector)).map((hit) => [hit.id, hit.distance])).toEqual([
    ['b', 0],
    ['a', 2],
  ]);
});
