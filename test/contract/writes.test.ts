// Inserting, replacing, updating, deleting, reading back: what each call returns and leaves behind.
import { type DbOptions, type Filter, VectorDB } from 'ruvector';
import { describe, expect, it } from 'vitest';
import { gaussian, names, pack, Random } from '../support/data.js';
import { backendOptions, openDb, register, tempPath } from '../support/env.js';

async function idsOf(db: VectorDB): Promise<string[]> {
  const ids: string[] = [];
  for await (const id of db.keys()) ids.push(id);
  return ids;
}

async function fromBytes(bytes: Uint8Array, options: DbOptions = {}): Promise<VectorDB> {
  const full = { ...options, ...backendOptions() };
  return register(await VectorDB.fromBytes(bytes, full), full);
}

describe('insert', () => {
  it('returns the id, its own or a new UUID', async () => {
    const db = await openDb({ dimensions: 2 });
    expect(await db.insert({ id: 'a', vector: [1, 0] })).toBe('a');
    expect(await db.insert({ id: 12, vector: [1, 1] })).toBe('12');
    expect(db.insertSync({ id: 'b', vector: [0, 1] })).toBe('b');
    const made = await Promise.all(Array.from({ length: 50 }, () => db.insert({ vector: [1, 2] })));
    for (const id of made) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set(made).size).toBe(50);
    expect(await idsOf(db)).toEqual(['a', '12', 'b', ...made]);
  });

  it('replaces the whole entry of an id, metadata too', async () => {
    const db = await openDb({ dimensions: 2 });
    await db.insert({ id: 'a', vector: [1, 0], metadata: { old: 1 } });
    await db.insert({ id: 'a', vector: [0, 1] });
    expect(await db.get('a')).toEqual({
      id: 'a',
      vector: new Float32Array([0, 1]),
    });
    await db.insert({ id: 'a', vector: [1, 1], metadata: { new: 1 } });
    expect((await db.get('a'))?.metadata).toEqual({ new: 1 });
    expect(await db.len()).toBe(1);
  });

  it('refuses another length, and says which was expected', async () => {
    const db = await openDb({ dimensions: 3 });
    for (const length of [0, 1, 2, 4, 300]) {
      const vector = new Array<number>(length).fill(1);
      const calls = [
        () => db.insert({ vector }),
        () => db.insertBatch([{ vector: [1, 1, 1] }, { vector }]),
        () => db.update('a', { vector }),
      ];
      for (const call of calls) {
        await expect(call()).rejects.toMatchObject({
          code: 'DIMENSION_MISMATCH',
          message: expect.stringContaining('expected 3'),
        });
      }
    }
    expect(await db.len()).toBe(0);
  });

  it('keeps floats bit for bit', async () => {
    const db = await openDb({ dimensions: 6, distanceMetric: 'euclidean' });
    const vector = new Float32Array([1e-45, -0, 1.1754943508222875e-38, 0.1, 16777217, -1e17]);
    await db.insert({ id: 'a', vector });
    const back = (await db.get('a'))?.vector as Float32Array;
    expect(new Uint8Array(back.buffer, back.byteOffset, back.byteLength)).toEqual(new Uint8Array(vector.buffer));
  });
});

