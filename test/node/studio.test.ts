// What `ruvector studio` is made of, without a browser: who is let in, what is answered, and the arithmetic of the page.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VectorDB } from 'ruvector';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DatabaseSource } from '../../js/studio/database_source.js';
import { FieldTable } from '../../js/studio/fields.js';
import { type Condition, toFilter } from '../../js/studio/page/filter.js';
import { PlaceGrid } from '../../js/studio/page/place_grid.js';
import { packMap, unpackMap } from '../../js/studio/page/wire.js';
import { SecondBackend } from '../../js/studio/second_backend.js';
import { type StudioServer, serveStudio } from '../../js/studio/server.js';
import type { Comparison, MapQuery, SearchAnswer } from '../../js/studio/source.js';
import { Random } from '../support/data.js';

const page = new URL('../../dist/studio/page/', import.meta.url);
const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const map: MapQuery = { collection: 'default', limit: 1000 };

async function makeDatabase(options: object = {}): Promise<VectorDB> {
  const db = await VectorDB.open({ dimensions: 4, ...options });
  await db.insertBatch(
    Array.from({ length: 100 }, (_, i) => ({
      id: `row ${i}`,
      vector: [Math.cos(i / 16), Math.sin(i / 16), 0.1, i % 2],
      metadata: { kind: i % 2 ? 'odd' : 'even', n: i, deep: { text: `entry number ${i}` } },
    })),
  );
  await db.collection('other', { dimensions: 2 }).insert({ id: 'x', vector: [1, 2] });
  return db;
}

interface Answer {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

let db: VectorDB;
let server: StudioServer;
let port: number;
let token: string;

/** As it is given: no path is made tidy on the way. */
function ask(path: string, options: { method?: string; headers?: OutgoingHttpHeaders; body?: string } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method: options.method ?? 'GET', headers: options.headers ?? {} }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (piece) => {
        body += piece;
      });
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
    });
    sent.on('error', reject);
    sent.end(options.body);
  });
}

const json = { 'content-type': 'application/json' };
const call = (method: string, body: unknown, headers: OutgoingHttpHeaders = {}) =>
  ask(`/${token}/api/${method}`, { method: 'POST', headers: { ...json, ...headers }, body: JSON.stringify(body) });

