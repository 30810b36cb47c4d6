// Serves the example pages, to this machine only: node examples/03_browser/serve.mjs [port]
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { readPassages } from './passages.mjs';

const root = new URL('../../', import.meta.url);
const page = '/examples/03_browser/index.html';
const served = /^\/(dist|wasm\/dist|examples\/0[34]_\w+)\/[\w-][\w./-]*$/;
const types = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};
const policy =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; style-src 'self'; img-src data:";

const server = createServer(async ({ url }, response) => {
  const { pathname } = new URL(url, 'http://localhost'); // resolves '..'
  if (pathname === '/') return response.writeHead(302, { location: page }).end();
  try {
    if (!served.test(pathname)) throw new Error('not served');
    const made = pathname === '/examples/03_browser/passages.json';
    const body = made ? JSON.stringify(readPassages()) : await readFile(new URL(`.${pathname}`, root));
    response.setHeader('content-type', types[extname(pathname)] ?? 'application/octet-stream');
    response.setHeader('service-worker-allowed', '/'); // the library's own worker is outside this folder
    response.setHeader('content-security-policy', policy).end(body);
  } catch (error) {
    response.writeHead(404).end(`not found: ${error.message}`);
  }
});
server.listen(Number(process.argv[2] ?? 8080), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/`));
