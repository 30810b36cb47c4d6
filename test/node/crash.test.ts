// kill -9 at any moment, in every phase: nothing acknowledged is lost, no call is there in part, it always opens.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Collection, VectorDB } from 'ruvector';
import { expect, it } from 'vitest';
import { Random } from '../support/data.js';
import { openDb, tempPath } from '../support/env.js';

const child = fileURLToPath(new URL('crash_child.mjs', import.meta.url));
const rounds = process.env.RUVECTOR_SOAK ? 500 : 40;

const phases = [
  'create',
  'insert',
  'insertBatch',
  'deleteBatch',
  'updateMetadata',
  'importAll',
  'transaction',
  'dropCollection',
  'flush',
  'compact',
  'snapshot',
  'verify',
  'reopen',
] as const;
type Phase = (typeof phases)[number];

interface Part {
  at: string;
  rows?: [string, number][];
  ids?: string[];
  metadata?: [string, number];
  dropped?: boolean;
}
interface Said {
  what: 'open' | 'try' | 'ack' | 'damaged';
  op?: Phase;
  parts?: Part[];
  /** Makes everything before durable, whatever the durability. */
  durable?: boolean;
  to?: string;
}
/** What a row must be: the number its vector was made from, and the metadata's. By "collection/id". */
type Model = Map<string, { vector: number; n: number }>;

const sizes: { [at: string]: number } = { default: 128, notes: 16 };
const vectorOf = (n: number, size: number) => Float32Array.from({ length: size }, (_, i) => Math.sin(n * 7.3 + i * 0.91 + 1));

function apply(model: Model, { parts = [] }: Said): Model {
  const next = new Map(model);
  for (const { at, rows = [], ids = [], metadata, dropped } of parts) {
    for (const [id, n] of rows) next.set(`${at}/${id}`, { vector: n, n });
    for (const id of ids) next.delete(`${at}/${id}`);
    const row = metadata && next.get(`${at}/${metadata[0]}`);
    if (row) next.set(`${at}/${metadata[0]}`, { ...row, n: metadata[1] });
    if (dropped) for (const key of next.keys()) if (key.startsWith(`${at}/`)) next.delete(key);
  }
  return next;
}