describe('the server', () => {
  beforeAll(async () => {
    db = await makeDatabase();
    server = await serveStudio(new DatabaseSource(db, 'a database', '1.2.3'), { port: 0, page });
    const address = new URL(server.address);
    port = Number(address.port);
    token = address.pathname.split('/')[1] as string;
  });
  afterAll(async () => {
    await server.close();
    await db.close();
  });

  test('listens here only, behind a secret of 24 random bytes', async () => {
    expect(server.address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}\/$/);
    const second = await serveStudio(new DatabaseSource(db, 'b', ''), { port: 0, page });
    expect(new URL(second.address).pathname).not.toBe(new URL(server.address).pathname);
    await second.close();
  });

  test('gives the page with a strict policy, and no right to others', async () => {
    const { status, headers, body } = await ask(`/${token}/`);
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(body).toContain('<!doctype html>');
    expect(body).not.toMatch(/<script(?! type="module" src=")|style=|\son\w+=|https?:/);
    const policy = headers['content-security-policy'] as string;
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' });
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    expect((await ask(`/${token}/main.js`)).headers['content-type']).toMatch(/^text\/javascript/);
    expect((await ask(`/${token}/style.css`, { method: 'HEAD' })).body).toBe('');
  });

  test.each([
    ['/', 403],
    ['/index.html', 403],
    ['/api/info', 403],
    ['/wrong/', 403],
    ['/TOKEN', 404],
    ['/TOKENx/', 403],
    ['/TOKE/', 403],
    ['/TOKEN/index.html', 404],
    ['/TOKEN/nothing.js', 404],
    ['/TOKEN/../TOKEN/', 404],
    ['/TOKEN/../../package.json', 404],
    ['/TOKEN/..%2f..%2fpackage.json', 404],
    ['/TOKEN/%2e%2e/server.js', 404],
    ['/TOKEN//main.js', 404],
    ['/TOKEN/api/', 404],
    ['/TOKEN/api/constructor', 404],
    ['/TOKEN/api/info', 405],
    ['/TOKEN/__proto__', 404],
  ])('%s: %i', async (path, status) => {
    const given = path.replaceAll('TOKEN', token).replace(/TOKE(?=\/)/, token.slice(0, -1));
    expect((await ask(given)).status).toBe(status);
  });

  test.each<[string, OutgoingHttpHeaders]>([
    ['a name that was made to point here', { host: 'evil.example' }],
    ['the right name with another port', { host: '127.0.0.1:1' }],
    ['no port', { host: '127.0.0.1' }],
    ['another page', { origin: 'http://evil.example' }],
    ['a page without an origin', { origin: 'null' }],
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['a page on another port of this machine', { 'sec-fetch-site': 'same-site' }],
  ])('refuses %s', async (_, headers) => {
    expect((await call('info', {}, headers)).status).toBe(403);
    expect((await ask(`/${token}/`, { headers })).status).toBe(403);
  });

  test('answers what the page asks from where it is', async () => {
    const own = { origin: `http://127.0.0.1:${port}`, 'sec-fetch-site': 'same-origin' };
    const { status, body } = await call('info', {}, own);
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({
      name: 'a database',
      version: '1.2.3',
      collections: [{ name: 'default', count: 100 }, { name: 'other' }],
    });
    const local = await call('info', {}, { host: `localhost:${port}` });
    expect(local.status).toBe(200);
    const fields = JSON.parse((await call('fields', { map })).body);
    expect(fields).toEqual([
      { path: 'kind', kind: 'text', present: 100, distinct: 2, length: 3.5 },
      { path: 'n', kind: 'number', present: 100, distinct: 100, length: 0 },
      { path: 'deep.text', kind: 'text', present: 100, distinct: 100, length: expect.closeTo(14.9, 2) },
    ]);
    const found: SearchAnswer = JSON.parse((await call('search', { map, by: { like: 'row 3' }, k: 4, filter: { kind: 'odd' } })).body);
    const hits = await db.search({ like: 'row 3', k: 4, filter: { kind: 'odd' } });
    expect(found.hits.map(({ id }) => id)).toEqual(hits.map(({ id }) => id));
    expect(found.milliseconds).toBeGreaterThan(0);
  });

  test('puts an entry, a hit and a query where the map has the point', async () => {
    const source = new DatabaseSource(db, '', '');
    const points = await source.map(map);
    const at = points.ids.indexOf('row 7');
    const place = { x: expect.closeTo(points.x[at] as number, 5), y: expect.closeTo(points.y[at] as number, 5) };
    expect((await source.row({ map, id: 'row 7' }))?.place).toEqual(place);
    const vector = Array.from((await db.get('row 7'))?.vector as Float32Array, (x) => 3 * x);
    const { hits, place: own } = await source.search({ map, by: { vector }, k: 1 });
    expect([hits[0]?.id, hits[0]?.place, own]).toEqual(['row 7', place, place]);
    expect(await source.row({ map, id: 'nobody' })).toBeNull();
  });

  test.each<[string, unknown, RegExp]>([
    ['map', { collection: 'default', limit: 1e9 }, /limit is no whole number/],
    ['map', { collection: 'nothing', limit: 10 }, /nothing/],
    ['map', [], /no object/],
    ['row', { map, id: 7 }, /id is no text/],
    ['row', { map: null, id: 'x' }, /map is no object/],
    ['column', { map, path: 'colour' }, /no entry of the map has a field "colour"/],
    ['search', { map, by: { like: 'nobody' }, k: 3 }, /no entry "nobody"/],
    ['search', { map, by: { vector: [1, 2] }, k: 3 }, /2 values, expected 4/],
    ['search', { map, by: { vector: [1, 2, 3, 4] }, k: 100_000 }, /k is beyond/],
    ['search', { map, by: { text: '?!' }, k: 3 }, /expected a letter or digit/],
    ['search', { map, by: { vector: [1, 2, 3, 4] }, k: 3, filter: { $no: 1 } }, /\$no/],
    ['search', { map, by: {}, k: 3 }, /text is no text/],
    ['compare', { map, by: {}, k: 3 }, /text is no text/],
    ['compare', { map, by: { like: 'row 3' }, k: 100_000 }, /k is beyond/],
    ['compare', { map, by: { like: 'row 3' }, k: 3 }, /no other backend here/],
  ])('%s of %j is refused, and why is told', async (method, body, message) => {
    const answer = await call(method, body);
    expect([answer.status, JSON.parse(answer.body).message]).toEqual([400, expect.stringMatching(message)]);
  });

  test('an answer that takes too long is given up', async () => {
    class Slow extends DatabaseSource {
      override stats() {
        return new Promise<never>(() => {});
      }
    }
    const slow = await serveStudio(new Slow(db, '', ''), { port: 0, page, timeoutMs: 100 });
    const answer = await fetch(`${slow.address}api/stats`, { method: 'POST', headers: json, body: '{"collection":"default"}' });
    expect([answer.status, await answer.json()]).toEqual([504, { message: 'no answer within 100 ms' }]);
    expect((await fetch(`${slow.address}api/info`, { method: 'POST', headers: json, body: '{}' })).status).toBe(200);
    await slow.close();
  });

  test('bodies that are too large, no JSON, or of another type', async () => {
    const large = await call('search', { text: 'x'.repeat(5 << 20) }).catch((error: Error) => error);
    if (!(large instanceof Error)) expect(large.status).toBe(413);
    // Without saying how long it will be.
    const status = await new Promise<string>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.write(
          `POST /${token}/api/info HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`,
        );
        const piece = `${(1 << 20).toString(16)}\r\n${' '.repeat(1 << 20)}\r\n`;
        for (let i = 0; i < 6; i++) socket.write(piece);
      });
      let got = '';
      socket.on('data', (data) => {
        got += data;
        if (got.includes('\r\n')) {
          resolve(got.slice(0, got.indexOf('\r\n')));
          socket.destroy();
        }
      });
      socket.on('error', (error) => (got === '' ? reject(error) : undefined));
    });
    expect(status).toContain('413');
    const path = `/${token}/api/info`;
    expect((await ask(path, { method: 'POST', headers: json, body: '{' })).status).toBe(400);
    expect((await ask(path, { method: 'POST', headers: { 'content-type': 'text/plain' }, body: '{}' })).status).toBe(415);
    expect((await ask(path, { method: 'PUT', headers: json, body: '{}' })).status).toBe(405);
    expect((await call('info', {})).status).toBe(200);
  });
});

