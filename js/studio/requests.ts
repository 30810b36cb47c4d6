// Requests of the page: read within bounds, checked, answered by a source.
import type { IncomingMessage } from 'node:http';
import { packMap } from './page/wire.js';
import type { MapPoints, MapQuery, Method, Source } from './source.js';

const mostBytes = 4 << 20;
const mostPoints = 100_000;
const mostHits = 1000;

/** An answer that is no answer, with its status. */
export class RequestError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export async function readBody(request: IncomingMessage): Promise<unknown> {
  if (request.headers['content-type'] !== 'application/json') throw new RequestError(415, 'expected application/json');
  const tooLarge = () => new RequestError(413, `the body is larger than ${mostBytes} bytes`);
  if (Number(request.headers['content-length'] ?? 0) > mostBytes) throw tooLarge();
  const body = await new Promise<Buffer>((resolve, reject) => {
    const pieces: Buffer[] = [];
    let bytes = 0;
    request.on('data', (piece: Buffer) => {
      bytes += piece.length;
      // Not destroyed: whoever sends it is to read why not.
      if (bytes > mostBytes) reject(tooLarge());
      else pieces.push(piece);
    });
    request.on('end', () => resolve(Buffer.concat(pieces)));
    request.on('error', reject);
  });
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new RequestError(400, 'the body is no JSON');
  }
}

type Ask = Readonly<Record<string, unknown>>;

function requireAsk(value: unknown, what = 'the request'): Ask {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Ask;
  throw new RequestError(400, `${what} is no object`);
}

function requireText(ask: Ask, key: string): void {
  if (typeof ask[key] !== 'string' || ask[key] === '') throw new RequestError(400, `${key} is no text`);
}

function requireMap(value: unknown): MapQuery {
  const map = requireAsk(value, 'map');
  requireText(map, 'collection');
  if (!Number.isInteger(map.limit) || (map.limit as number) < 1 || (map.limit as number) > mostPoints) {
    throw new RequestError(400, `limit is no whole number from 1 to ${mostPoints}`);
  }
  return map as unknown as MapQuery;
}

function requireSearch(ask: Ask): void {
  requireMap(ask.map);
  if (typeof ask.k === 'number' && ask.k > mostHits) throw new RequestError(400, `k is beyond ${mostHits}`);
  const by = requireAsk(ask.by, 'by');
  if (!Array.isArray(by.vector)) requireText(by, 'like' in by ? 'like' : 'text');
}

// What the database itself does not check, or would take too much of.
const checks: Record<Method, (ask: Ask) => void> = {
  info() {},
  refresh() {},
  stats: (ask) => requireText(ask, 'collection'),
  map: requireMap,
  fields: ({ map }) => void requireMap(map),
  column(ask) {
    requireMap(ask.map);
    requireText(ask, 'path');
  },
  row(ask) {
    requireMap(ask.map);
    requireText(ask, 'id');
  },
  rows: (ask) => requireText(ask, 'collection'),
  search: requireSearch,
  compare: requireSearch,
};

/** The bytes of a map, JSON of anything else. */
export async function answer(source: Source, method: Method, body: unknown, signal: AbortSignal): Promise<Uint8Array | string> {
  const ask = requireAsk(body);
  checks[method](ask);
  const call = source[method] as (ask: Ask, signal: AbortSignal) => Promise<unknown>;
  let value: unknown;
  try {
    value = await call.call(source, ask, signal);
  } catch (error) {
    throw new RequestError(400, (error as Error).message);
  }
  return method === 'map' ? packMap(value as MapPoints) : JSON.stringify(value);
}
