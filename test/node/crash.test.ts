// kill -9 at any moment, in every phase: nothing acknowledged is lost, no call is there in part, it always opens.
import { spawn } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Collection, type DbOptions, VectorDB } from 'ruvector';
import { expect, it } from 'vitest';
import { Random } from '../support/data.js';
import { register, tempPath } from '../support/env.js';

const child = fileURLToPath(new URL('crash_child.mjs', import.meta.url));
const rounds = process.env.RUVECTOR_SOAK ? 500 : 40;

/** Each has its turn: the child is killed up to 30 ms after it announced the phase, a merge up to 60, so that some are finished. */
const phases = [
  'create',
  'insert',
  'insertBatch',
  'deleteBatch',
  'firstFlush',
  'updateMetadata',
  'importAll',
  'transaction',
  'createCollection',
  'merging',
  'dropCollection',
  'flush',
  'compact',
  'snapshot',
  'verify',
  'close',
  'open',
  'recover',
] as const;
type Phase = (typeof phases)[number];
/** These begin in a new folder. */
const onNew: readonly Phase[] = ['create', 'firstFlush'];

interface Part {
  at: string;
  rows?: [string, number][];
  /** The first number, and how many rows. */
  run?: [number, number];
  ids?: string[];
  /** Of a run of rows, those are deleted whose place is no multiple of the first. */
  everyBut?: [number, number];
  metadata?: [string, number];
  made?: boolean;
  dropped?: boolean;
}
interface Said {
  what: 'try' | 'ack' | 'merged' | 'damaged';
  id: number;
  op: Phase;
  parts: Part[];
  /** Makes everything that was acknowledged before it began durable, whatever the durability. */
  durable?: boolean;
  /** A snapshot's path. */
  to?: string;
}
/** What a row must be: the number its vector was made from, and the metadata's. By "collection/id"; "collection/" stands for the collection. */
type Model = ReadonlyMap<string, { vector: number; n: number }>;

const sizes: { [at: string]: number } = { default: 128, notes: 16, pile: 4 };
const vectorOf = (n: number, size: number) => Float32Array.from({ length: size }, (_, i) => Math.sin(n * 7.3 + i * 0.91 + 1));
const bytesOf = (vector: Float32Array) => Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);

function apply(model: Model, parts: readonly Part[]): Model {
  const next = new Map(model);
  for (const { at, rows = [], run: [first, count] = [0, 0], ids = [], everyBut: [but, of] = [1, 0], metadata, made, dropped } of parts) {
    for (const [id, n] of rows) next.set(`${at}/${id}`, { vector: n, n });
    for (let i = 0; i < count; i++) next.set(`${at}/p${i}`, { vector: first + i / 10_000, n: first + i / 10_000 });
    for (const id of ids) next.delete(`${at}/${id}`);
    for (let i = 0; i < of; i++) if (i % but !== 0) next.delete(`${at}/p${i}`);
    const row = metadata && next.get(`${at}/${metadata[0]}`);
    if (row) next.set(`${at}/${metadata[0]}`, { ...row, n: metadata[1] });
    if (made) next.set(`${at}/`, { vector: 0, n: 0 });
    if (dropped) for (const key of next.keys()) if (key.startsWith(`${at}/`)) next.delete(key);
  }
  return next;
}

function sameAs(a: Model, b: Model): boolean {
  if (a.size !== b.size) return false;
  for (const [key, row] of a) {
    const other = b.get(key);
    if (!other || other.vector !== row.vector || other.n !== row.n) return false;
  }
  return true;
}

