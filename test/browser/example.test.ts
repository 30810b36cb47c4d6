// The example page, served by its own server, in headless Chromium.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { expect, test } from 'vitest';

const executablePath =
  process.env.RUVECTOR_CHROMIUM ??
  ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path));

test.skipIf(!executablePath)('searches as one types, filters by topic, takes any text', async () => {
  const profile = mkdtempSync(join(tmpdir(), 'ruvector-chromium-'));
  const server = spawn(process.execPath, [fileURLToPath(new URL('../../examples/03_browser/serve.mjs', import.meta.url)), '0']);
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: executablePath as string,
    headless: true,
    args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-dev-shm-usage', '--no-first-run'],
  });
  try {
    const address = await new Promise<string>((resolve) => server.stdout.once('data', (line) => resolve(String(line).trim())));
    const page = await context.newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    await page.goto(address);
    const hits = page.locator('#hits li');
    await hits.first().waitFor();
    await page.fill('#query', 'sleeping cats');
    await expect.poll(() => hits.first().innerText()).toContain('Cats sleep');
    await page.getByRole('button', { name: 'plants' }).click();
    await expect.poll(() => hits.first().innerText()).toContain('Seeds can sleep');
    expect(await hits.locator('em').allInnerTexts()).toEqual(Array(8).fill('plants'));
    await page.fill('#query', '?!');
    expect(await page.locator('#status').innerText()).toMatch(/type a word · wasm-simd · \d+ × \d+, indexed in/);
    await page.fill('#query', '<img src=x onerror=alert(1)>');
    await expect.poll(() => hits.count()).toBe(8);
    await page.reload();
    await hits.first().waitFor();
    expect(await page.locator('#status').innerText()).toContain('kept from the last visit');
    expect((await fetch(`${address}examples/03_browser/../../package.json`)).status).toBe(404);
    expect(problems).toEqual([]);
  } finally {
    await context.close();
    server.kill();
    rmSync(profile, { recursive: true, force: true });
  }
});
