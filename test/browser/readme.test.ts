// The page that README.md shows, in Chromium.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { executablePath, launch, newProfile, removeProfile } from '../support/chromium.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const [, html] = /```html\n([\s\S]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? [];
const types: Record<string, string> = { '.js': 'text/javascript', '.mjs': 'text/javascript' };

test.skipIf(!executablePath)('counts its visits', async () => {
  const server = createServer(({ url }, response) => {
    const [, file] = /^\/node_modules\/ruvector\/((?:dist|wasm\/dist)\/[\w./-]+)$/.exec(url ?? '') ?? [];
    if (url === '/') response.setHeader('content-type', 'text/html').end(html);
    else if (file === undefined || file.includes('..')) response.writeHead(404).end();
    else response.setHeader('content-type', types[extname(file)] ?? 'application/octet-stream').end(readFileSync(join(root, file)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const profile = newProfile();
  const context = await launch(profile);
  try {
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await expect.poll(() => page.textContent('body')).toMatch(/^1 visits, visit 0 is closest, by wasm-simd$/);
    await page.reload();
    await expect.poll(() => page.textContent('body')).toMatch(/^2 visits, visit [01] is closest, by wasm-simd$/);
  } finally {
    await context.close();
    server.closeAllConnections();
    server.close();
    removeProfile(profile);
  }
});