/** Runs the child, kills it `delay` ms after it announced `phase`, and returns what it said. */
function runAndKill(args: readonly string[], phase: Phase, delay: number): Promise<Said[]> {
  return new Promise((resolve, reject) => {
    const process_ = spawn(process.execPath, [child, ...args, phase], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    let timer: NodeJS.Timeout | undefined;
    const announced = new RegExp(`"what":"try","id":\\d+,"op":"${phase}"`);
    process_.stdout.on('data', (bytes: Buffer) => {
      text += bytes;
      if (!timer && announced.test(text)) timer = setTimeout(() => process_.kill('SIGKILL'), delay);
    });
    process_.on('error', reject);
    process_.on('close', (_, signal) => {
      if (signal !== 'SIGKILL') return reject(new Error(`the child ended by itself: ${text.slice(-500)}`));
      const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
      resolve(lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Said));
    });
  });
}

interface Outcome {
  /** What the database may be found as. */
  allowed: Model[];
  /** Snapshots that were acknowledged, with the states between their call and their end. */
  snapshots: { to: string; states: Model[] }[];
  /** What was under way: a long call, then the write beside it. */
  pending: Said[];
  acknowledged: number;
  merges: number;
}

/** Follows what the child said from the state it found. */
function follow(start: readonly Model[], said: readonly Said[], keeps: boolean): Outcome {
  const history = [...start];
  let durable = 0;
  const pending = new Map<number, Said & { from: number }>();
  const outcome: Outcome = { allowed: [], snapshots: [], pending: [], acknowledged: 0, merges: 0 };
  for (const line of said) {
    expect(line.what).not.toBe('damaged');
    if (line.what === 'merged') outcome.merges++;
    if (line.what === 'try') {
      pending.set(line.id, { ...line, from: history.length - 1 });
      continue;
    }
    const call = pending.get(line.id);
    if (line.what !== 'ack' || !call) continue;
    pending.delete(line.id);
    outcome.acknowledged++;
    if (call.parts.length > 0) history.push(apply(history.at(-1) as Model, call.parts));
    if (keeps && call.parts.length > 0) durable = history.length - 1;
    if (call.durable) durable = Math.max(durable, call.from);
    if (call.to) outcome.snapshots.push({ to: call.to, states: history.slice(call.from) });
  }
  outcome.pending = [...pending.values()];
  // The write under way may be there or not, but whole.
  const writing = outcome.pending.filter(({ parts }) => parts.length > 0);
  expect(writing.length).toBeLessThanOrEqual(1);
  outcome.allowed = history.slice(durable);
  for (const { parts } of writing) outcome.allowed.push(apply(history.at(-1) as Model, parts));
  return outcome;
}

/** All rows, each checked byte for byte against the numbers that it may have been made from. */
async function read(db: VectorDB, states: readonly Model[]): Promise<Model> {
  const found = new Map<string, { vector: number; n: number }>();
  for (const at of await db.collections()) {
    const rows: Collection = at === 'default' ? db : db.collection(at);
    if (at !== 'default') found.set(`${at}/`, { vector: 0, n: 0 });
    for await (const entry of rows.entries()) {
      const key = `${at}/${entry.id}`;
      const made = new Set(states.map((state) => state.get(key)?.vector));
      const vector = [...made].find((m) => m !== undefined && bytesOf(vectorOf(m, sizes[at] as number)).equals(bytesOf(entry.vector)));
      expect(vector, `row ${key} has a vector nobody wrote`).toBeDefined();
      found.set(key, { vector: vector as number, n: (entry.metadata as { n: number }).n });
    }
  }
  return found;
}

async function checkSearch(db: VectorDB, found: Model, random: Random): Promise<void> {
  const rows = [...found].filter(([key]) => !key.endsWith('/'));
  for (const i of rows.length === 0 ? [] : random.sample(Math.min(8, rows.length), rows.length)) {
    const [key, { vector }] = rows[i] as [string, { vector: number }];
    const [at = '', id = ''] = key.split('/');
    const collection: Collection = at === 'default' ? db : db.collection(at);
    const query = { vector: vectorOf(vector, sizes[at] as number), k: 10 };
    expect((await collection.search({ ...query, exact: true })).find((hit) => hit.id === id)?.distance, key).toBe(0);
    for (const hit of await collection.search(query)) expect(found.has(`${at}/${hit.id}`), `hit ${hit.id}`).toBe(true);
    expect(await collection.has(id)).toBe(true);
  }
}

