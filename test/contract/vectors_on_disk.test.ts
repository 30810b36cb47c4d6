// vectorsInMemory: false, where searches walk by codes and read the vectors they measure again from disk.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DbOptions, VectorDB } from 'ruvector';
import { describe, expect, it } from 'vitest';
import { collect, names, pack, textLike } from '../support/data.js';
import { openDb, reopenDb, target, tempPath } from '../support/env.js';
import { errorOf } from '../support/errors.js';
import { leastRecall, nearest, recall } from '../support/reference.js';

const vectorsInMemory = false;
// More than are scanned by their vectors where these are in memory.
const rows = 3000;
const dimensions = 64;
const ids = names(rows);
const vectors = textLike(rows, dimensions, 31).map((v, i) => v.map((x) => x * (1 + (i % 5))));
const queries = textLike(20, dimensions, 32);
const metadata = ids.map((_, i) => ({ part: i % 10 }));

it.runIf(target !== 'native')('is refused under WebAssembly, whose files are in memory', async () => {
  for (const options of [{}, { storagePath: tempPath() }, { storagePath: tempPath(), quantization: { type: 'scalar' } }]) {
    const error = await errorOf(() => openDb({ dimensions, vectorsInMemory, ...options }));
    expect([error.code, error.message]).toEqual(['UNSUPPORTED', expect.stringContaining('vectorsInMemory is false')]);
    if ('storagePath' in options) expect(existsSync(options.storagePath as string)).toBe(false);
  }
  expect((await (await openDb({ dimensions, vectorsInMemory: true })).stats()).vectorsInMemory).toBe(true);
});

it('is a yes or a no', async () => {
  const error = await errorOf(() => openDb({ dimensions, storagePath: tempPath(), vectorsInMemory: 'no' }));
  expect([error.code, error.message]).toEqual(['INVALID_OPTION', expect.stringContaining('vectorsInMemory')]);
});

