// Databases in IndexedDB: what was acknowledged is there after a reload, one writer, refusals that tell.
import type { BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { executablePath, launch, newProfile, openPage, type PackageServer, removeProfile, run, servePackage } from '../support/chromium.js';

const profile = newProfile();
let server: PackageServer;
let context: BrowserContext;

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

  test('keeps what was acknowledged over a reload, without close', async () => {
    const page = await openPage(context, server.origin);
    await run(page, `
      const db = await VectorDB.open({ storagePath: 'idb://reload', dimensions: 8, distanceMetric: 'euclidean' });
      for (let i = 0; i < 20; i++) await db.insert({ id: 'a' + i, vector: new Float32Array(8).fill(i), metadata: { i } });
      await db.insertBatch(Array.from({ length: 500 }, (_, i) => ({ id: 'b' + i, vector: new Float32Array(8).fill(100 + i) })));
      await db.delete('a3');
      await db.collection('other', { dimensions: 2 }).insert({ id: 'x', vector: [1, 0] });
    `);
    await page.reload();
    await page.evaluate("import('/dist/browser.js').then((ruvector) => { window.ruvector = ruvector; })");
    const found = await run(page, `
      const db = await VectorDB.open({ storagePath: 'idb://reload' });
      const hits = await db.search(new Float32Array(8).fill(3.2), 3);
      const result = { length: await db.len(), ids: hits.map(({ id }) => id), metadata: hits[0].metadata, collections: await db.collections(), verified: (await db.verify()).ok };
      await db.close();
      return result;
    `);
    expect(found).toEqual({ length: 519, ids: ['a4', 'a2', 'a5'], metadata: { i: 4 }, collections: ['default', 'other'], verified: true });
    expect(page.problems).toEqual([]);
    await page.close();
  });
});