async function open(backend: 'native' | 'wasm', storagePath: string): Promise<VectorDB> {
  const options: DbOptions = { dimensions: 128, distanceMetric: 'euclidean', index: 'hnsw', storagePath, backend };
  return register(await VectorDB.open(options), options);
}

function removeWith(path: string, start: string): void {
  for (const name of readdirSync(dirname(path)))
    if (name.startsWith(`${basename(path)}${start}`)) rmSync(join(dirname(path), name), { recursive: true });
}

let turn = 0;
for (const [backend, durability, share] of [
  ['native', 'sync', 0.3],
  ['native', 'batch', 0.2],
  ['native', 'none', 0.15],
  ['wasm', 'sync', 0.2],
  ['wasm', 'batch', 0.15],
] as const) {
  const kills = Math.round(rounds * share);
  const first = turn;
  turn += kills;
  it(`${backend}, ${durability}: ${kills} kills`, async () => {
    const random = new Random(17 + first);
    let path = tempPath();
    // What the database may be found as.
    let states: Model[] = [new Map()];
    let acknowledged = 0;
    let merges = 0;
    let snapshots = 0;
    const killed: { [phase: string]: number } = {};
    for (let round = 0; round < kills; round++) {
      const phase = phases[(first + round) % phases.length] as Phase;
      if (onNew.includes(phase)) {
        rmSync(dirname(path), { recursive: true, force: true });
        path = tempPath();
        states = [new Map()];
      }
      const args = [path, String(first + round + 1), backend, durability];
      // A recovery is killed a few times in a row, each of them beginning where the one before ended: first something to recover from.
      const kinds: Phase[] = phase === 'recover' ? ['insertBatch', 'recover', 'recover', 'recover'] : [phase];
      let outcome = follow(states, [], true);
      const copies: Outcome['snapshots'] = [];
      for (const kind of kinds) {
        const delay = random.below(kind === 'merging' ? 61 : 31);
        outcome = follow(outcome.allowed, await runAndKill(args, kind, delay), durability !== 'none');
        const where = outcome.pending[0]?.op ?? 'between';
        killed[where] = (killed[where] ?? 0) + 1;
        acknowledged += outcome.acknowledged;
        merges += outcome.merges;
        copies.push(...outcome.snapshots);
      }
      // Now and then the other backend finds what was left.
      const finder = random.uniform() < 0.7 ? backend : backend === 'native' ? 'wasm' : 'native';
      const db = await open(finder, path);
      const found = await read(db, outcome.allowed);
      const right = outcome.allowed.some((state) => sameAs(state, found));
      const what = outcome.pending.map(({ op }) => op).join(' and ');
      expect(
        right,
        `round ${round}, ${phase}: ${found.size} rows found, allowed ${outcome.allowed.map((s) => s.size)}, during ${what}`,
      ).toBe(true);
      await checkSearch(db, found, random);
      expect((await db.verify()).damage, `round ${round}, ${phase}`).toEqual([]);
      await db.close();
      for (const { to, states: seen } of copies) {
        const copy = await open(finder, to);
        const content = await read(copy, seen);
        expect(
          seen.some((state) => sameAs(state, content)),
          'a snapshot is the database between two calls',
        ).toBe(true);
        await copy.close();
        snapshots++;
      }
      removeWith(path, '-copy-');
      states = [found];
    }
    const list = Object.entries(killed).map(([phase, count]) => `${phase} ${count}`);
    console.info(
      `${backend}, ${durability}: ${list.join(', ')}; ${acknowledged} acknowledged calls, 0 lost; ${merges} merges, ${snapshots} snapshots`,
    );
    expect(acknowledged).toBeGreaterThan(kills);
    if (process.env.RUVECTOR_SOAK) expect(Math.min(merges, snapshots)).toBeGreaterThan(0);
  });
}