/** Runs the child, kills it `delay` ms after it first tries `phase`, and returns what it said. */
function runAndKill(args: readonly string[], phase: Phase, delay: number): Promise<Said[]> {
  return new Promise((resolve, reject) => {
    const process_ = spawn(process.execPath, [child, ...args, phase], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    let timer: NodeJS.Timeout | undefined;
    process_.stdout.on('data', (bytes: Buffer) => {
      text += bytes;
      if (!timer && text.includes(`"what":"try","op":"${phase}"`)) timer = setTimeout(() => process_.kill('SIGKILL'), delay);
    });
    process_.on('error', reject);
    process_.on('exit', (_, signal) => {
      if (signal !== 'SIGKILL') reject(new Error(`the child ended by itself: ${text.slice(-500)}`));
      const whole = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
      resolve(whole.filter((line) => line !== '').map((line) => JSON.parse(line) as Said));
    });
  });
}

function sameAs(model: Model, found: Model): boolean {
  if (model.size !== found.size) return false;
  for (const [id, row] of model) {
    const other = found.get(id);
    if (!other || other.vector !== row.vector || other.n !== row.n) return false;
  }
  return true;
}

/** All rows, each checked byte for byte against the numbers that it may have been made from. */
async function read(db: VectorDB, states: readonly Model[]): Promise<Model> {
  const found: Model = new Map();
  for (const at of await db.collections()) {
    const rows: Collection = at === 'default' ? db : db.collection(at);
    for await (const entry of rows.entries()) {
      const key = `${at}/${entry.id}`;
      const made = new Set(states.map((state) => state.get(key)?.vector));
      const vector = [...made].find(
        (m) => m !== undefined && Buffer.from(vectorOf(m, sizes[at] as number).buffer).equals(new Uint8Array(entry.vector.slice().buffer)),
      );
      expect(vector, `row ${key} has a vector nobody wrote`).toBeDefined();
      found.set(key, { vector: vector as number, n: (entry.metadata as { n: number }).n });
    }
  }
  return found;
}

async function checkSearch(db: VectorDB, found: Model, random: Random): Promise<void> {
  const rows = [...found];
  for (const i of rows.length === 0 ? [] : random.sample(Math.min(8, rows.length), rows.length)) {
    const [key, { vector }] = rows[i] as [string, { vector: number }];
    const [at = '', id = ''] = key.split('/');
    const collection = at === 'default' ? db : db.collection(at);
    const [hit] = await collection.search({ vector: vectorOf(vector, sizes[at] as number), k: 1, exact: true });
    expect(hit?.distance).toBe(0);
    expect(await collection.has(id)).toBe(true);
  }
}

const options = { dimensions: 128, distanceMetric: 'euclidean', index: 'hnsw' } as const;

for (const [backend, durability] of [
  ['native', 'sync'],
  ['native', 'batch'],
  ['native', 'none'],
  ['wasm', 'sync'],
] as const) {
  const share = durability === 'sync' && backend === 'native' ? 0.4 : 0.2;
  const kills = Math.round(rounds * share);
  it(`${backend}, ${durability}: ${kills} kills`, async () => {
    const random = new Random(17 + backend.length + durability.length);
    let path = '';
    // What the database may be found as: with `none` any state since the last that was made durable, else the last one.
    let states: Model[] = [new Map()];
    let acknowledged = 0;
    const killed: { [phase: string]: number } = {};
    for (let round = 0; round < kills; round++) {
      const phase = phases[round % phases.length] as Phase;
      if (phase === 'create' || path === '') {
        if (path !== '') rmSync(dirname(path), { recursive: true, force: true });
        path = tempPath();
        states = [new Map()];
      }
      const said = await runAndKill(
        [path, String(round + 1), backend, durability],
        phase,
        phase === 'create' ? random.below(60) : random.below(5) ** 2,
      );
      expect(said.some(({ what }) => what === 'damaged')).toBe(false);
      let pending: Said | undefined;
      let snapshot: { to: string; model: Model } | undefined;
      for (const o of said) {
        if (o.what === 'try') pending = o;
        if (o.what !== 'ack' || !pending) continue;
        const next = apply(states.at(-1) as Model, pending);
        states = durability === 'none' && !pending.durable ? [...states, next] : [next];
        if (pending.to) snapshot = { to: pending.to, model: next };
        pending = undefined;
        acknowledged++;
      }
      const last = states.at(-1) as Model;
      killed[pending?.op ?? 'between'] = (killed[pending?.op ?? 'between'] ?? 0) + 1;
      // The call under way may be there or not, but whole.
      const allowed = pending ? [...states, apply(last, pending)] : states;
      const db = await openDb({ ...options, storagePath: path, backend });
      const found = await read(db, allowed);
      const right = allowed.some((state) => sameAs(state, found));
      expect(right, `round ${round}, ${phase}: ${found.size} rows found, ${last.size} acknowledged, then ${pending?.op}`).toBe(true);
      await checkSearch(db, found, random);
      expect(await db.verify()).toMatchObject({ ok: true });
      await db.close();
      if (snapshot) {
        const copy = await openDb({ ...options, storagePath: snapshot.to, backend });
        expect(sameAs(snapshot.model, await read(copy, [snapshot.model])), 'the snapshot is what was acknowledged').toBe(true);
        await copy.close();
      }
      for (const name of readdirSync(dirname(path))) {
        if (name.startsWith(`${basename(path)}-copy-`)) rmSync(join(dirname(path), name), { recursive: true });
      }
      expect(existsSync(path)).toBe(true);
      states = [found];
    }
    const list = Object.entries(killed).map(([phase, count]) => `${phase} ${count}`);
    console.info(`${backend}, ${durability}: ${kills} kills, ${acknowledged} acknowledged calls, 0 lost; killed in ${list.join(', ')}`);
    expect(acknowledged).toBeGreaterThan(kills);
  });
}
