// The example pages, served by their own server, in headless Chromium.
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { BrowserContext, Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { executablePath, launch, newProfile, removeProfile } from '../support/chromium.js';

// Machines may be busy.
const eventually = <T>(what: () => T) => expect.poll(what, { timeout: 60_000 });

const folder = fileURLToPath(new URL('../../examples/', import.meta.url));
const serve = `${folder}03_browser/serve.mjs`;

describe.skipIf(!executablePath)('example pages', () => {
  let server: ChildProcess;
  let address: string;
  let context: BrowserContext;
  let profile: string;
  let problems: string[];

  beforeEach(async () => {
    profile = newProfile();
    problems = [];
    server = spawn(process.execPath, [serve, '0']);
    address = await new Promise<string>((resolve) => server.stdout?.once('data', (line) => resolve(String(line).trim())));
    context = await launch(profile);
  });
  afterEach(async () => {
    await context.close();
    server.kill();
    removeProfile(profile);
  });

  async function open(path = ''): Promise<Page> {
    const page = await context.newPage();
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    await page.goto(address + path);
    return page;
  }

  const status = (page: Page) => page.locator('#status').innerText();
  const hits = (page: Page) => page.locator('#hits li');
  const first = (page: Page) => eventually(() => hits(page).first().innerText());

  test('the documentation is searched as one types, within filters, by any text; it outlives the page and its server', async () => {
    const page = await open();
    await eventually(() => status(page)).toMatch(/embedded and searched in [\d.]+ ms by wasm-simd; indexed in \d+ ms/);
    const rows = Number(await page.locator('#count').innerText());
    expect(rows).toBeGreaterThan(1000);
    expect(await page.locator('#indexing').isHidden()).toBe(true);
    expect(await page.locator('footer').innerText()).toContain('HashEmbedder is lexical');

    await page.fill('#query', 'a transaction spans collections, each with its own dimensions and metric');
    await first(page).toMatch(/README\.md:\d+/);
    expect(await page.locator('#hits mark').count()).toBeGreaterThan(3);
    await page.getByRole('button', { name: 'packages' }).click();
    await eventually(async () => (await page.locator('#hits small').allInnerTexts()).every((at) => at.startsWith('node_modules/'))).toBe(
      true,
    );
    await page.fill('#file', 'vitest');
    await eventually(async () => (await page.locator('#hits small').allInnerTexts()).every((at) => at.includes('vitest'))).toBe(true);
    for (const odd of ['{"file": ', '$where', '../..', '🙂']) {
      await page.fill('#file', odd);
      await eventually(() => status(page)).toBe('no passage is in such a file');
    }
    await page.fill('#file', '');
    await page.getByRole('button', { name: 'packages' }).click();

    for (const odd of ['?!', '🙂', '\u202e']) {
      await page.fill('#query', odd);
      await eventually(() => status(page)).toBe('type a word');
    }
    for (const odd of ['', '<img src=x onerror=alert(1)>', 'word '.repeat(20_000), '漢字 ß İ']) {
      await page.fill('#query', odd);
      await eventually(() => status(page)).toMatch(/^embedded and searched/);
      expect(await hits(page).count()).toBe(10);
    }
    expect(await page.locator('main img').count()).toBe(0);

    // Another visit, with the server stopped: nothing is read or embedded again.
    await eventually(() => page.locator('#offline').innerText()).toContain('without the server');
    expect((await fetch(`${address}examples/03_browser/../../package.json`)).status).toBe(404);
    server.kill();
    await expect(fetch(address)).rejects.toThrow();
    expect(problems).toEqual([]);
    const second = await open();
    await eventually(() => status(second)).toMatch(/kept from an earlier visit, opened in \d+ ms/);
    expect(await second.locator('#count').innerText()).toBe(String(rows));
    await second.fill('#query', 'a transaction spans collections, each with its own dimensions and metric');
    await first(second).toMatch(/README\.md:\d+/);
    // The first visit is still there: beside it the database is only read.
    const again = second.getByRole('button', { name: 'Read the documents again' });
    expect(await again.count()).toBe(0);
    await page.close();
    await second.reload();
    // Reading the documents anew takes the server; without it what is there stays.
    await again.click();
    await eventually(() => status(second)).toBe('the server did not read the documents: it does not answer');
    await second.fill('#query', 'write-ahead log');
    await eventually(() => status(second)).toMatch(/^embedded and searched/);
    expect(await second.locator('#count').innerText()).toBe(String(rows));
    expect(problems.filter((problem) => !/ERR_CONNECTION_REFUSED|Failed to fetch/.test(problem))).toEqual([]);
  });

  test('a visit that ends early is made good by the next', async () => {
    const page = await open();
    await eventually(async () => Number(await page.locator('#count').innerText())).toBeGreaterThan(300);
    await page.reload();
    await eventually(() => status(page)).toMatch(/; indexed in \d+ ms/);
    expect(Number(await page.locator('#count').innerText())).toBeGreaterThan(1000);
    expect(problems).toEqual([]);
  });

  test('shards are built, timed, and answer as one database does; here with 4,000 vectors instead of 100,000', async () => {
    const page = await open('examples/04_sharded/index.html');
    expect(await page.locator('#rows').inputValue()).toBe('100000');
    await page.fill('#rows', '4000');
    await page.fill('#shards', '2');
    await page.getByRole('button', { name: 'Build and ask' }).click();
    await eventually(() => status(page)).toMatch(/^done in \d+ s/);
    const results = await page.locator('#results').innerText();
    expect(results).toMatch(/4,000 vectors × 64 in 2 shards by wasm-simd: \d+\.\d s/);
    expect(results).toMatch(/one query\s+[\d.]+ ms, the median of 50/);
    expect(results).toMatch(/a batch of 200\s+[\d.]+ ms/);
    expect(results).toContain('50 of 50 queries');
    expect(Number(/recall@10\s+([\d.]+)/.exec(results)?.[1])).toBeGreaterThan(0.95);
    await page.fill('#rows', '0');
    await page.getByRole('button', { name: 'Build and ask' }).click();
    expect(await page.locator('#rows:invalid').count()).toBe(1); // the browser says so
    expect(problems).toEqual([]);
  });

  // In Chromium, with the test in place of Electron's main process and IPC: the page and the database are the example's own.
  test('the page of the Electron example keeps, finds and removes notes', async () => {
    const { openNotes } = await import(pathToFileURL(`${folder}05_electron/notes.mjs`).href);
    const notes = await openNotes(join(profile, 'notes'));
    for (const call of ['add', 'search', 'remove'])
      await context.exposeFunction(`test_${call}`, (argument: unknown) => notes[call](argument));
    await context.addInitScript('window.notes = { add: test_add, search: test_search, remove: test_remove };');
    const page = await context.newPage();
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    await page.goto(pathToFileURL(`${folder}05_electron/renderer.html`).href);
    const lines = page.locator('#hits li');
    for (const text of ['water the plants', 'the train leaves at nine']) {
      await page.fill('#text', text);
      await page.keyboard.press('Enter');
      await eventually(() => lines.first().innerText()).toContain(text);
    }
    await page.fill('#text', '🙂');
    await eventually(() => lines.count()).toBe(0);
    await page.keyboard.press('Enter');
    await eventually(() => status(page)).toContain('the note is string, expected text of at most 10000 characters');
    await page.fill('#text', 'trains');
    await eventually(() => lines.first().innerText()).toContain('the train leaves at nine');
    await lines.first().getByRole('button', { name: 'Remove' }).click();
    await eventually(() => lines.count()).toBe(1);
    expect((await notes.search('trains')).map(({ text }: { text: string }) => text)).toEqual(['water the plants']);
    await notes.close();
    expect(problems).toEqual([]);
  });
});