describe.runIf(target === 'native')('vectors on disk', () => {
  const refused = async (options: object, words: string) => {
    const error = await errorOf(() => openDb({ dimensions, vectorsInMemory, ...options }));
    expect([error.code, error.message]).toEqual(['INVALID_OPTION', expect.stringContaining(words)]);
  };

  it('is refused where no vectors are on disk, or searches need them', async () => {
    await refused({}, 'a database in memory');
    await refused({ storagePath: ':memory:' }, 'a database in memory');
    const storagePath = tempPath();
    await refused({ storagePath, quantization: { type: 'none' } }, 'quantization "none"');
    await refused({ storagePath, index: 'flat' }, 'index "flat"');
    expect(existsSync(storagePath)).toBe(false);
    // The same of what is stored, and of other collections.
    let db = await openDb({ dimensions, storagePath, quantization: { type: 'none' } });
    await db.insert({ id: 'a', vector: vectors[0] as Float32Array });
    const file = `${storagePath}.rvf`;
    await db.snapshot(file);
    await db.close();
    await refused({ storagePath }, 'quantization "none"');
    await refused({ storagePath: file }, 'a single file');
    db = await openDb({ storagePath, vectorsInMemory, quantization: { type: 'auto' } });
    const error = await errorOf(() => db.collection('flat', { dimensions: 3, index: 'flat' }).len());
    expect([error.code, error.message]).toEqual(['INVALID_OPTION', expect.stringContaining('collection "flat" has index "flat"')]);
    expect(await db.collections()).not.toContain('flat');
    expect(await db.get('a')).toMatchObject({ id: 'a' });
  });

  const found = async (db: VectorDB, options: object) => Promise.all(queries.map((vector) => db.search({ vector, k: 10, ...options })));

  it.each([
    ['euclidean', 'auto', 'hnsw'],
    ['cosine', 'scalar', 'hnsw'],
    ['dot', 'rotated', 'hnsw'],
    ['euclidean', 'product', 'hnsw'],
    ['cosine', 'tiered', 'hnsw'],
    ['manhattan', 'scalar', 'hnsw'],
    ['euclidean', 'auto', 'ivf'],
    ['cosine', 'rotated', 'ivf'],
  ] as const)('%s, quantization %s, index %s: the same hits as with vectors in memory', async (distanceMetric, type, index) => {
    const ivf = index === 'ivf';
    const quantization = { type } as NonNullable<DbOptions['quantization']>;
    let db = await openDb({
      dimensions,
      distanceMetric,
      quantization,
      vectorsInMemory,
      storagePath: tempPath(),
      ...(ivf ? { index } : {}),
    });
    await db.insertBatch({ ids, vectors: pack(vectors), metadata });
    await db.compact();
    const compare = async () => {
      const searches = [{}, { includeVectors: true }, ivf ? { nprobe: 80, k: 50 } : { efSearch: 200, k: 50 }, { exact: true }];
      const answers: unknown[] = [];
      const read = async () => [
        ...(await Promise.all(searches.map((options) => found(db, options)))),
        await db.get('id7'),
        await db.getMany(['id8', 'id9', 'nobody']),
        (await collect(db.entries())).length,
        await db.count({ part: 3 }),
        (await db.verify()).damage,
      ];
      for (const inMemory of [false, true]) {
        db = await reopenDb(db, { vectorsInMemory: inMemory });
        const stats = await db.stats();
        expect(stats).toMatchObject({ vectorsInMemory: inMemory, indexType: ivf ? 'ivf' : 'hnsw' });
        expect(stats.quantization.coded.every(({ type }) => type !== 'none')).toBe(true);
        answers.push(await read());
      }
      expect(answers[0]).toEqual(answers[1]);
      const [plain] = answers[0] as [{ id: string }[][]];
      let share = 0;
      const alive = new Map((await collect(db.entries())).map(({ id, vector }) => [id, vector]));
      plain.forEach((hits, q) => {
        share += recall(hits, nearest(distanceMetric, [...alive], queries[q] as Float32Array, 10));
      });
      expect(share / queries.length).toBeGreaterThanOrEqual(leastRecall.hard);
      // With a filter fewer vectors are measured than in memory.
      db = await reopenDb(db, { vectorsInMemory });
      for (const filter of [{ part: 3 }, { part: { $lt: 6 } }]) {
        const close = await found(db, { filter });
        const exact = await found(db, { filter, exact: true });
        const same = close.map((hits, q) => recall(hits, exact[q] as { id: string; distance: number }[]));
        expect(same.reduce((a, b) => a + b) / queries.length).toBeGreaterThanOrEqual(leastRecall.hard);
      }
    };
    await compare();
    db = await reopenDb(db, { vectorsInMemory });
    await db.deleteBatch(ids.slice(0, 300));
    await db.insertBatch({ ids: ids.slice(250, 450), vectors: pack(vectors.slice(100, 300)) });
    await db.update('id900', { metadata: { part: 3 } });
    await compare();
    db = await reopenDb(db, { vectorsInMemory });
    await db.compact();
    expect(await db.stats()).toMatchObject({ count: 2750, deleted: 0 });
    await compare();
  });

  it('refused, it leaves no database behind', async () => {
    const storagePath = tempPath();
    mkdirSync(storagePath);
    for (const options of [{ index: 'flat' }, { quantization: { type: 'none' } }] as const) {
      const error = await errorOf(() => openDb({ dimensions: 8, vectorsInMemory, storagePath, ...options }));
      expect(error.code).toBe('INVALID_OPTION');
      expect(readdirSync(storagePath).filter((name) => name !== 'LOCK')).toEqual([]);
    }
  });

  it('auto means codes, in few dimensions too', async () => {
    for (const options of [{ dimensions: 8 }, { dimensions: 8, quantization: { type: 'auto' } }, { distanceMetric: 'manhattan' }]) {
      const db = await openDb({ dimensions, vectorsInMemory, storagePath: tempPath(), ...options });
      expect((await db.stats()).quantization).toMatchObject({ type: 'scalar', bits: 8 });
    }
  });

  it('what was written without codes gets them', async () => {
    let db = await openDb({ dimensions, distanceMetric: 'manhattan', index: 'hnsw', storagePath: tempPath() });
    await db.insertBatch({ ids, vectors: pack(vectors), metadata });
    await db.compact();
    expect((await db.stats()).quantization).toEqual({ type: 'none', coded: [{ type: 'none', rows }] });
    db = await reopenDb(db, { vectorsInMemory });
    const before = await found(db, { exact: true });
    expect((await db.stats()).quantization).toMatchObject({ type: 'scalar', bits: 8 });
    await db.compact();
    expect((await db.stats()).quantization.coded).toEqual([{ type: 'scalar', bits: 8, rows }]);
    expect(await found(db, { exact: true })).toEqual(before);
  });

  it('a damaged vector is found when it is read', async () => {
    const storagePath = tempPath();
    const db = await openDb({ dimensions, vectorsInMemory, storagePath });
    await db.insertBatch({ ids, vectors: pack(vectors) });
    await db.compact();
    await db.close();
    const name = readdirSync(storagePath).find((file) => file.startsWith('seg-')) as string;
    const file = join(storagePath, name);
    const bytes = readFileSync(file);
    const at = bytes.indexOf(Buffer.from((vectors[700] as Float32Array).buffer));
    expect(at).toBeGreaterThan(0);
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    writeFileSync(file, bytes);
    const damaged = await openDb({ vectorsInMemory, storagePath });
    const error = await errorOf(() => damaged.search({ vector: vectors[700] as Float32Array, k: 1 }));
    expect([error.code, error.message]).toEqual(['CORRUPT', expect.stringContaining(name)]);
    expect((await damaged.verify()).ok).toBe(false);
  });
});

