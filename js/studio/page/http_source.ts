// Asks the server that brought the page.
import type { MapPoints, Method, Source } from '../source.js';
import { unpackMap } from './wire.js';

async function ask(method: Method, body: unknown, signal?: AbortSignal): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  let response: Response;
  try {
    response = await fetch(`api/${method}`, { method: 'POST', headers, body: JSON.stringify(body), ...(signal ? { signal } : {}) });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Error('the server does not answer: has ruvector studio been ended?');
  }
  if (response.ok) return response;
  const { message } = (await response.json().catch(() => ({ message: `status ${response.status}` }))) as { message: string };
  throw new Error(message);
}

const json =
  (method: Method) =>
  async (body: unknown, signal?: AbortSignal): Promise<never> =>
    (await (await ask(method, body, signal)).json()) as never;

export const httpSource: Source = {
  info: json('info'),
  refresh: json('refresh'),
  stats: json('stats'),
  fields: json('fields'),
  column: json('column'),
  row: json('row'),
  rows: json('rows'),
  search: json('search'),
  compare: json('compare'),
  async map(query, signal): Promise<MapPoints> {
    const start = performance.now();
    const points = unpackMap(await (await ask('map', query, signal)).arrayBuffer());
    return { ...points, milliseconds: performance.now() - start };
  },
};
