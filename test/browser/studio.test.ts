// ruvector studio, served by the command line, in headless Chromium; and the same page over a file opened in it.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { HashEmbedder, VectorDB } from 'ruvector';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const executablePath =
  process.env.RUVECTOR_CHROMIUM ??
  ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path));

const topics: Record<string, string> = {
  cats: 'cat kitten purrs whiskers naps climbs',
  weather: 'rain cloud storm wind thunder snow',
  bread: 'flour yeast oven dough crust bakery',
};
const hostile = `<img src=x onerror="document.title='taken'">`;

/** Three groups of sentences, and a few entries that mean ill. */
async function makeDatabase(path: string): Promise<void> {
  const embedder = new HashEmbedder(64);
  const db = await VectorDB.open({ dimensions: 64, storagePath: path });
  const rows = Array.from({ length: 300 }, (_, i) => {
    const [topic, words = ''] = Object.entries(topics)[i % 3] as [string, string];
    const list = words.split(' ');
    const text = `${list[i % 6]} and ${list[(i + 1 + Math.floor(i / 18)) % 6]} of ${topic}`;
    return { id: `${topic}-${i}`, text, metadata: { topic, text, year: 2000 + (i % 25) } };
  });
  await db.insertBatch(rows.map(({ id, text, metadata }) => ({ id, metadata, vector: embedder.embed([text])[0] as Float32Array })));
  const vector = embedder.embed(['cat kitten'])[0] as Float32Array;
  await db.insertBatch([
    { id: hostile, vector, metadata: { topic: '<script>document.title="taken"</script>', text: hostile, [hostile]: hostile } },
    { id: '\u202egnp.exe', vector, metadata: { topic: '\u0000\u0007', text: 'x'.repeat(5000), __proto__: null } as never },
  ]);
  await db.collection('second', { dimensions: 2, distanceMetric: 'euclidean' }).insertBatch([
    { id: 'a', vector: [0, 0] },
    { id: 'b', vector: [3, 4] },
  ]);
  await db.snapshot(`${path}.rvf`);
  await db.close();
}

/** The colour of the map's background, how many pixels have another, how many of these are vivid, and in how many different hues. */
const pixels = (page: Page) =>
  page.evaluate(() => {
    const canvas = document.querySelector('#canvas canvas') as HTMLCanvasElement;
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
    copy?.drawImage(canvas, 0, 0);
    const data = copy?.getImageData(0, 0, canvas.width, canvas.height).data as Uint8ClampedArray;
    const background = ((data[0] as number) << 16) | ((data[1] as number) << 8) | (data[2] as number);
    let [drawn, vivid] = [0, 0];
    const hues = new Map<number, number>();
    for (let i = 0; i < data.length; i += 4) {
      const [r, g, b] = [data[i] as number, data[i + 1] as number, data[i + 2] as number];
      if (((r << 16) | (g << 8) | b) === background) continue;
      drawn++;
      if (Math.max(r, g, b) - Math.min(r, g, b) < 90) continue;
      vivid++;
      const hue = Math.round((Math.atan2(Math.sqrt(3) * (g - b), 2 * r - g - b) / Math.PI) * 6);
      hues.set(hue, (hues.get(hue) ?? 0) + 1);
    }
    return { background, drawn, vivid, hues: [...hues.values()].filter((n) => n > 150).length };
  });

const hits = (page: Page, panel: string) => page.locator(`${panel} .hits li`);

