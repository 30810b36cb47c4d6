// Databases in IndexedDB: what was acknowledged is there after a reload, one writer, refusals that tell.
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  executablePath,
  launch,
  loadPackage,
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
let pages: (Page & { problems: string[] })[] = [];

async function newPage() {
  const page = await openPage(context, server.origin);
  pages.push(page);
  return page;
}

describe.skipIf(!executablePath)('IndexedDB', () => {
  beforeAll(async () => {
    server = await servePackage();
    context = await launch(profile);
  });
  afterAll(async () => {
    await context?.close();
    server?.close();
    removeProfile(profile);
  });
  beforeEach(async () => {
    for (const page of pages) await page.close();
    pages = [];
  });

  test('keeps what was acknowledged over a reload, without close', async () => {
    const page = await newPage();
    await run(
      page,
      `const db = await VectorDB.open({ storagePath: 'idb://reload', dimensions: 8, distanceMetric: 'euclidean' });
       for (let i = 0; i < 20; i++) await db.insert({ id: 'a' + i, vector: new Float32Array(8).fill(i), metadata: { i } });
       await db.insertBatch(Array.from({ length: 500 }, (_, i) => ({ id: 'b' + i, vector: new Float32Array(8).fill(100 + i) })));
       await db.delete('a3');
       await db.collection('other', { dimensions: 2 }).insert({ id: 'x', vector: [1, 0] });`,
    );
    await page.reload();
    await loadPackage(page);
    const found = await run(
      page,
      `const db = await VectorDB.open({ storagePath: 'idb://reload' });
       const hits = await db.search(new Float32Array(8).fill(3.2), 3);
       const { ok } = await db.verify();
       const result = { length: await db.len(), ids: hits.map(({ id }) => id), metadata: hits[0].metadata, collections: await db.collections(), ok };
       await db.close();
       return result;`,
    );
    expect(found).toEqual({ length: 519, ids: ['a4', 'a2', 'a5'], metadata: { i: 4 }, collections: ['default', 'other'], ok: true });
    expect(page.problems).toEqual([]);
  });

  test('has sealed segments, and what came after them, again', async () => {
    const page = await newPage();
    const grown = `
      const rows = (from, count) => Array.from({ length: count }, (_, i) => ({ id: String(from + i), vector: Float32Array.from({ length: 16 }, (_, d) => Math.sin((from + i) * 1.7 + d)) }));
      const query = Float32Array.from({ length: 16 }, (_, d) => Math.sin(77 * 1.7 + d));`;
    await run(
      page,
      `${grown}
       const db = await VectorDB.open({ storagePath: 'idb://segments', dimensions: 16, index: 'hnsw' });
       await db.insertBatch(rows(0, 3000));
       await db.compact();
       await db.insertBatch(rows(3000, 500));
       for (let i = 3100; i < 3500; i++) await db.delete(String(i));
       await db.delete('78');
       await db.flush();
       await db.compact();
       await db.flush();
       await db.insert(rows(4000, 1)[0]);`,
    );
    await page.reload();
    await loadPackage(page);
    for (let opening = 0; opening < 2; opening++) {
      const found = await run<{ ids: string[]; [key: string]: unknown }>(
        page,
        `${grown}
         const db = await VectorDB.open({ storagePath: 'idb://segments' });
         const ids = (await db.search({ vector: query, k: 3 })).map(({ id }) => id);
         const { segments } = await db.stats();
         const copy = await VectorDB.fromBytes(await db.toBytes());
         const copied = [await copy.len(), (await copy.verify()).ok, (await db.exportAll()).entries.length];
         await copy.close();
         const result = { copied, length: await db.len(), ids, sealed: segments.sealed ?? segments, last: (await db.get('4000'))?.id, ok: (await db.verify()).ok, again: (await db.verify()).ok };
         await db.compact();
         await db.close();
         return result;`,
      );
      expect(found).toMatchObject({ length: 3100, last: '4000', ok: true, again: true, copied: [3100, true, 3100] });
      expect(found.ids[0]).toBe('77');
      expect(found.ids).not.toContain('78');
    }
    expect(page.problems).toEqual([]);
  });

  test('seals in the background what it had stored before', async () => {
    const page = await newPage();
    const found = await run(
      page,
      `const rows = Array.from({ length: 9000 }, (_, i) => ({ id: String(i), vector: Float32Array.from({ length: 128 }, (_, d) => Math.sin(i * 1.7 + d * d)), metadata: { i } }));
       const db = await VectorDB.open({ storagePath: 'idb://sealed', dimensions: 128, index: 'flat' });
       await db.insertBatch(rows);
       await db.flush();
       await db.deleteWhere({ i: { $lt: 5000 } });
       for (let i = 0; i < 3; i++) await db.updateMetadata('8000', { i: 8000 });
       const { count, maintenanceError } = await db.stats();
       await db.close();
       const again = await VectorDB.open({ storagePath: 'idb://sealed' });
       const result = [count, maintenanceError, await again.len(), (await again.search(rows[7000].vector, 1))[0].id, (await again.verify()).ok];
       await again.close();
       return result;`,
    );
    expect(found).toEqual([4000, undefined, 4000, '7000', true]);
  });

  describe('a large segment', () => {
    const dimensions = 512;
    const rowOf = `const rowOf = (i) => Float32Array.from({ length: ${dimensions} }, (_, d) => Math.sin(i * 0.7 + d * d));`;
    const fill = (name: string, count: number) => `${rowOf}
      const db = await VectorDB.open({ storagePath: 'idb://${name}', dimensions: ${dimensions}, index: 'flat', inThread: true });
      const vectors = new Float32Array(${count * dimensions});
      for (let i = 0; i < ${count}; i++) vectors.set(rowOf(i), i * ${dimensions});
      await db.insertBatch({ ids: Array.from({ length: ${count} }, (_, i) => String(i)), vectors });
      await db.compact();
      await db.close();`;
    const search = (name: string, row: number) => `${rowOf}
      const db = await VectorDB.open({ storagePath: 'idb://${name}' });
      try {
        const id = (await db.search(rowOf(${row}), 1))[0].id;
        return [await db.len(), id, (await db.verify()).ok];
      } finally { await db.close(); }`;
    // Runs f(store, key, bytes) for each record of a segment, by its key.
    const onParts = (name: string, f: string) => `
      const opened = indexedDB.open('/ruvector/${name}');
      const idb = await new Promise((resolve) => { opened.onsuccess = () => resolve(opened.result); });
      const sizes = [];
      const transaction = idb.transaction('FILE_DATA', 'readwrite');
      const store = transaction.objectStore('FILE_DATA');
      store.openCursor().onsuccess = ({ target: { result: cursor } }) => {
        if (!cursor) return;
        if (cursor.key.includes('/seg-')) {
          (${f})(store, cursor.key, cursor.value, sizes.length);
          sizes.push(cursor.value.contents.byteLength);
        }
        cursor.continue();
      };
      await new Promise((resolve) => { transaction.oncomplete = resolve; });
      idb.close();
      return sizes;`;

    test('is stored in parts, and read again', async () => {
      const page = await newPage();
      await run(page, fill('parts', 16_000));
      const sizes = await run<number[]>(page, onParts('parts', '() => {}'));
      expect(sizes.length).toBe(8);
      expect(Math.max(...sizes)).toBe(4 * 2 ** 20);
      await page.reload();
      await loadPackage(page);
      expect(await run(page, search('parts', 15_000))).toEqual([16_000, '15000', true]);
      // What comes after it is a segment of its own: the large one is not taken apart for a row.
      expect(
        await run(
          page,
          `${rowOf}
           const db = await VectorDB.open({ storagePath: 'idb://parts' });
           await db.insert({ id: 'new', vector: rowOf(1e6) });
           const { segments, count } = await db.stats();
           const copy = await VectorDB.fromBytes(await db.toBytes());
           const result = [segments, count, await copy.len(), (await copy.verify()).ok];
           await copy.close();
           await db.close();
           return result;`,
        ),
      ).toEqual([2, 16_001, 16_001, true]);
      expect(page.problems).toEqual([]);
    });

    test('is read where it is one record, as earlier versions wrote it', async () => {
      const page = await newPage();
      await run(
        page,
        `const { MountedFiles } = await import('/dist/indexed_db/mounted_files.js');
         MountedFiles.prototype.storesWhole = () => false;
         ${fill('whole', 16_000)}`,
      );
      expect((await run<number[]>(page, onParts('whole', '() => {}'))).length).toBe(1);
      await page.reload();
      await loadPackage(page);
      expect(await run(page, search('whole', 15_000))).toEqual([16_000, '15000', true]);
    });

    for (const [what, change] of [
      ['missing', '(store, key) => store.delete(key)'],
      ['shorter', '(store, key, value) => store.put({ ...value, contents: value.contents.slice(0, -64) }, key)'],
      ['no bytes', "(store, key, value) => store.put({ ...value, contents: 'text' }, key)"],
      ['of other bytes', '(store, key, value) => { value.contents[1000] ^= 1; store.put(value, key); }'],
    ] as const) {
      test(`of which a part is ${what} is CORRUPT, whichever part`, async () => {
        const page = await newPage();
        // The first one begins with what only some searches look at.
        for (const part of what === 'of other bytes' ? [5, 7] : [0, 5, 7]) {
          const name = `torn-${what.replaceAll(' ', '-')}-${part}`;
          await run(page, fill(name, 16_000));
          await run(page, onParts(name, `(store, key, value, part) => { if (part === ${part}) (${change})(store, key, value); }`));
          expect((await refusal(page, `${search(name, 3)}`)).code, name).toBe('CORRUPT');
        }
      });
    }
  });

  test('what was begun before WebAssembly failed to load is given back', async () => {
    const page = await newPage();
    for (const inThread of [true, false]) {
      const name = `idb://begun-${inThread}`;
      const opening = `await VectorDB.open({ storagePath: '${name}', dimensions: 2, inThread: ${inThread}, wasm: '/nowhere.wasm' })`;
      expect((await refusal(page, opening)).code).toBe('UNSUPPORTED');
      expect(
        await run(
          page,
          `const db = await VectorDB.open({ storagePath: '${name}', dimensions: 2, inThread: ${inThread} });
           await db.insert({ id: 'a', vector: [1, 0] });
           const length = await db.len();
           await db.close();
           return length;`,
        ),
      ).toBe(1);
    }
  });

  test('lets one tab write; another reads, and is told', async () => {
    const writer = await newPage();
    const reader = await newPage();
    await run(
      writer,
      `window.db = await VectorDB.open({ storagePath: 'idb://tabs', dimensions: 2 });
       await db.insert({ id: 'a', vector: [1, 0] });`,
    );
    expect(await refusal(reader, "await VectorDB.open({ storagePath: 'idb://tabs', dimensions: 2 })")).toMatchObject({
      code: 'LOCKED',
      message: 'idb://tabs is open for writing in another tab or worker; readOnly: true opens it beside',
    });
    expect(
      await refusal(
        reader,
        `window.db = await VectorDB.open({ storagePath: 'idb://tabs', readOnly: true });
         await db.insert({ id: 'b', vector: [0, 1] });`,
      ),
    ).toMatchObject({ code: 'READ_ONLY' });
    expect(await run(reader, 'return db.len()')).toBe(1);
    await run(writer, "await db.insert({ id: 'b', vector: [0, 1] }); await db.compact(); await db.insert({ id: 'c', vector: [1, 1] });");
    await expect.poll(() => run(reader, 'return db.len()')).toBe(3);
    expect(await run(reader, 'return [await db.refresh(), (await db.search([1, 1], 1))[0].id]')).toEqual([false, 'c']);
    await run(writer, 'await db.close()');
    expect(
      await run(
        reader,
        "await db.close(); const next = await VectorDB.open({ storagePath: 'idb://tabs' }); const length = await next.len(); await next.close(); return length;",
      ),
    ).toBe(3);
  });

  test('is free again when a writing tab crashes', async () => {
    const writer = await newPage();
    await run(
      writer,
      "window.db = await VectorDB.open({ storagePath: 'idb://crash', dimensions: 2 }); await db.insert({ id: 'a', vector: [1, 0] });",
    );
    const session = await context.newCDPSession(writer);
    session.send('Page.crash').catch(() => {});
    const other = await newPage();
    await expect
      .poll(
        () =>
          run(
            other,
            "const db = await VectorDB.open({ storagePath: 'idb://crash' }); const length = await db.len(); await db.close(); return length;",
          ),
        {
          timeout: 10_000,
        },
      )
      .toBe(1);
    pages = pages.filter((page) => page !== writer);
  });

  test('refuses a second opening in one page, names that are none, and Sync writes', async () => {
    const page = await newPage();
    await run(page, "window.db = await VectorDB.open({ storagePath: 'idb://one', dimensions: 2, inThread: true })");
    expect(await refusal(page, "await VectorDB.open({ storagePath: 'idb://one', inThread: true })")).toMatchObject({ code: 'LOCKED' });
    for (const name of ['', '..', 'a/b', 'a b', '.hidden', 'x'.repeat(129)]) {
      expect(await refusal(page, `await VectorDB.open({ storagePath: 'idb://${name}', dimensions: 2 })`)).toMatchObject({
        code: 'INVALID_OPTION',
      });
    }
    expect(await refusal(page, "await VectorDB.open({ storagePath: './folder', dimensions: 2 })")).toMatchObject({ code: 'UNSUPPORTED' });
    expect(await refusal(page, "await db.insertSync({ id: 'a', vector: [1, 0] })")).toMatchObject({ code: 'UNSUPPORTED' });
    expect(await refusal(page, 'await db.closeSync()')).toMatchObject({ code: 'UNSUPPORTED' });
    expect(await refusal(page, "await VectorDB.open({ storagePath: 'idb://nowhere', readOnly: true })")).toMatchObject({
      code: 'NOT_FOUND',
    });
    expect(await run(page, 'return (await indexedDB.databases()).map(({ name }) => name)')).not.toContain('/ruvector/nowhere');
    await run(page, 'await db.close()');
    expect(await refusal(page, "await VectorDB.open({ storagePath: 'idb://one', dimensions: 3 })")).toMatchObject({
      code: 'DIMENSION_MISMATCH',
    });
    expect(await run(page, "const db = await VectorDB.open({ storagePath: 'idb://one' }); await db.close(); return 'open again'")).toBe(
      'open again',
    );
  });

  test('is opened once at a time in a page, whoever comes first', async () => {
    const page = await newPage();
    await run(page, "const db = await VectorDB.open({ storagePath: 'idb://pair', dimensions: 2, inThread: true }); await db.close();");
    const outcome = await run(
      page,
      `const both = await Promise.allSettled([
         VectorDB.open({ storagePath: 'idb://pair', inThread: true, readOnly: true }),
         VectorDB.open({ storagePath: 'idb://pair', inThread: true }),
       ]);
       for (const { value } of both) await value?.close();
       const db = await VectorDB.open({ storagePath: 'idb://pair', inThread: true });
       await db.insert({ id: 'a', vector: [1, 0] });
       return both.map(({ status, reason }) => reason?.code ?? status);`,
    );
    expect(outcome).toEqual(['fulfilled', 'LOCKED']);
    await page.reload();
    await loadPackage(page);
    expect(
      await run(
        page,
        "const db = await VectorDB.open({ storagePath: 'idb://pair' }); const length = await db.len(); await db.close(); return length;",
      ),
    ).toBe(1);
  });

  test('with durability batch the write after one that found no room hears of it', async () => {
    const page = await newPage();
    await run(
      page,
      `window.db = await VectorDB.open({ storagePath: 'idb://quota', dimensions: 2, durability: 'batch', inThread: true });
       const { put } = IDBObjectStore.prototype;
       window.room = () => { IDBObjectStore.prototype.put = put; };
       IDBObjectStore.prototype.put = () => { throw new DOMException('no room', 'QuotaExceededError'); };
       await db.insert({ id: 'a', vector: [1, 0] });
       await new Promise((resolve) => setTimeout(resolve, 200));`,
    );
    expect((await refusal(page, "await db.insert({ id: 'b', vector: [0, 1] })")).code).toBe('QUOTA');
    expect(await run(page, 'return db.len()')).toBe(2);
    expect((await refusal(page, 'await db.flush()')).code).toBe('QUOTA');
    expect((await refusal(page, 'db.flushSync()')).code).toBe('UNSUPPORTED');
    await run(page, "room(); await db.insert({ id: 'c', vector: [1, 1] });");
    await page.reload();
    await loadPackage(page);
    expect(
      await run(
        page,
        "const db = await VectorDB.open({ storagePath: 'idb://quota' }); const length = await db.len(); await db.close(); return length;",
      ),
    ).toBe(3);
  });

  test('durability batch and none: what flush and close have written is there', async () => {
    const page = await newPage();
    for (const durability of ['batch', 'none']) {
      await run(
        page,
        `const db = await VectorDB.open({ storagePath: 'idb://${durability}', dimensions: 2, durability: '${durability}', inThread: true });
         db.insertSync({ id: 'a', vector: [1, 0] });
         await db.insert({ id: 'b', vector: [0, 1] });
         await db.flush();
         await db.insert({ id: 'c', vector: [1, 1] });
         await db.close();`,
      );
      expect(
        await run(
          page,
          `const db = await VectorDB.open({ storagePath: 'idb://${durability}' }); const length = await db.len(); await db.close(); return length;`,
        ),
      ).toBe(3);
    }
  });

  test('durability batch stores within 100 ms by itself, in the thread and in a worker', async () => {
    for (const inThread of [true, false]) {
      const [page, reader] = [await newPage(), await newPage()];
      await run(
        page,
        `window.db = await VectorDB.open({ storagePath: 'idb://soon-${inThread}', dimensions: 2, durability: 'batch', inThread: ${inThread} });
         await db.insert({ id: 'a', vector: [1, 0] });
         await db.insert({ id: 'b', vector: [0, 1] });`,
      );
      await expect
        .poll(() =>
          run(
            reader,
            `const db = await VectorDB.open({ storagePath: 'idb://soon-${inThread}', readOnly: true });
             const length = await db.len();
             await db.close();
             return length;`,
          ),
        )
        .toBe(2);
    }
  });

  test('a copy that is older never overwrites what another has written, even without locks', async () => {
    const [first, second] = [await newPage(), await newPage()];
    for (const page of [first, second]) {
      await page.evaluate("Object.defineProperty(navigator, 'locks', { value: undefined })");
      await run(page, "window.db = await VectorDB.open({ storagePath: 'idb://stale', dimensions: 2, inThread: true })");
    }
    await run(second, "await db.insert({ id: 'second', vector: [1, 0] })");
    expect(await refusal(first, "await db.insert({ id: 'first', vector: [1, 0] })")).toMatchObject({ code: 'CONFLICT' });
    const again = await refusal(first, "await db.insert({ id: 'again', vector: [1, 0] })");
    expect(again.message).toContain('was written by another tab or worker since it was opened here');
    expect(await run(first, 'return db.len()')).toBe(1);
    await run(second, 'await db.close()');
    expect(
      await run(
        second,
        "const db = await VectorDB.open({ storagePath: 'idb://stale' }); const all = await db.len(); await db.close(); return all;",
      ),
    ).toBe(1);
  });

  test('says so when it is deleted while it is open, and lets it go', async () => {
    const page = await newPage();
    await run(
      page,
      "window.db = await VectorDB.open({ storagePath: 'idb://gone', dimensions: 2 }); await db.insert({ id: 'a', vector: [1, 0] });",
    );
    expect(
      await run(
        page,
        `return new Promise((resolve, reject) => {
           const request = indexedDB.deleteDatabase('/ruvector/gone');
           request.onsuccess = () => resolve('deleted');
           request.onerror = request.onblocked = () => reject(new Error('blocked'));
         })`,
      ),
    ).toBe('deleted');
    const refused = await refusal(page, "await db.insert({ id: 'b', vector: [0, 1] })");
    expect(refused).toMatchObject({ code: 'IO' });
    expect(refused.message).toContain('was deleted from IndexedDB while it was open');
    expect(await run(page, 'return [await db.len(), (await db.toBytes()).length > 0]')).toEqual([2, true]);
    expect(await refusal(page, 'await db.close()')).toMatchObject({ code: 'IO' });
    expect(
      await run(
        page,
        "const db = await VectorDB.open({ storagePath: 'idb://gone', dimensions: 2 }); const length = await db.len(); await db.close(); return length;",
      ),
    ).toBe(0);
  });

  test('a clock that stands still loses nothing', async () => {
    const page = await newPage();
    await page.evaluate(
      '{ const now = Date.now(); Date = class extends Date { constructor(...given) { super(...(given.length ? given : [now])); } static now() { return now; } }; }',
    );
    await run(
      page,
      `const db = await VectorDB.open({ storagePath: 'idb://clock', dimensions: 2 });
       for (let i = 0; i < 50; i++) await db.insert({ id: String(i), vector: [1, i] });`,
    );
    await page.reload();
    await loadPackage(page);
    expect(
      await run(
        page,
        "const db = await VectorDB.open({ storagePath: 'idb://clock' }); const length = await db.len(); await db.close(); return length;",
      ),
    ).toBe(50);
  });

  test('writes during a flush are in it, or in the next', async () => {
    const page = await newPage();
    await run(
      page,
      `window.db = await VectorDB.open({ storagePath: 'idb://during', dimensions: 2, durability: 'batch' });
       const flushes = [];
       for (let i = 0; i < 300; i++) {
         flushes.push(db.insert({ id: String(i), vector: [1, i] }));
         if (i % 7 === 0) flushes.push(db.flush());
         if (i % 50 === 0) await flushes.at(-1);
       }
       await Promise.all(flushes);
       await db.flush();`,
    );
    await page.reload();
    await loadPackage(page);
    expect(
      await run(
        page,
        "const db = await VectorDB.open({ storagePath: 'idb://during' }); const length = await db.len(); await db.close(); return length;",
      ),
    ).toBe(300);
  });

  test('without IndexedDB it says so', async () => {
    const page = await newPage();
    await page.evaluate("Object.defineProperty(globalThis, 'indexedDB', { value: undefined })");
    expect(await refusal(page, "await VectorDB.open({ storagePath: 'idb://private', dimensions: 2, inThread: true })")).toMatchObject({
      code: 'UNSUPPORTED',
    });
    expect(await run(page, 'const db = await VectorDB.open({ dimensions: 2 }); return db.len();')).toBe(0);
  });
});