describe('the same search on two backends', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ruvector-studio-'));
  const path = join(folder, 'db');
  let opened = 0;
  const under = (storagePath: string) =>
    new SecondBackend(() => {
      opened++;
      return VectorDB.open({ storagePath, readOnly: true, backend: 'wasm' });
    });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('is timed on both, over the files as they are; the second is opened when asked for, and once', async () => {
    await (await makeDatabase({ storagePath: path })).close();
    const native = await VectorDB.open({ storagePath: path, readOnly: true });
    const second = under(path);
    const source = new DatabaseSource(native, '', '', second);
    const info = await source.info();
    expect(info.comparable).toBe(true);
    await source.search({ map, by: { like: 'row 3' }, k: 4 });
    expect(opened).toBe(0);
    for (const request of [
      { map, by: { like: 'row 3' }, k: 4, filter: { kind: 'odd' } },
      { map, by: { vector: [1, 0, 0, 0] }, k: 7, exact: true },
      { map: { ...map, collection: 'other' }, by: { text: 'word' }, k: 3 },
    ]) {
      const { times, hits, common, memory } = await source.compare(request);
      expect(times.map(({ backend }) => backend.replace(/ .*/, ''))).toEqual(['native', expect.stringMatching(/^wasm-/)]);
      for (const { milliseconds, runs } of times) {
        expect(milliseconds).toBeGreaterThan(0);
        expect(runs).toBeGreaterThan(0);
        expect(runs * milliseconds).toBeLessThan(60_000);
      }
      const { hits: found } = await source.search(request);
      expect([hits, common]).toEqual([found.length, found.length]);
      expect(memory).toBeGreaterThan(0);
    }
    expect(opened).toBe(1);
    await expect(source.compare({ map, by: { like: 'nobody' }, k: 4 })).rejects.toThrow('no entry "nobody"');
    await expect(source.compare({ map, by: { like: 'row 3' }, k: 4 }, AbortSignal.abort())).rejects.toThrow();
    await second.close();
    await native.close();
  });

  test('is refused where one shows what the other does not, until both are refreshed', async () => {
    const writer = await VectorDB.open({ storagePath: path });
    const native = await VectorDB.open({ storagePath: path, readOnly: true });
    const second = under(path);
    const source = new DatabaseSource(native, '', '', second);
    const request = { map, by: { like: 'row 3' }, k: 4 };
    await writer.insert({ id: 'new', vector: [1, 2, 3, 4] });
    await expect(source.compare(request)).rejects.toThrow('written to since it was opened here: refresh');
    expect(await source.refresh()).toEqual({ changed: true });
    expect((await source.compare(request)).common).toBe(4);
    await second.close();
    await native.close();
    await writer.close();
  });

  test('an opening that fails says why, and is tried again', async () => {
    const native = await makeDatabase();
    const second = under(join(folder, 'nothing'));
    const source = new DatabaseSource(native, '', '', second);
    for (let i = 0; i < 2; i++)
      await expect(source.compare({ map, by: { like: 'row 3' }, k: 4 })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await second.close();
    await native.close();
  });
});