describe('insertBatch', () => {
  it('takes entries and a matrix alike', async () => {
    const vectors = gaussian(1, 40, 4);
    const metadata = vectors.map((_, i) => (i % 3 === 0 ? null : { i }));
    const entries = vectors.map((vector, i) => ({
      id: `id${i}`,
      vector,
      ...(metadata[i] ? { metadata: metadata[i] } : {}),
    }));
    const contents = [];
    for (const batch of [entries, { ids: names(40), vectors: pack(vectors), metadata }]) {
      const db = await openDb({ dimensions: 4 });
      expect(await db.insertBatch(batch)).toEqual(names(40));
      const all = [];
      for await (const entry of db.entries()) all.push(entry);
      contents.push(all);
      const sync = await openDb({ dimensions: 4 });
      expect(sync.insertBatchSync(batch)).toEqual(names(40));
      expect(sync.lenSync()).toBe(40);
    }
    expect(contents[0]).toEqual(entries);
    expect(contents[1]).toEqual(entries);
  });

  it('of an id given twice the last one stays', async () => {
    const db = await openDb({
      dimensions: 1,
      distanceMetric: 'euclidean',
      index: 'hnsw',
    });
    const ids = Array.from({ length: 600 }, (_, i) => `id${i % 200}`);
    const metadata = ids.map((_, i) => ({ i }));
    expect(
      await db.insertBatch({
        ids,
        vectors: Float32Array.from(ids, (_, i) => i),
        metadata,
      }),
    ).toEqual(ids);
    expect(await db.len()).toBe(200);
    const hits = await db.search({ vector: [400], k: 600 });
    expect(hits.map((hit) => [hit.id, hit.distance])).toEqual(Array.from({ length: 200 }, (_, i) => [`id${i}`, i]));
    expect(hits.map((hit) => hit.metadata)).toEqual(Array.from({ length: 200 }, (_, i) => ({ i: 400 + i })));
  });

  it('stores nothing when one entry is bad, wherever it is', async () => {
    const db = await openDb({ dimensions: 3 });
    await db.insert({ id: 'old', vector: [1, 0, 0], metadata: { kept: true } });
    const bad: [string, object][] = [
      ['INVALID_VECTOR', { vector: [1, Number.NaN, 0] }],
      ['ZERO_VECTOR', { vector: [0, 0, 0] }],
      ['DIMENSION_MISMATCH', { vector: [1, 0] }],
      ['INVALID_OPTION', { id: '', vector: [1, 0, 0] }],
      ['INVALID_OPTION', { vector: [1, 0, 0], metadata: { huge: 'x'.repeat(1 << 20) } }],
    ];
    for (const [code, entry] of bad) {
      for (const at of [0, 5, 10]) {
        const batch: object[] = Array.from({ length: 10 }, (_, i) => ({
          id: i === 3 ? 'old' : `new${i}`,
          vector: [0, 1, i],
        }));
        batch.splice(at, 0, entry);
        await expect(db.insertBatch(batch as { vector: number[] }[])).rejects.toMatchObject({
          code,
          message: expect.stringContaining(`entry ${at}`),
        });
      }
    }
    expect(await idsOf(db)).toEqual(['old']);
    expect(await db.get('old')).toEqual({
      id: 'old',
      vector: new Float32Array([1, 0, 0]),
      metadata: { kept: true },
    });
  });

  it('of nothing does nothing', async () => {
    const db = await openDb({ dimensions: 2, storagePath: tempPath() });
    expect(await db.insertBatch([])).toEqual([]);
    expect(await db.insertBatch({ ids: [], vectors: new Float32Array(0) })).toEqual([]);
    expect(await db.deleteBatch([])).toBe(0);
    expect(await db.len()).toBe(0);
  });
});

describe('update', () => {
  it('changes the part that is given and keeps the other', async () => {
    const db = await openDb({ dimensions: 2, index: 'hnsw' });
    await db.insertBatch({
      ids: names(300),
      vectors: pack(gaussian(2, 300, 2)),
    });
    await db.insert({ id: 'a', vector: [1, 0], metadata: { x: 1, y: 2 } });
    expect(await db.update('a', { vector: [0, 1] })).toBe(true);
    expect(await db.get('a')).toEqual({
      id: 'a',
      vector: new Float32Array([0, 1]),
      metadata: { x: 1, y: 2 },
    });
    expect(await db.update('a', { metadata: { z: 3 } })).toBe(true);
    expect(await db.get('a')).toEqual({
      id: 'a',
      vector: new Float32Array([0, 1]),
      metadata: { z: 3 },
    });
    expect(await db.updateMetadata('a', { w: 4 })).toBe(true);
    expect(db.updateSync('a', { vector: [1, 1], metadata: { v: 5 } })).toBe(true);
    expect(await db.get('a')).toEqual({
      id: 'a',
      vector: new Float32Array([1, 1]),
      metadata: { v: 5 },
    });
    expect(await db.len()).toBe(301);
    expect((await db.search({ vector: [1, 1], k: 301 })).filter((hit) => hit.id === 'a').length).toBe(1);
    expect(await db.count({ x: 1 })).toBe(0);
    expect(await db.count({ v: 5 })).toBe(1);
  });

  it('of an id that is not there says false and adds nothing', async () => {
    const db = await openDb({ dimensions: 2 });
    expect(await db.update('a', { vector: [1, 0] })).toBe(false);
    expect(await db.updateMetadata('a', { x: 1 })).toBe(false);
    expect(db.updateMetadataSync('__proto__', { x: 1 })).toBe(false);
    expect(await db.len()).toBe(0);
  });

  it('of nothing, or of something unknown, is an error', async () => {
    const db = await openDb({ dimensions: 2 });
    await db.insert({ id: 'a', vector: [1, 0] });
    for (const entry of [{}, { vectors: [1, 0] }, { id: 'b', vector: [1, 0] }, null, [1, 0]]) {
      await expect(db.update('a', entry as object)).rejects.toMatchObject({
        code: 'INVALID_OPTION',
        method: 'update',
      });
    }
    expect((await db.get('a'))?.vector).toEqual(new Float32Array([1, 0]));
  });
});

