// The built package in headless Chromium: on a page and in a module worker, with SIMD and without.
import type { BrowserContext } from 'playwright-core';
import { VectorDB } from 'ruvector';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { executablePath, launch, newProfile, type PackageServer, removeProfile, servePackage } from '../support/chromium.js';

let context: BrowserContext;
let server: PackageServer;
const profile = newProfile();

describe.skipIf(!executablePath)('in Chromium', () => {
  beforeAll(async () => {
    server = await servePackage();
    context = await launch(profile);
  });

  afterAll(async () => {
    await context?.close();
    server?.close();
    removeProfile(profile);
  });

  test.each([
    ['a page', true],
    ['a page', false],
    ['a worker', true],
    ['a worker', false],
  ])('%s, SIMD: %s', async (place, simd) => {
    const page = await context.newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('404')) problems.push(message.text());
    });
    await page.goto(server.origin);
    // Text, as a function would come with vitest's own imports.
    const result = (await page.evaluate(
      place === 'a page'
        ? `import('/test/browser/smoke.js').then(({ smoke }) => smoke(${simd}))`
        : `new Promise((resolve, reject) => {
             const worker = new Worker('/test/browser/smoke.js', { type: 'module' });
             worker.onmessage = ({ data }) => resolve(data);
             worker.onerror = (event) => reject(new Error(event.message || 'the worker did not load'));
             worker.postMessage(${simd});
           })`,
    )) as { bytes: number[]; query: number[]; expected: string[]; [figure: string]: unknown };
    await page.close();

    const { bytes, query, expected, ...rest } = result;
    const backend = simd ? 'wasm-simd' : 'wasm-scalar';
    expect(rest).toEqual({
      backend,
      address: backend,
      beforeReady: 'NOT_READY',
      wrongOption: 'INVALID_OPTION',
      search: true,
      filtered: true,
      sync: true,
      copied: true,
      copiedCount: 400,
      scanned: 400,
      storagePath: 'UNSUPPORTED',
      native: 'UNSUPPORTED',
      nan: 'INVALID_VECTOR',
      missing: 'UNSUPPORTED',
      closed: 'CLOSED',
    });
    expect(problems).toEqual([]);

    // What the page made opens here, natively.
    const db = await VectorDB.fromBytes(Uint8Array.from(bytes));
    expect(db.backend).toMatch(/^native/);
    expect((await db.search(query, 10)).map((hit) => hit.id)).toEqual(expected);
    await db.close();
  });
});