describe('the command', () => {
  let child: ChildProcess | undefined;
  const folder = mkdtempSync(join(tmpdir(), 'ruvector-studio-'));
  afterAll(() => {
    child?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  test('serves beside a writer, shows what it writes once asked to, and ends at SIGINT', async () => {
    const writer = await makeDatabase({ storagePath: join(folder, 'db') });
    child = spawn(process.execPath, [cli, 'studio', join(folder, 'db')]);
    const { stdout } = child;
    const address = await new Promise<string>((resolve) => stdout?.once('data', (line) => resolve(String(line).trim())));
    const post = async (method: string, body: object = {}) =>
      (await fetch(`${address}api/${method}`, { method: 'POST', headers: json, body: JSON.stringify(body) })).json();
    expect((await post('info')).collections[0]).toMatchObject({ count: 100 });
    await writer.insert({ id: 'new', vector: [1, 2, 3, 4] });
    expect((await post('info')).collections[0].count).toBe(100);
    expect(await post('refresh')).toEqual({ changed: true });
    expect((await post('info')).collections[0].count).toBe(101);
    const { times, common }: Comparison = await post('compare', { map, by: { like: 'new' }, k: 5 });
    expect([times.map(({ backend }) => backend.slice(0, 4)), common]).toEqual([['nati', 'wasm'], 5]);
    const ended = new Promise((resolve) => child?.once('exit', (code, signal) => resolve([code, signal])));
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
    await expect(fetch(address)).rejects.toThrow();
    await writer.close();
  });
});

describe('the page', () => {
  test('a map goes over the wire as it is', () => {
    for (const ids of [[], ['a'], ['ä', '<b>', '漢', '']]) {
      const x = Float32Array.from(ids, (_, i) => i / 3);
      const points = { ids, x, y: x.map((at) => -at), explained: [0.5, 0.25] as const, total: 9, milliseconds: 1 };
      const bytes = packMap(points);
      expect(unpackMap(bytes.slice().buffer)).toEqual(points);
    }
  });

  const filterOf = (...conditions: [string, Condition['operator'], string][]) =>
    toFilter(conditions.map(([field, operator, value]) => ({ field, operator, value })));
  test.each([
    [filterOf(), null],
    [filterOf(['', '$eq', 'x']), null],
    [filterOf(['a', '$eq', '']), null],
    [filterOf(['a', '$eq', '3']), { a: { $eq: 3 } }],
    [filterOf(['a', '$eq', '"3"']), { a: { $eq: '3' } }],
    [filterOf(['a.b', '$ne', 'true']), { 'a.b': { $ne: true } }],
    [filterOf(['a', '$in', 'x, 2, y z']), { a: { $in: ['x', 2, 'y z'] } }],
    [filterOf(['a', '$nin', '["x, y"]']), { a: { $nin: ['x, y'] } }],
    [filterOf(['a', '$between', '1, 2']), { a: { $between: [1, 2] } }],
    [filterOf(['a', '$exists', 'no']), { a: { $exists: false } }],
    [filterOf(['a', '$exists', '']), { a: { $exists: true } }],
    [filterOf(['a', '$gte', '1'], ['a', '$lt', '5']), { $and: [{ a: { $gte: 1 } }, { a: { $lt: 5 } }] }],
  ])('conditions make the filter %#', (found, expected) => expect(found).toEqual(expected));
  test('between needs two values', () => expect(() => filterOf(['a', '$between', '1'])).toThrow(/two values/));

  test('the nearest point is the nearest, in clouds, on lines and alone', () => {
    const random = new Random(3);
    const clouds = [1, 2, 500, 3000].map((n) => [n, () => random.normal(), () => 1e6 * random.normal()] as const);
    const shapes = [...clouds, [700, () => random.normal(), () => 0] as const, [50, () => 3, () => 4] as const];
    for (const [n, nextX, nextY] of shapes) {
      const x = Float32Array.from({ length: n }, nextX);
      const y = Float32Array.from({ length: n }, nextY);
      const grid = new PlaceGrid(x, y);
      for (let asked = 0; asked < 50; asked++) {
        const [atX, atY] = [nextX(), nextY()];
        const distances = Array.from(x, (px, i) => Math.hypot(px - atX, (y[i] as number) - atY));
        const least = Math.min(...distances);
        const found = grid.nearest(atX, atY, least * 1.01 + 1e-9);
        expect(distances[found]).toBe(least);
        if (least > 0) expect(grid.nearest(atX, atY, least * 0.99)).toBe(-1);
      }
    }
    expect(new PlaceGrid(new Float32Array(0), new Float32Array(0)).nearest(0, 0, 10)).toBe(-1);
  });

  test('columns: numbers, the most frequent labels, and what is missing', () => {
    const table = new FieldTable(30);
    for (let i = 0; i < 30; i++) {
      table.add(i, { n: i / 2, label: `l${i % 15}`, ...(i < 10 ? { flag: i < 5, tags: ['a', i] } : {}), both: i % 2 ? i : 'text' });
    }
    expect(table.column('n')).toMatchObject({ kind: 'numbers', least: 0, most: 14.5 });
    const label = table.column('label');
    expect(label).toMatchObject({ kind: 'categories', others: 4, counts: Array(11).fill(2) });
    expect(label?.kind === 'categories' && label.codes.filter((code) => code === -2).length).toBe(8);
    expect(table.column('flag')).toMatchObject({ labels: ['false', 'true'], counts: [5, 5] });
    expect(table.column('flag')).toMatchObject({ codes: [...Array(5).fill(1), ...Array(5).fill(0), ...Array(20).fill(-1)] });
    expect(table.column('tags')).toMatchObject({ kind: 'categories', labels: expect.arrayContaining(['a, 3']) });
    expect(table.list().map(({ path, kind }) => `${path} ${kind}`)).toEqual([
      'n number',
      'label text',
      'flag boolean',
      'tags text',
      'both mixed',
    ]);
    expect(table.column('nothing')).toBeUndefined();
  });
});
