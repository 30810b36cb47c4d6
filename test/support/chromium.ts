// The built package, served on loopback under a strict policy, in headless Chromium with a profile of its own.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

const root = new URL('../../', import.meta.url);
export const executablePath =
  process.env.RUVECTOR_CHROMIUM ??
  ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path));
if (!executablePath) console.warn('SKIPPED: no Chromium (RUVECTOR_CHROMIUM says where it is); install it with .ci/setup');

const types: Record<string, string> = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.html': 'text/html' };
const served = /^\/(dist|wasm\/dist|test\/browser)\/[\w./-]+$/;

export interface PackageServer {
  readonly origin: string;
  close(): void;
}

/**
 * WebAssembly goes out as octets on purpose: many servers know no better. `isolated`: the page may share memory with its workers.
 * `more`: a folder served as /more/.
 */
export async function servePackage({ isolated = false, more = '' } = {}): Promise<PackageServer> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    response.setHeader('content-security-policy', "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'");
    if (isolated) {
      response.setHeader('cross-origin-opener-policy', 'same-origin');
      response.setHeader('cross-origin-embedder-policy', 'require-corp');
    }
    if (path === '/') {
      response.setHeader('content-type', 'text/html').end('<!doctype html><title>ruvector</title>');
    } else if (more !== '' && /^\/more\/[\w.-]+$/.test(path) && existsSync(join(more, path.slice(6)))) {
      response.setHeader('content-type', types[extname(path)] ?? 'application/octet-stream').end(readFileSync(join(more, path.slice(6))));
    } else if (served.test(path) && !path.includes('..') && existsSync(new URL(`.${path}`, root))) {
      response.setHeader('content-type', types[extname(path)] ?? 'application/octet-stream').end(readFileSync(new URL(`.${path}`, root)));
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

export function newProfile(): string {
  return mkdtempSync(join(tmpdir(), 'ruvector-chromium-'));
}
export function removeProfile(profile: string): void {
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
}

const quiet = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-sync',
  '--disable-dev-shm-usage',
  '--no-first-run',
];

export function launch(profile: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(profile, { executablePath: executablePath as string, headless: true, args: quiet });
}

/** A browser that can be killed: all of its processes, as by a power button. */
export async function launchToKill(profile: string): Promise<{ context: BrowserContext; kill(): Promise<void> }> {
  const browser = spawn(
    executablePath as string,
    [...quiet, '--headless', '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'],
    { detached: true, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const ended = new Promise<void>((resolve) => browser.once('exit', () => resolve()));
  const address = await new Promise<string>((resolve, reject) => {
    let told = '';
    browser.stderr.on('data', (text) => {
      told += text;
      const found = /ws:\/\/\S+/.exec(told);
      if (found) resolve(found[0]);
    });
    browser.once('exit', () => reject(new Error(`Chromium ended at once: ${told}`)));
  });
  const [context] = (await chromium.connectOverCDP(address)).contexts();
  return {
    context: context as BrowserContext,
    async kill() {
      process.kill(-(browser.pid as number), 'SIGKILL');
      await ended;
    },
  };
}

/** A page of `origin` whose errors are in `problems`, with the package as `window.ruvector`. */
export async function openPage(context: BrowserContext, origin: string): Promise<Page & { problems: string[] }> {
  const page = (await context.newPage()) as Page & { problems: string[] };
  page.problems = [];
  page.on('pageerror', (error) => page.problems.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('404')) page.problems.push(message.text());
  });
  await page.goto(origin);
  await loadPackage(page);
  return page;
}

/** As window.ruvector; once more after a reload. */
export async function loadPackage(page: Page): Promise<void> {
  await page.evaluate("import('/dist/browser.js').then((ruvector) => { window.ruvector = ruvector; })");
}

/** Runs the text of an async function's body on the page. */
export function run<T = unknown>(page: Page, body: string): Promise<T> {
  return page.evaluate(`(async () => { const { VectorDB } = window.ruvector; ${body} })()`) as Promise<T>;
}

/** The same of one that is to throw a RuvectorError: its code, and its message. */
export function refusal(page: Page, body: string): Promise<{ code: string; message: string }> {
  return run(
    page,
    `try { ${body} } catch (error) {
       if (error instanceof window.ruvector.RuvectorError) return { code: error.code, message: error.message };
       throw error;
     }
     return { code: 'none', message: 'nothing was thrown' };`,
  );
}
