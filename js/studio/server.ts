// The page and its questions over HTTP, on this machine only. Everything lies behind a secret first part of the path.
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { fromOurPage, newToken, pageHeaders, sameToken } from './guard.js';
import { answer, RequestError, readBody } from './requests.js';
import { type Method, methods, type Source } from './source.js';

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
};

export interface StudioServer {
  /** With its secret. */
  readonly address: string;
  close(): Promise<void>;
}

export interface ServerOptions {
  /** 0: any that is free. */
  readonly port: number;
  /** Where the page's files are. */
  readonly page?: URL;
  /** Longest that an answer may take. */
  readonly timeoutMs?: number;
}

interface Asset {
  readonly type: string;
  readonly bytes: Buffer;
}

/** The page's files by their names: no request ever becomes a path. */
function readAssets(folder: URL): Map<string, Asset> {
  const assets = new Map<string, Asset>();
  for (const name of readdirSync(folder)) {
    const type = types[extname(name)];
    if (type !== undefined) assets.set(name === 'index.html' ? '' : name, { type, bytes: readFileSync(new URL(name, folder)) });
  }
  return assets;
}

export async function serveStudio(source: Source, options: ServerOptions): Promise<StudioServer> {
  const { port, page = new URL('./page/', import.meta.url), timeoutMs = 120_000 } = options;
  const assets = readAssets(page);
  const token = newToken();
  let bound = port;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!fromOurPage(request, bound)) throw new RequestError(403, 'not from here');
    const [path = ''] = (request.url ?? '').split('?', 1);
    const [, given = '', ...rest] = path.split('/');
    if (!sameToken(given, token)) throw new RequestError(403, 'open the address that ruvector studio printed');
    const name = rest.join('/');
    const asset = rest.length > 0 ? assets.get(name) : undefined;
    const method = methods.find((known) => name === `api/${known}`);
    if (asset && (request.method === 'GET' || request.method === 'HEAD')) {
      response.writeHead(200, { 'content-type': asset.type, 'content-length': asset.bytes.length });
      response.end(request.method === 'HEAD' ? undefined : asset.bytes);
    } else if (method !== undefined && request.method === 'POST') {
      await reply(request, response, method);
    } else if (asset || method !== undefined) {
      throw new RequestError(405, 'not that way');
    } else {
      throw new RequestError(404, 'not found');
    }
  }

  async function reply(request: IncomingMessage, response: ServerResponse, method: Method): Promise<void> {
    const body = await readBody(request);
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const signal = AbortSignal.any([gone.signal, AbortSignal.timeout(timeoutMs)]);
    const late = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(new RequestError(504, `no answer within ${timeoutMs} ms`)), { once: true });
    });
    // What cannot be ended goes on, but nobody waits for it.
    const value = await Promise.race([answer(source, method, body, signal), late]);
    const type = typeof value === 'string' ? 'application/json' : 'application/octet-stream';
    response.writeHead(200, { 'content-type': type }).end(value);
  }

  const server = createServer({ headersTimeout: 10_000, requestTimeout: 20_000, maxHeaderSize: 16_384 }, (request, response) => {
    for (const [name, value] of Object.entries(pageHeaders)) response.setHeader(name, value);
    handle(request, response).catch((error: unknown) => {
      if (response.headersSent) return void response.destroy();
      const known = error instanceof RequestError;
      response.writeHead(known ? error.status : 500, { 'content-type': 'application/json', connection: 'close' });
      response.end(JSON.stringify({ message: known ? error.message : 'the server failed' }));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  bound = (server.address() as AddressInfo).port;
  return {
    address: `http://127.0.0.1:${bound}/${token}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