describe('delete', () => {
  it('says whether, or how many', async () => {
    const db = await openDb({ dimensions: 2 });
    await db.insertBatch({ ids: names(10), vectors: pack(gaussian(3, 10, 2)) });
    expect(await db.delete('id0')).toBe(true);
    expect(await db.delete('id0')).toBe(false);
    expect(await db.deleteBatch(['id1', 'id2', 'id1', 'none', 'id0'])).toBe(2);
    expect(db.deleteSync('id3')).toBe(true);
    expect(db.deleteBatchSync(['id3', 'id4'])).toBe(1);
    expect(await idsOf(db)).toEqual(['id5', 'id6', 'id7', 'id8', 'id9']);
    expect(await db.get('id0')).toBeNull();
    expect(await db.has('id0')).toBe(false);
    await db.insert({ id: 'id0', vector: [1, 1] });
    expect(await idsOf(db)).toEqual(['id5', 'id6', 'id7', 'id8', 'id9', 'id0']);
  });

  it.each(['flat', 'hnsw'] as const)('deleteWhere deletes exactly what count counted: %s', async (index) => {
    const db = await openDb({ dimensions: 4, index });
    const metadata = Array.from({ length: 500 }, (_, i) => ({
      i,
      group: i % 7,
    }));
    await db.insertBatch({
      ids: names(500),
      vectors: pack(gaussian(4, 500, 4)),
      metadata,
    });
    const filter = { group: { $in: [1, 2] }, i: { $gte: 100 } };
    const counted = await db.count(filter);
    expect(counted).toBe(metadata.filter((m) => (m.group === 1 || m.group === 2) && m.i >= 100).length);
    expect(await db.deleteWhere(filter)).toBe(counted);
    expect(await db.count(filter)).toBe(0);
    expect(await db.deleteWhere(filter)).toBe(0);
    expect(await db.len()).toBe(500 - counted);
    expect((await db.search({ vector: [1, 0, 0, 0], k: 500 })).length).toBe(500 - counted);
    await expect(db.deleteWhere(undefined as unknown as Filter)).rejects.toMatchObject({ code: 'INVALID_FILTER' });
    expect(await db.len()).toBe(500 - counted);
    expect(db.deleteWhereSync({})).toBe(500 - counted);
    expect(await db.isEmpty()).toBe(true);
  });

  it('clear leaves an empty database that goes on working', async () => {
    const db = await openDb({ dimensions: 4, index: 'hnsw' });
    for (let round = 0; round < 3; round++) {
      await db.insertBatch({
        ids: names(400),
        vectors: pack(gaussian(round, 400, 4)),
      });
      expect((await db.search({ vector: [1, 0, 0, 0], k: 400 })).length).toBe(400);
      await (round === 1 ? db.clearSync() : db.clear());
      expect([await db.len(), await db.isEmpty(), await db.get('id1'), await idsOf(db)]).toEqual([0, true, null, []]);
      expect(await db.search([1, 0, 0, 0])).toEqual([]);
    }
  });
});

