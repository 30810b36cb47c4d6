// Serves this example: node examples/03_browser/serve.mjs [port]
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';

const root = new URL('../../', import.meta.url);
const page = '/examples/03_browser/index.html';
const served = /^\/(dist|wasm\/dist|examples\/03_browser)\/[\w-][\w./-]*$/;
const types = {
  '.html': 'text/html',
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};

const server = createServer(async ({ url }, response) => {
  const { pathname } = new URL(url, 'http://localhost'); // resolves '..'
  if (pathname === '/') return response.writeHead(302, { location: page }).end();
  try {
    if (!served.test(pathname)) throw new Error('not served');
    const body = await readFile(new URL(`.${pathname}`, root));
    response.setHeader('content-type', types[extname(pathname)] ?? 'application/octet-stream');
    response.setHeader('content-security-policy', "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src data:").end(body);
  } catch {
    response.writeHead(404).end('not found');
  }
});
server.listen(Number(process.argv[2] ?? 8080), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/`));
