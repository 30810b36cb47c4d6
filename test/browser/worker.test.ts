// A page's database is in a Web Worker of its own unless inThread says otherwise.
import type { BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  executablePath,
  launch,
  newProfile,
  openPage,
  type PackageServer,
  refusal,
  removeProfile,
  run,
  servePackage,
} from '../support/chromium.js';

const profile = newProfile();
let server: PackageServer;
let context: BrowserContext;

describe.skipIf(!executablePath)('a database in a worker', () => {
  beforeAll(async () => {
    server = await servePackage();
    context = await launch(profile);
  });
  afterAll(async () => {
    await context?.close();
    server?.close();
    removeProfile(profile);
  });

  test('answers as one in the thread does, with progress and signals', async () => {
    const page = await openPage(context, server.origin);
    const found = await run<{ same: boolean; steps: number; aborted: string; bytes: boolean }>(
      page,
      `const rows = Array.from({ length: 6000 }, (_, i) => ({ id: String(i), vector: Float32Array.from({ length: 64 }, (_, d) => Math.sin(i * 1.3 + d * d)), metadata: { i } }));
       const db = await VectorDB.open({ dimensions: 64, index: 'hnsw', seed: 1, threads: 1 });
       const near = await VectorDB.open({ dimensions: 64, index: 'hnsw', seed: 1, threads: 1, inThread: true });
       let steps = 0;
       await db.insertBatch(rows, { onProgress: () => steps++ });
       const controller = new AbortController();
       const aborted = db.insertBatch(rows.map((row) => ({ ...row, id: 'x' + row.id })), { signal: controller.signal }).catch(({ code }) => code);
       controller.abort();
       const code = await aborted;
       const query = { vector: rows[77].vector, k: 10, filter: { i: { $lt: 3000 } } };
       const hits = await db.search(query);
       await near.insertBatch(rows);
       const bytes = await db.toBytes();
       const copy = await VectorDB.fromBytes(bytes);
       const result = {
         same: JSON.stringify(hits) === JSON.stringify(await near.search(query)) && JSON.stringify(hits) === JSON.stringify(await copy.search(query)),
         length: await db.len(), steps, aborted: code, bytes: bytes.length > 0, kept: rows[77].vector.length,
       };
       await Promise.all([db.close(), near.close(), copy.close()]);
       return result;`,
    );
    expect(found).toMatchObject({ same: true, length: 6000, aborted: 'ABORTED', bytes: true, kept: 64 });
    expect(found.steps).toBeGreaterThan(3);
    expect(page.problems).toEqual([]);
    await page.close();
  });

  test('has no Sync methods, ends with close, and tells what it could not load', async () => {
    const page = await openPage(context, server.origin);
    await run(page, 'window.db = await VectorDB.open({ dimensions: 2 }); await db.insert({ id: "a", vector: [1, 0] });');
    expect(page.workers().length).toBe(1);
    expect(await refusal(page, 'db.searchSync([1, 0])')).toMatchObject({ code: 'UNSUPPORTED' });
    expect(await refusal(page, 'new VectorDB({ dimensions: 2 }).lenSync()')).toMatchObject({ code: 'UNSUPPORTED' });
    expect(await refusal(page, "await VectorDB.open({ dimensions: 2, wasm: '/nowhere.wasm' })")).toMatchObject({ code: 'UNSUPPORTED' });
    expect(await refusal(page, 'await VectorDB.open({ dimensions: 0.5 })')).toMatchObject({ code: 'INVALID_OPTION' });
    expect(await refusal(page, "await db.insert({ id: 'a', vector: [1, 0, 0] })")).toMatchObject({ code: 'DIMENSION_MISMATCH' });
    expect(await refusal(page, 'db.closeSync()')).toMatchObject({ code: 'UNSUPPORTED' });
    const addresses = "{ simd: new URL('/wasm/dist/ruvector-simd.wasm', location.href), scalar: 'wasm/dist/ruvector-scalar.wasm' }";
    expect(
      await run(
        page,
        `const db = await VectorDB.open({ dimensions: 2, wasm: ${addresses} }); const { backend } = db; await db.close(); return backend;`,
      ),
    ).toBe('wasm-simd');
    await run(page, 'window.late = db.search([1, 0]); await db.close(); await window.late;');
    await expect.poll(() => page.workers().length).toBe(0);
    expect(await refusal(page, 'await db.len()')).toMatchObject({ code: 'CLOSED' });
    await page.close();
  });

  test('whose script is not there says so', async () => {
    const page = await openPage(context, server.origin);
    await page.route('**/dist/worker.js', (route) => route.abort());
    expect(await refusal(page, 'await VectorDB.open({ dimensions: 2 })')).toMatchObject({ code: 'UNSUPPORTED' });
    expect(await run(page, 'const db = await VectorDB.open({ dimensions: 2, inThread: true }); return db.lenSync();')).toBe(0);
    await page.close();
  });

  test('ShardedVectorDB spreads rows over workers, keeps them, and starts a crashed one again', async () => {
    const page = await openPage(context, server.origin);
    const rows = `
      const { ShardedVectorDB } = window.ruvector;
      const rows = Array.from({ length: 900 }, (_, i) => ({ id: String(i), vector: Float32Array.from({ length: 16 }, (_, d) => Math.sin(i * 1.3 + d * d)) }));
      const query = { vector: rows[123].vector, k: 5 };`;
    const ids = await run<string[]>(
      page,
      `${rows}
       window.db = await ShardedVectorDB.open({ storagePath: 'idb://sharded', dimensions: 16, shards: 2, index: 'flat' });
       await db.insertBatch(rows);
       const one = await VectorDB.open({ dimensions: 16, index: 'flat' });
       await one.insertBatch(rows);
       const expected = (await one.search(query)).map(({ id }) => id);
       await one.close();
       return [String((await db.search(query)).map(({ id }) => id)), String(expected)];`,
    );
    expect(ids[0]).toBe(ids[1]);
    await expect.poll(() => page.workers().length).toBe(2); // that of the database that was closed goes a little later
    await page
      .workers()[0]
      ?.evaluate('self.close()')
      .catch(() => {});
    expect(await run(page, `${rows} return String((await db.search(query)).map(({ id }) => id));`)).toBe(ids[0]);
    await run(page, `${rows} await db.insert({ id: 'after', vector: rows[5].vector }); await db.close();`);
    expect(
      await run(
        page,
        `${rows}
         const db = await ShardedVectorDB.open({ storagePath: 'idb://sharded' });
         const found = [db.shards, await db.len()];
         await db.close();
         return found;`,
      ),
    ).toEqual([2, 901]);
    expect(page.problems).toEqual([]);
    await page.close();
  });
});
