// Entries as points of a plane: where they lie, which of them are taken, and what is refused.
import type { Metric, Projection } from 'ruvector';
import { expect, test } from 'vitest';
import { names, Random } from '../support/data.js';
import { openDb, reopenDb, target, tempPath } from '../support/env.js';
import { errorOf } from '../support/errors.js';

const dimensions = 6;

async function expectError(call: () => unknown, code: string, message: RegExp): Promise<void> {
  const error = await errorOf(call);
  expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
}

/** Spreads 5 and 2 along the directions 0 and 3, little along the others, around a mean. */
function rows(n: number): Float32Array[] {
  const random = new Random(11);
  const spread = [5, 0.3, 0.2, 2, 0.1, 0.05];
  return Array.from({ length: n }, () => Float32Array.from(spread, (s) => 20 + s * random.normal()));
}

const entries = (n: number) => rows(n).map((vector, i) => ({ id: `id${i}`, vector, metadata: { even: i % 2 === 0, n: i } }));

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((sum, x, i) => sum + x * (b[i] as number), 0);

function expectPlaces(found: Projection, vectorOf: (id: string) => Float32Array, metric: Metric): void {
  for (const [i, id] of found.ids.entries()) {
    const vector = vectorOf(id);
    const scale = metric === 'cosine' ? 1 / Math.sqrt(dot(vector, vector)) : 1;
    for (const [k, at] of [found.x[i], found.y[i]].entries()) {
      const axis = found.axes[k as 0 | 1];
      expect(at).toBeCloseTo(dot(vector, axis.direction) * scale - axis.origin, 3);
    }
  }
}

test.each<Metric>(['euclidean', 'cosine', 'dot', 'manhattan'])('entries lie where their axes say: %s', async (metric) => {
  const db = await openDb({ dimensions, distanceMetric: metric });
  const all = entries(500);
  await db.insertBatch(all);
  const found = await db.projection();
  expect(found.ids).toEqual(all.map(({ id }) => id));
  expect([found.x.length, found.y.length, found.total]).toEqual([500, 500, 500]);
  expectPlaces(found, (id) => all[Number(id.slice(2))]?.vector as Float32Array, metric);
  for (const { direction } of found.axes) expect(dot(direction, direction)).toBeCloseTo(1, 4);
  expect(dot(found.axes[0].direction, found.axes[1].direction)).toBeCloseTo(0, 4);
  const [first, second] = found.axes;
  expect(first.explained).toBeGreaterThan(second.explained);
  if (metric !== 'cosine') {
    expect(Math.abs(first.direction[0] as number)).toBeGreaterThan(0.99);
    expect(Math.abs(second.direction[3] as number)).toBeGreaterThan(0.99);
    expect(first.explained).toBeCloseTo(25 / 29.15, 1);
  }
  const again = db.projectionSync({});
  expect([again.x, again.y]).toEqual([found.x, found.y]);
});

test('of many entries every so many-th, and those that match a filter', async () => {
  const db = await openDb({ dimensions });
  await db.insertBatch(entries(1000));
  const some = await db.projection({ limit: 7 });
  expect(some.ids).toEqual([0, 142, 285, 428, 571, 714, 857].map((i) => `id${i}`));
  expect(some.total).toBe(1000);
  const even = await db.projection({ filter: { even: true, n: { $lt: 100 } } });
  expect(even.ids).toEqual(Array.from({ length: 50 }, (_, i) => `id${2 * i}`));
  expect(even.total).toBe(50);
  await db.deleteWhere({ n: { $gte: 3 } });
  await db.insert({ id: 'id0', vector: [1, 2, 3, 4, 5, 6] });
  expect((await db.projection()).ids).toEqual(['id1', 'id2', 'id0']);
});

test('of no, one, two and equal entries, and of one dimension', async () => {
  const db = await openDb({ dimensions: 2, distanceMetric: 'euclidean' });
  const none = await db.projection();
  expect([none.ids, none.x.length, none.total, none.axes[0].explained]).toEqual([[], 0, 0, 0]);
  await db.insert({ id: 'a', vector: [1, 1] });
  expect([...(await db.projection()).x]).toEqual([0]);
  await db.insert({ id: 'b', vector: [4, 5] });
  const two = await db.projection();
  expect([...two.x].map(Math.abs)).toEqual([expect.closeTo(2.5, 5), expect.closeTo(2.5, 5)]);
  expect([...two.y, two.axes[1].explained]).toEqual([0, 0, 0]);
  await db.clear();
  await db.insertBatch(names(5).map((id) => ({ id, vector: [0.1, 0.7] })));
  const equal = await db.projection();
  expect([...equal.x, ...equal.y]).toEqual(Array(10).fill(0));

  const line = await openDb({ dimensions: 1, distanceMetric: 'euclidean' });
  await line.insertBatch([1, 2, 6].map((x) => ({ vector: [x] })));
  const { x, y } = await line.projection();
  expect([...x].map((at) => Math.round(100 * at))).toEqual([-200, -100, 300]);
  expect([...y]).toEqual([0, 0, 0]);
});

test('vectors as long as may be, ids of any letters', async () => {
  const db = await openDb({ dimensions: 3, distanceMetric: 'euclidean' });
  const ids = ['ä', '<img src=x>', '漢字', 'plain', '🙂'];
  await db.insertBatch(ids.map((id, i) => ({ id, vector: [5e17 * (i - 2), 1e17 * (i % 2), 0] })));
  const found = await db.projection();
  expect(found.ids).toEqual(ids);
  const wide = Math.max(...found.x) - Math.min(...found.x);
  expect(wide).toBeGreaterThan(1.99e18);
  expect(wide).toBeLessThan(2.01e18);
});

test('the same after merging and reopening, read-only too, and of a collection', async () => {
  const db = await openDb({ dimensions, storagePath: tempPath(), distanceMetric: 'euclidean' });
  await db.insertBatch(entries(600));
  await db.deleteBatch(names(100));
  const notes = db.collection('notes', { dimensions: 2 });
  await notes.insert({ id: 'note', vector: [1, 2] });
  await db.compact();
  const before = await db.projection({ limit: 400 });
  const again = await reopenDb(db, { readOnly: true });
  const after = await again.projection({ limit: 400 });
  expect(after).toEqual(before);
  expect((await again.collection('notes').projection()).ids).toEqual(['note']);
});

test('what is refused', async () => {
  const db = await openDb({ dimensions });
  await db.insertBatch(entries(300));
  for (const limit of [0, 1.5, 2 ** 20 + 1, '7', null]) {
    await expectError(() => db.projection({ limit: limit as number }), 'INVALID_OPTION', /limit is .*expected a whole number/);
  }
  await expectError(() => db.projection({ lmit: 3 } as object), 'INVALID_OPTION', /unknown option "lmit"/);
  await expectError(() => db.projection(7 as unknown as object), 'INVALID_OPTION', /options is 7/);
  await expectError(() => db.projection({ filter: { a: { $no: 1 } } as never }), 'INVALID_FILTER', /\$no/);
  await expectError(() => db.projection({ timeoutMs: 0 }), 'INVALID_OPTION', /timeoutMs is 0/);
  await expectError(() => db.projection({ signal: AbortSignal.abort() }), 'ABORTED', /aborted/);
  if (target === 'native') await expectError(() => db.projection({ timeoutMs: 1e-6 }), 'TIMEOUT', /timeoutMs/);
  await db.close();
  await expectError(() => db.projection(), 'CLOSED', /closed/);
});