const hasSmaps = target === 'native' && existsSync('/proc/self/smaps');

/** Bytes of the files of a folder that are mapped into this process and there. */
function mappedBytes(folder: string) {
  let bytes = 0;
  let counts = false;
  for (const line of readFileSync('/proc/self/smaps', 'utf8').split('\n')) {
    if (/^[0-9a-f]+-[0-9a-f]+ /.test(line)) counts = line.includes(folder);
    else if (counts && line.startsWith('Rss:')) bytes += Number.parseInt(line.slice(4), 10) * 1024;
  }
  return bytes;
}

it.runIf(hasSmaps)('vectors stay out of the process', async () => {
  const [n, wide] = [4000, 1024];
  const many = textLike(n, wide, 33);
  const vectorBytes = n * wide * 4;
  const storagePath = tempPath();
  let db = await openDb({ dimensions: wide, vectorsInMemory, storagePath, hnswConfig: { efConstruction: 40 } });
  await db.insertBatch({ ids: names(n), vectors: pack(many) });
  await db.compact();
  const searched = async (options: object) => {
    db = await reopenDb(db, options);
    for (const vector of many) expect(db.searchSync(vector, 10, { efSearch: 20 })).toHaveLength(10);
    return mappedBytes(storagePath);
  };
  // Of the file without its vectors: codes, links, ids. Linux maps pages in groups of up to 2 MB: of the vectors, those at both ends.
  const rest = readdirSync(storagePath).reduce((sum, file) => sum + readFileSync(join(storagePath, file)).length, 0) - vectorBytes;
  const kept = await searched({});
  expect(kept).toBeGreaterThan(0.9 * vectorBytes);
  const left = await searched({ vectorsInMemory });
  expect(left).toBeLessThan(rest + 0.25 * vectorBytes);
  expect(kept - left).toBeGreaterThan(0.7 * vectorBytes);
  // Who reads all of them has a part of them mapped at a time.
  for (const vector of many.slice(0, 3)) await db.search({ vector, k: 3, exact: true });
  expect((await db.verify()).ok).toBe(true);
  await db.snapshot(`${storagePath}.rvf`);
  expect(mappedBytes(storagePath)).toBeLessThan(rest + 12 * 2 ** 20);
});
