// Loopback, for bench/bounds/browser.mjs: the package, the page's script, and a set of data as /data/.
import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';

const types = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm' };
const served = /^\/(dist|wasm\/dist|bench\/browser)\/[\w./-]+$/;

export async function servePage(root, data) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const file = pathname.startsWith('/data/') ? join(data, pathname.slice(6)) : served.test(pathname) ? join(root, pathname) : null;
    if (pathname === '/') response.setHeader('content-type', 'text/html').end('<!doctype html><title>ruvector</title>');
    else if (file === null || pathname.includes('..') || !existsSync(file)) response.writeHead(404).end();
    else createReadStream(file).pipe(response.setHeader('content-type', types[extname(pathname)] ?? 'application/octet-stream'));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}
