// The packed package, installed, bundled and loaded in Chromium: by each bundler as its users would, and without one.
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BrowserContext } from 'playwright-core';
import { createServer } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installBundlers } from '../bundlers/install.js';
import { executablePath, launch, newProfile, removeProfile } from '../support/chromium.js';
import { installPacked } from '../support/packed.js';
import { serve } from '../support/static_server.js';

const programs = fileURLToPath(new URL('../bundlers/', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'ruvector-bundlers-'));

const profile = newProfile();
let browser: BrowserContext;

/** A folder with the test programs and the package. */
function project(name: string): string {
  const folder = join(work, name.replace(/\W+/g, '-'));
  mkdirSync(folder);
  for (const file of readdirSync(programs).filter((file) => file.endsWith('.js'))) copyFileSync(join(programs, file), join(folder, file));
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  cpSync(join(work, 'installed/node_modules'), join(folder, 'node_modules'), { recursive: true });
  return folder;
}

interface Loaded {
  readonly results: unknown;
  /** How many WebAssembly files were asked for. */
  readonly fetched: number;
}

async function load(address: string, simd: boolean): Promise<Loaded> {
  const page = await browser.newPage();
  const problems: string[] = [];
  const fetched = new Set<string>();
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.location().url.endsWith('/favicon.ico')) problems.push(message.text());
  });
  page.on('request', (request) => {
    if (request.url().endsWith('.wasm')) fetched.add(request.url());
  });
  if (!simd) await page.addInitScript('WebAssembly.validate = () => false');
  try {
    await page.goto(address);
    // Text, as a function would come with vitest's own imports.
    await page.waitForFunction('globalThis.result !== undefined', undefined, { timeout: 20_000 }).catch((error) => {
      throw new Error(`${error}\n${problems.join('\n')}`);
    });
    const results = await page.evaluate('globalThis.result');
    expect(problems).toEqual([]);
    return { results, fetched: fetched.size };
  } finally {
    await page.close();
  }
}

const found = (variant: string) => ({
  backend: `wasm-${variant}`,
  hits: ['east', 'northeast', 'north'],
  cold: ['northeast', 'north'],
  error: 'DIMENSION_MISMATCH',
});

describe.skipIf(!executablePath)('in Chromium', () => {
  beforeAll(async () => {
    installBundlers();
    installPacked(join(work, 'installed'));
    browser = await launch(profile);
  }, 600_000);

  afterAll(async () => {
    await browser?.close();
    removeProfile(profile);
    rmSync(work, { recursive: true, force: true });
  });

  describe.each([
    { bundler: 'vite', programWorker: true, files: true },
    { bundler: 'webpack', programWorker: true, files: true },
    { bundler: 'esbuild', programWorker: false, files: true },
    { bundler: 'rollup', programWorker: false, files: true },
    { bundler: 'esbuild, inline', programWorker: false, files: false },
    { bundler: 'rollup, inline', programWorker: false, files: false },
  ])('$bundler', ({ bundler, programWorker, files }) => {
    let folder: string;
    beforeAll(() => {
      folder = project(bundler);
      execFileSync(process.execPath, [join(programs, 'build.mjs'), bundler, folder], { stdio: ['ignore', 'ignore', 'inherit'] });
    });
    const results = (variant: string) => [...(files ? [found('simd')] : []), found(variant), ...(programWorker ? [found('simd')] : [])];

    test('searches, and loads no WebAssembly but what it needs', async () => {
      await using server = await serve(join(folder, 'out'));
      expect(await load(server.origin, true)).toEqual({ results: results('simd'), fetched: files ? 1 : 0 });
    });

    test('does so where there is no SIMD', async () => {
      await using server = await serve(join(folder, 'out'));
      // The page is made to lack it; workers find out by themselves.
      expect(await load(server.origin, false)).toEqual({ results: results('scalar'), fetched: files ? 2 : 0 });
    });
  });

  test("Vite's development server, without configuration", async () => {
    const folder = project('vite-dev');
    writeFileSync(join(folder, 'index.html'), '<!doctype html><script type="module" src="/app.js"></script>');
    const server = await createServer({ root: folder, configFile: false, logLevel: 'silent', server: { host: '127.0.0.1', port: 0 } });
    try {
      await server.listen();
      const { results } = await load(server.resolvedUrls?.local[0] as string, true);
      expect(results).toEqual([found('simd'), found('simd'), found('simd')]);
    } finally {
      await server.close();
    }
  });

  describe('without a bundler', () => {
    let folder: string;
    beforeAll(() => {
      folder = project('plain');
      const page = (name: string, head: string) =>
        writeFileSync(join(folder, `${name}.html`), `<!doctype html><title>ruvector</title>${head}`);
      for (const [name, program, from] of [
        ['esm', 'page.js', 'ruvector'],
        ['esm-inline', 'inline.js', 'ruvector/inline'],
      ] as const) {
        const entry = from === 'ruvector' ? 'browser.js' : 'inline.js';
        const text = readFileSync(join(programs, program), 'utf8');
        writeFileSync(join(folder, `${name}.js`), text.replace(`'${from}'`, `'/node_modules/ruvector/dist/${entry}'`));
        page(name, `<script type="module" src="/${name}.js"></script>`);
      }
      // Four files in a folder of any name are all that a page needs.
      mkdirSync(join(folder, 'vendor'));
      for (const file of ['ruvector.iife.js', 'ruvector.worker.js', 'ruvector-simd.wasm', 'ruvector-scalar.wasm'])
        symlinkSync(join(folder, 'node_modules/ruvector/wasm/dist', file), join(folder, 'vendor', file));
      page('script', '<script src="vendor/ruvector.iife.js"></script><script type="module" src="script.js"></script>');
    });

    test.each([
      ['ES modules', 'esm', true],
      ['ES modules, inline', 'esm-inline', false],
      ['one <script>', 'script', true],
    ])('%s, under a strict policy', async (_, name, files) => {
      await using server = await serve(folder);
      for (const variant of ['simd', 'scalar']) {
        expect(await load(`${server.origin}/${name}.html`, variant === 'simd')).toEqual({
          results: [...(files ? [found('simd')] : []), found(variant)],
          fetched: files ? (variant === 'simd' ? 1 : 2) : 0,
        });
      }
    });
  });
});