describe('reading back', () => {
  it('get returns a copy', async () => {
    const db = await openDb({ dimensions: 2 });
    await db.insert({ id: 'a', vector: [1, 0], metadata: { tags: ['x'] } });
    const first = await db.get('a');
    first?.vector.fill(9);
    (first?.metadata?.tags as string[]).push('y');
    expect(db.getSync('a')).toEqual({
      id: 'a',
      vector: new Float32Array([1, 0]),
      metadata: { tags: ['x'] },
    });
    const [hit] = await db.search({ vector: [1, 0], includeVectors: true });
    hit?.vector?.fill(9);
    expect((await db.get('a'))?.vector).toEqual(new Float32Array([1, 0]));
  });

  it('entries sees whatever is there all the time exactly once, in order, while others write', async () => {
    const db = await openDb({ dimensions: 2, index: 'hnsw' });
    const random = new Random(5);
    await db.insertBatch({
      ids: names(600),
      vectors: pack(gaussian(5, 600, 2)),
    });
    const seen: string[] = [];
    for await (const { id } of db.entries({ batchSize: 7 })) {
      seen.push(id);
      if (seen.length % 20 !== 0) continue;
      // Even rows stay untouched; odd ones are deleted or replaced, others come.
      await db.delete(`id${1 + 2 * random.below(300)}`);
      await db.insert({
        id: `id${1 + 2 * random.below(300)}`,
        vector: random.vector(2),
      });
      await db.insert({ id: `new${seen.length}`, vector: random.vector(2) });
      await db.updateMetadata(`id${2 * random.below(300)}`, { n: seen.length });
    }
    expect(seen.filter((id) => /^id\d*[02468]$/.test(id))).toEqual(names(600).filter((_, i) => i % 2 === 0));
  });

  it('entries takes a filter and any batch size', async () => {
    const db = await openDb({ dimensions: 1, distanceMetric: 'dot' });
    await db.insertBatch({
      ids: names(50),
      vectors: new Float32Array(50),
      metadata: names(50).map((_, i) => ({ i })),
    });
    for (const batchSize of [1, 2, 49, 50, 51, 65_536]) {
      const ids: string[] = [];
      for await (const { id } of db.entries({
        batchSize,
        filter: { i: { $gte: 45 } },
      }))
        ids.push(id);
      expect(ids).toEqual(['id45', 'id46', 'id47', 'id48', 'id49']);
    }
    await expect(db.entries({ filter: { $wrong: 1 } }).next()).rejects.toMatchObject({ code: 'INVALID_FILTER' });
  });

  it('stats tell what is there', async () => {
    const db = await openDb({
      dimensions: 8,
      distanceMetric: 'manhattan',
      index: 'hnsw',
      storagePath: tempPath(),
    });
    expect(await db.stats()).toMatchObject({
      count: 0,
      dimensions: 8,
      metric: 'manhattan',
      indexType: 'flat',
      deleted: 0,
    });
    const empty = await db.stats();
    await db.insertBatch({
      ids: names(1000),
      vectors: pack(gaussian(6, 1000, 8)),
    });
    await db.deleteBatch(names(10));
    const full = await db.stats();
    expect(full).toMatchObject({ count: 990, indexType: 'hnsw', deleted: 10 });
    expect(full.memoryUsage).toBeGreaterThan(empty.memoryUsage + 990 * 32);
    expect(full.diskUsage).toBeGreaterThan(empty.diskUsage + 990 * 32);
    expect(full.walBytes).toBeGreaterThan(empty.walBytes);
    expect(db.statsSync()).toEqual(full);
    const memory = await openDb({ dimensions: 8 });
    await memory.insertBatch({
      ids: names(1000),
      vectors: pack(gaussian(6, 1000, 8)),
    });
    expect(await memory.stats()).toMatchObject({
      count: 1000,
      diskUsage: 0,
      walBytes: 0,
    });
  });
});

