// Databases that earlier versions wrote stay readable, and what a later version may have written is read or refused as FORMAT.md says.
import { copyFileSync, cpSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Collection, type DbOptions, type Filter, type Metadata, VectorDB } from 'ruvector';
import { describe, expect, it } from 'vitest';
import { addSection, changeFiles, changeHeader, changeManifest, type HeaderChange, type Kind } from '../golden/patch.js';
import { collect } from '../support/data.js';
import { register, tempPath } from '../support/env.js';
import { errorOf } from '../support/errors.js';
import { distance } from '../support/reference.js';

interface Expected {
  dimensions: number;
  metric: 'cosine' | 'euclidean' | 'dot' | 'manhattan';
  entries: { id: string; vector: number[]; metadata?: Metadata }[];
  searches: { query: number[]; filter?: Filter; hits: [string, number][] }[];
}

const golden = fileURLToPath(new URL('../golden', import.meta.url));
const versions = readdirSync(golden).filter((name) => /^v\d+$/.test(name));
const expectedOf = (version: string) =>
  JSON.parse(readFileSync(join(golden, `${version}.expected.json`), 'utf8')) as { [collection: string]: Expected };
const collectionOf = (db: VectorDB, name: string): Collection => (name === 'default' ? db : db.collection(name));

function copyOf(name: string): string {
  const path = tempPath() + (name.endsWith('.rvf') ? '.rvf' : '');
  if (name.endsWith('.rvf')) copyFileSync(join(golden, name), path);
  else cpSync(join(golden, name), path, { recursive: true });
  return path;
}

async function check(db: VectorDB, version: string): Promise<void> {
  const expected = expectedOf(version);
  expect((await db.collections()).toSorted()).toEqual(Object.keys(expected).toSorted());
  for (const [name, { dimensions, metric, entries, searches }] of Object.entries(expected)) {
    const collection = collectionOf(db, name);
    expect([await collection.len(), collection.dimensions, collection.metric]).toEqual([entries.length, dimensions, metric]);
    const found = await collect(collection.entries());
    expect(found.map(({ vector, ...rest }) => ({ ...rest, vector: [...vector] }))).toEqual(entries);
    let same = 0;
    for (const { query, filter, hits } of searches) {
      const options = { vector: query, k: 10, ...(filter && { filter }) };
      const exact = await collection.search({ ...options, exact: true });
      expect(exact.map(({ id }) => id)).toEqual(hits.map(([id]) => id));
      for (const [i, [id, d]] of hits.entries()) {
        expect(exact[i]?.distance).toBeCloseTo(d, 5);
        expect(d).toBeCloseTo(distance(metric, entries.find((entry) => entry.id === id)?.vector as number[], query), 5);
      }
      // Through the graph: efSearch as low as it goes, so that walking is cheaper than comparing every row.
      for (const { id } of await collection.search({ ...options, efSearch: 10 })) same += hits.some((hit) => hit[0] === id) ? 1 : 0;
    }
    const total = searches.reduce((sum, { hits }) => sum + hits.length, 0);
    expect(same / total, `recall of ${name}`).toBeGreaterThanOrEqual(0.7);
  }
  expect(await db.verify()).toMatchObject({ ok: true, damage: [] });
}

