// The built package in headless Chromium: on a page and in a module worker, with SIMD and without.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { type BrowserContext, chromium } from 'playwright-core';
import { VectorDB } from 'ruvector';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = new URL('../../', import.meta.url);
const executablePath =
  process.env.RUVECTOR_CHROMIUM ??
  ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path));
if (!executablePath) console.warn('SKIPPED: no Chromium (RUVECTOR_CHROMIUM says where it is); install it with .ci/setup');

const types: Record<string, string> = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.html': 'text/html' };
const served = /^\/(dist|wasm\/dist|test\/browser)\/[\w./-]+$/;

// WebAssembly goes out as octets on purpose: many servers know no better.
const server: Server = createServer((request, response) => {
  const path = new URL(request.url ?? '/', 'http://localhost').pathname;
  response.setHeader('content-security-policy', "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'");
  if (path === '/') {
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>ruvector</title>');
  } else if (served.test(path) && !path.includes('..') && existsSync(new URL(`.${path}`, root))) {
    response.setHeader('content-type', types[extname(path)] ?? 'application/octet-stream').end(readFileSync(new URL(`.${path}`, root)));
  } else {
    response.writeHead(404).end();
  }
});

let context: BrowserContext;
let origin: string;
const profile = mkdtempSync(join(tmpdir(), 'ruvector-chromium-'));

describe.skipIf(!executablePath)('in Chromium', () => {
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    context = await chromium.launchPersistentContext(profile, {
      executablePath: executablePath as string,
      headless: true,
      args: [
        '--no-sandbox',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-default-apps',
        '--disable-sync',
        '--disable-dev-shm-usage',
        '--no-first-run',
      ],
    });
  });

  afterAll(async () => {
    await context?.close();
    server.closeAllConnections();
    server.close();
    rmSync(profile, { recursive: true, force: true });
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
    await page.goto(origin);
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