describe.skipIf(!executablePath)('studio', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ruvector-studio-'));
  const problems: string[] = [];
  let context: BrowserContext;
  let server: ChildProcess;
  let address: string;

  const startServer = async (...args: string[]): Promise<[ChildProcess, string]> => {
    const child = spawn(process.execPath, args);
    return [child, await new Promise<string>((resolve) => child.stdout.once('data', (line) => resolve(String(line).trim())))];
  };

  async function open(url: string, size = { width: 1280, height: 800 }): Promise<Page> {
    const page = await context.newPage();
    await page.setViewportSize(size);
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text());
    });
    await page.goto(url);
    return page;
  }

  const ready = (page: Page) => page.locator('#legend button').first().waitFor();

  beforeAll(async () => {
    await makeDatabase(join(folder, 'db'));
    [server, address] = await startServer(join(root, 'dist/cli.js'), 'studio', join(folder, 'db'));
    context = await chromium.launchPersistentContext(join(folder, 'profile'), {
      executablePath: executablePath as string,
      headless: true,
      args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-dev-shm-usage', '--no-first-run'],
    });
  });
  afterAll(async () => {
    await context?.close();
    server?.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  test('opens with its token and not without', async () => {
    const page = await open(address);
    await expect.poll(() => page.title()).toBe('db · ruvector studio');
    await page.close();
    const [plain, wrong] = [new URL('/', address).href, address.replace(/.\/$/, (end) => (end === 'A/' ? 'B/' : 'A/'))];
    const refused = await context.newPage();
    expect((await refused.goto(plain))?.status()).toBe(403);
    expect((await refused.goto(wrong))?.status()).toBe(403);
    expect(await refused.locator('body').innerText()).toContain('open the address that ruvector studio printed');
    await refused.close();
  });

  test('draws the map, coloured by topic; a label looks at its own; a colour by numbers', async () => {
    const page = await open(address);
    await ready(page);
    const coloured = await pixels(page);
    expect(coloured.drawn).toBeGreaterThan(1500);
    expect(coloured.hues).toBeGreaterThanOrEqual(3);
    expect(await page.locator('#map-status').innerText()).toMatch(/^302 entries · the axes show \d+(\.\d)? % of the variance · .* ms$/);
    const label = page.getByRole('button', { name: 'cats 100' });
    await label.click();
    expect(await label.getAttribute('aria-pressed')).toBe('true');
    await expect.poll(async () => (await pixels(page)).vivid).toBeLessThan(0.6 * coloured.vivid);
    expect((await pixels(page)).vivid).toBeGreaterThan(0.1 * coloured.vivid);
    expect(await page.locator('#legend .dimmed').count()).toBeGreaterThanOrEqual(3);
    await page.selectOption('#colour', 'year');
    await page.locator('#legend .ramp').waitFor();
    expect(await page.locator('#legend').innerText()).toMatch(/2000\s+2024/);
    await page.close();
  });

  test('a point shows its entry when hovered and, when clicked, its neighbours', async () => {
    const page = await open(address);
    await ready(page);
    await page.locator('#canvas canvas').last().focus();
    await page.keyboard.press('Enter');
    await hits(page, '#entry').first().waitFor();
    expect(await hits(page, '#entry').count()).toBe(10);
    const id = await page.locator('.entry-name').innerText();
    expect(await page.locator('#entry .metadata').innerText()).toContain('topic');
    const truth = await page.locator('#entry .hits .id').allInnerTexts();
    const db = await VectorDB.open({ storagePath: join(folder, 'db'), readOnly: true });
    expect(truth).toEqual((await db.search({ like: id, k: 10 })).map((hit) => hit.id));
    await db.close();

    // Where points are many a sweep over the map meets one.
    const box = await page.locator('#canvas').boundingBox();
    if (!box) throw new Error('the map has no place');
    for (let step = 0; step < 60 && (await page.locator('#hint').isHidden()); step++) {
      await page.mouse.move(box.x + (box.width * step) / 60, box.y + (box.height * ((step * 7) % 60)) / 60);
    }
    await page.locator('#hint .key').first().waitFor();
    expect(await page.locator('#hint').innerText()).toMatch(/topic/);
    const hovered = await page.locator('#hint .id').innerText();
    await page.mouse.down();
    await page.mouse.up();
    await expect.poll(() => page.locator('.entry-name').innerText()).toBe(hovered);
    await hits(page, '#entry').first().waitFor();
    await page.keyboard.press('Escape');
    expect(await page.locator('#entry').innerText()).toContain('Click a point');
    await page.close();
  });

  test('searches by entry, by vector and by text, within a filter', async () => {
    const page = await open(address);
    await ready(page);
    await page.keyboard.press('/');
    await page.keyboard.type('weather-1');
    await page.keyboard.press('Enter');
    await hits(page, '#search').first().waitFor();
    expect(await hits(page, '#search').count()).toBe(10);
    expect(await page.locator('#search .status').innerText()).toMatch(/ms · 10 hits · full scan · 301 distances/);

    // The same one on the other backend, which is opened for it.
    await page.getByRole('button', { name: 'Time it under WebAssembly too' }).click();
    const lines = page.locator('.backends li');
    await lines.nth(1).waitFor();
    const [native, wasm] = await lines.allInnerTexts();
    expect(native).toMatch(/^native.*\s\d[\d.]* ms$/s);
    expect(wasm).toMatch(/^wasm-simd\s+\d[\d.]* ms$/);
    expect(await page.locator('.comparison .note').innerText()).toMatch(
      /^Medians of \d+( and \d+)? runs after a first one · the same hits · WebAssembly holds /,
    );

    await page.getByRole('button', { name: 'Text' }).click();
    expect(await page.locator('#search .note').first().innerText()).toContain('words, not meaning');
    await page.locator('input.query:visible').fill('thunder and snow');
    await page.keyboard.press('Enter');
    await expect.poll(() => hits(page, '#search').first().innerText()).toContain('weather');

    await page.getByRole('button', { name: '+ condition' }).click();
    await page.getByLabel('Field of condition 1').fill('topic');
    await page.getByLabel('Value of condition 1').fill('bread');
    expect(await page.locator('.filter-text').innerText()).toBe('{"topic":{"$eq":"bread"}}');
    await page.getByRole('button', { name: 'Search', exact: true }).click();
    await expect
      .poll(async () => (await page.locator('#search .hits .id').allInnerTexts()).every((id) => id.startsWith('bread-')))
      .toBe(true);
    await page.getByLabel('also on the map').check();
    await expect.poll(() => page.locator('#map-status').innerText()).toMatch(/^100 entries that match/);

    await page.getByRole('button', { name: 'Vector' }).click();
    await page.locator('textarea.query').fill('[1, 2');
    await page.keyboard.press('Enter');
    expect(await page.locator('#search .status').innerText()).toContain('no JSON');
    await page.locator('textarea.query').fill('[1, 2]');
    await page.keyboard.press('Enter');
    expect(await page.locator('#search .status').innerText()).toContain('2 values, expected 64');
    await page.locator('textarea.query').fill(JSON.stringify(Array.from({ length: 64 }, (_, i) => Math.sin(i))));
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('#search .status').innerText()).toMatch(/10 hits/);
    await page.close();
  });

  test('what is hostile is text', async () => {
    const page = await open(address);
    await ready(page);
    await page.locator('#search input.query:visible').fill(hostile);
    await page.keyboard.press('Enter');
    await hits(page, '#search').first().waitFor();
    await page.getByRole('tab', { name: 'Browse' }).click();
    for (let more = 0; more < 10; more++) {
      const button = page.getByRole('button', { name: /^More/ });
      await page.waitForTimeout(50);
      if ((await button.count()) === 0) break;
      await button.click();
      await page.waitForTimeout(100);
    }
    const line = hits(page, '#rows').filter({ hasText: 'onerror' });
    expect(await line.count()).toBeGreaterThan(0);
    await line.first().click();
    await expect.poll(() => page.locator('.entry-name').innerText()).toBe(hostile);
    expect(await page.locator('#entry .metadata').innerText()).toContain(hostile);
    expect(await page.locator('img, script:not([src="main.js"])').count()).toBe(0);
    await page.locator('#search input.query:visible').fill('\u202egnp.exe');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('#search .status').innerText()).toMatch(/10 hits/);
    expect(await page.title()).toBe('db · ruvector studio');
    await page.close();
  });

  test('the state of the index, other collections, and both themes', async () => {
    const page = await open(address);
    await ready(page);
    expect(await page.locator('#health').innerText()).toMatch(/ENTRIES|Entries\s+302/);
    const before = await pixels(page);
    await page.emulateMedia({ colorScheme: 'dark' });
    await expect.poll(async () => (await pixels(page)).background).not.toBe(before.background);
    await page.emulateMedia({ colorScheme: 'light' });
    await page.locator('#theme').click();
    await page.locator('#theme').click();
    await expect.poll(async () => (await pixels(page)).background).toBe(0x14161a);
    await page.selectOption('#collection', 'second');
    await expect.poll(() => page.locator('#map-status').innerText()).toMatch(/^2 entries · the axes show 100 %/);
    await page.locator('#canvas canvas').last().focus();
    await page.keyboard.press('Enter');
    await hits(page, '#entry').first().waitFor();
    expect(await page.locator('#entry .figure').innerText()).toBe('5');
    await page.close();
  });

  test('on a phone nothing is wider than the page, and panels take turns', async () => {
    const page = await open(address, { width: 390, height: 844 });
    await ready(page);
    for (const tab of ['Search', 'Entry', 'Browse', 'Index']) {
      await page.getByRole('tab', { name: tab }).click();
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
      expect(await page.locator('[role=tabpanel]:visible').count()).toBe(1);
    }
    expect((await pixels(page)).drawn).toBeGreaterThan(800);
    await page.close();
  });

  test('the same over a file that is opened in the page', async () => {
    const [files, origin] = await startServer(join(root, 'examples/03_browser/serve.mjs'), '0');
    try {
      const page = await open(`${origin}dist/studio/page/index.html`);
      await page.locator('input[type=file]').setInputFiles(join(folder, 'db.rvf'));
      await ready(page);
      expect(await page.locator('#backend').innerText()).toBe('wasm-simd');
      expect(await page.locator('#map-status').innerText()).toMatch(/^302 entries/);
      await page.locator('#search input.query:visible').fill('cats-0');
      await page.keyboard.press('Enter');
      await hits(page, '#search').first().waitFor();
      // WebAssembly is what runs there: there is nothing to compare with.
      expect(await page.locator('.comparison').innerText()).toBe('');

      // And over one in IndexedDB, that an application of the same origin has made.
      // As text: a function would come with vitest's own import.
      await page.evaluate(`import('/dist/browser.js').then(async ({ VectorDB }) => {
        const db = await VectorDB.open({ dimensions: 3, storagePath: 'idb://pets' });
        await db.insertBatch(['cat', 'dog', 'lion', 'stone'].map((id, i) => ({ id, vector: [1, i, i * i], metadata: { alive: i < 3 } })));
        await db.close();
      })`);
      await page.goto(`${origin}dist/studio/page/index.html?database=idb://pets`);
      await ready(page);
      expect(await page.locator('#map-status').innerText()).toMatch(/^4 entries/);
      await page.locator('#search input.query:visible').fill('cat');
      await page.keyboard.press('Enter');
      await expect.poll(() => page.locator('#search .hits .id').allInnerTexts()).toEqual(['dog', 'lion', 'stone']);
      await page.close();
    } finally {
      files.kill();
    }
  });

  test('no error, no warning, nothing against the policy in all this', () => expect(problems).toEqual([]));
});