describe('toBytes and fromBytes', () => {
  it.each(['flat', 'hnsw'] as const)('carry everything: %s', async (index) => {
    const db = await openDb({ dimensions: 8, distanceMetric: 'dot', index });
    const vectors = gaussian(7, 500, 8);
    await db.insertBatch({
      ids: names(500),
      vectors: pack(vectors),
      metadata: vectors.map((_, i) => ({ i })),
    });
    await db.deleteBatch(names(20));
    await db.insert({
      id: 'id30',
      vector: vectors[0] as Float32Array,
      metadata: { again: true },
    });
    const query = {
      vector: vectors[50] as Float32Array,
      k: 20,
      includeVectors: true,
    };
    const before = [...(await db.search({ ...query, exact: true }))];
    const copy = await fromBytes(await db.toBytes());
    expect([copy.dimensions, copy.metric, await copy.len()]).toEqual([8, 'dot', 480]);
    expect([...(await copy.search({ ...query, exact: true }))]).toEqual(before);
    expect((await copy.search(query)).length).toBe(20);
    expect((await copy.stats()).indexType).toBe(index);
    const all = [];
    for await (const entry of db.entries()) all.push(entry);
    const copied = [];
    for await (const entry of copy.entries()) copied.push(entry);
    expect(copied).toEqual(all);
    // Each goes its own way.
    await copy.insert({ id: 'copy', vector: vectors[0] as Float32Array });
    await copy.delete('id40');
    expect([await db.has('copy'), await db.has('id40')]).toEqual([false, true]);
    const third = await fromBytes(copy.toBytesSync());
    expect([await third.has('copy'), await third.has('id40'), await third.len()]).toEqual([true, false, 480]);
  });

  it('an empty database too', async () => {
    const copy = await fromBytes(await (await openDb({ dimensions: 3, distanceMetric: 'manhattan' })).toBytes());
    expect([copy.dimensions, copy.metric, await copy.len()]).toEqual([3, 'manhattan', 0]);
    await copy.insert({ vector: [0, 0, 0] });
    expect(await copy.len()).toBe(1);
  });

  it('of a folder are a .rvf file, which opens read-only', async () => {
    const { mkdirSync, readFileSync, writeFileSync } = await import('node:fs');
    const db = await openDb({ dimensions: 2, storagePath: tempPath() });
    await db.insertBatch([
      { id: 'a', vector: [1, 0], metadata: { x: 1 } },
      { id: 'b', vector: [0, 1] },
    ]);
    const folder = tempPath();
    mkdirSync(folder);
    const path = `${folder}/copy.rvf`;
    writeFileSync(path, await db.toBytes());
    const before = readFileSync(path);
    for (const options of [{}, { dimensions: 2 }, { readOnly: true }]) {
      const file = await openDb({ storagePath: path, ...options });
      expect((await file.search([1, 0])).map((hit) => [hit.id, hit.metadata])).toEqual([
        ['a', { x: 1 }],
        ['b', undefined],
      ]);
      for (const write of [() => file.insert({ vector: [1, 1] }), () => file.delete('a'), () => file.clear()]) {
        await expect(write()).rejects.toMatchObject({ code: 'READ_ONLY' });
      }
    }
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('options that contradict the bytes are refused', async () => {
    const bytes = await (await openDb({ dimensions: 3 })).toBytes();
    await expect(fromBytes(bytes, { dimensions: 4 })).rejects.toMatchObject({
      code: 'DIMENSION_MISMATCH',
    });
    await expect(fromBytes(bytes, { distanceMetric: 'dot' })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    await expect(fromBytes(bytes, { storagePath: tempPath() })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });

  it('damaged bytes are refused, wherever the damage is', async () => {
    const db = await openDb({ dimensions: 4, index: 'hnsw' });
    await db.insertBatch({
      ids: names(300),
      vectors: pack(gaussian(8, 300, 4)),
      metadata: names(300).map((text) => ({ text })),
    });
    await db.delete('id7');
    const bytes = await db.toBytes();
    const contents = async (of: VectorDB) => {
      const rows = [];
      for await (const { id, vector, metadata } of of.entries()) rows.push([id, [...vector], metadata]);
      const hits = (await of.search({ vector: [1, 0, 0, 0], k: 30 })).map((hit) => [hit.id, hit.distance]);
      return JSON.stringify([rows, hits]);
    };
    const right = await contents(await fromBytes(bytes));
    const random = new Random(9);
    let refused = 0;
    const places = [...Array.from({ length: 64 }, (_, i) => i), ...random.sample(150, bytes.length)];
    for (const at of places) {
      const damaged = bytes.slice();
      (damaged[at] as number) ^= 1 << random.below(8);
      const outcome = await fromBytes(damaged)
        .then(contents, (error) => error)
        .catch((error) => error);
      if (outcome === right) continue; // padding
      expect(outcome, `byte ${at}`).toMatchObject({
        name: 'RuvectorError',
        code: 'CORRUPT',
      });
      refused++;
    }
    expect(refused).toBeGreaterThan(50);
    for (const length of [0, 1, 63, 64, 4095, 4096, bytes.length >> 1, bytes.length - 1]) {
      await expect(fromBytes(bytes.slice(0, length)), `${length} bytes`).rejects.toMatchObject({ code: 'CORRUPT' });
    }
  });
});