describe.each(['native', 'wasm'] as const)('%s', (backend) => {
  const open = async (storagePath: string, options: DbOptions = {}) => {
    const all = { ...options, storagePath, backend };
    return register(await VectorDB.open(all), all);
  };

  it.each(versions)('opens a folder of %s, as it is and after writing', async (version) => {
    const path = copyOf(version);
    let db = await open(path, { readOnly: true });
    await check(db, version);
    expect((await db.stats()).indexType).toBe('hnsw');
    expect((await db.stats()).recovery.replayedTransactions).toBeGreaterThan(0);
    await db.close();
    db = await open(path);
    await check(db, version);

    const expected = expectedOf(version);
    for (const name of Object.keys(expected)) {
      const collection = collectionOf(db, name);
      const { entries, dimensions } = expected[name] as Expected;
      await collection.insert({ id: 'new', vector: new Float32Array(dimensions).fill(0.5), metadata: { by: backend } });
      await collection.delete((entries[0] as { id: string }).id);
    }
    for (const step of ['reopened', 'compacted']) {
      if (step === 'compacted') await db.compact();
      await db.close();
      db = await open(path);
      for (const [name, { entries, dimensions }] of Object.entries(expected)) {
        const found = await collect(collectionOf(db, name).entries());
        const rows = [...entries.slice(1), { id: 'new', vector: Array(dimensions).fill(0.5), metadata: { by: backend } }];
        expect(found.map(({ vector, ...rest }) => ({ ...rest, vector: [...vector] }))).toEqual(rows);
      }
      expect(await db.verify()).toMatchObject({ ok: true });
    }
  });

  it.each(versions)('opens a file of %s, and its bytes', async (version) => {
    const path = copyOf(`${version}.rvf`);
    const db = await open(path);
    await check(db, version);
    expect((await errorOf(() => db.clear())).code).toBe('READ_ONLY');
    const options = { backend } as const;
    const copy = register(await VectorDB.fromBytes(readFileSync(path), options), options);
    await check(copy, version);
    await copy.clear();
    expect(await copy.len()).toBe(0);
  });

  const change = (path: string, kind: Kind | 'rvf', header: HeaderChange) => {
    if (kind === 'rvf') writeFileSync(path, changeHeader(readFileSync(path), header));
    else changeFiles(path, kind, (bytes) => changeHeader(bytes, header));
  };
  const snapshotOf = (path: string) =>
    statSync(path).isFile()
      ? readFileSync(path).toString('base64')
      : readdirSync(path).map((name) => [name, readFileSync(join(path, name)).toString('base64')]);

  describe.each(['manifest', 'wal', 'seg', 'del', 'rvf'] as const)('of a later version: %s', (kind) => {
    const source = kind === 'rvf' ? 'v1.rvf' : 'v1';

    it('another major version is refused, both versions named, and stays as it is', async () => {
      for (const readOnly of kind === 'rvf' ? [true] : [true, false]) {
        const path = copyOf(source);
        change(path, kind, { major: 2 });
        const before = snapshotOf(path);
        const { code, message } = await errorOf(() => open(path, { readOnly }));
        expect([code, message]).toEqual(['UNSUPPORTED', expect.stringMatching(/version 2\b.*version 1\b/)]);
        expect(message).toContain(kind === 'rvf' ? basename(path) : `${kind}-`);
        const lock = (files: typeof before) => (typeof files === 'string' ? files : files.filter(([name]) => name !== 'LOCK'));
        expect(lock(snapshotOf(path))).toEqual(before);
      }
    });

    it('required features it does not know are refused, and named', async () => {
      for (const bit of [0n, 63n]) {
        const path = copyOf(source);
        change(path, kind, { required: 1n << bit });
        const { code, message } = await errorOf(() => open(path));
        expect([code, message]).toEqual(['UNSUPPORTED', expect.stringContaining((1n << bit).toString(16))]);
      }
    });

    it('a later minor version and optional features are read', async () => {
      const path = copyOf(source);
      change(path, kind, { minor: 7, optional: 0xffffffffffffffffn });
      await check(await open(path, { readOnly: true }), 'v1');
      if (kind === 'rvf') return;
      const db = await open(path);
      await check(db, 'v1');
      await db.insert({ id: 'new', vector: new Float32Array(8).fill(1) });
      await db.close();
      expect(await (await open(path)).has('new')).toBe(true);
    });
  });

  it('unknown keys of the manifest and unknown sections of a segment are ignored', async () => {
    const path = copyOf('v1');
    changeFiles(path, 'seg', (bytes) => addSection(bytes, 77));
    changeManifest(path, (body) => body.replace('{', '{"later":{"x":[1]},').replaceAll('{"id":', '{"another":null,"id":'));
    await check(await open(path), 'v1');
  });
});
