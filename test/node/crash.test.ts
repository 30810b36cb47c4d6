// kill -9 at any moment, creation and checkpoints included: nothing acknowledged is lost, no batch is there in part, it always opens.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { Random } from '../support/data.js';
import { openDb, tempPath } from '../support/env.js';

const child = fileURLToPath(new URL('crash_child.mjs', import.meta.url));
const rounds = 30;

interface Operation {
  what: 'start' | 'open' | 'try' | 'ack';
  op?: 'put' | 'delete' | 'metadata' | 'flush';
  rows?: [string, number][];
  ids?: string[];
  id?: string;
  n?: number;
}
/** What a row must be: the number its vector was made from, and the metadata's. */
type Model = Map<string, { vector: number; n: number }>;

const vectorOf = (n: number) => Float32Array.from({ length: 256 }, (_, i) => Math.sin(n * 7.3 + i * 0.91 + 1));

function apply(model: Model, o: Operation): Model {
  const next = new Map(model);
  if (o.op === 'put') for (const [id, n] of o.rows ?? []) next.set(id, { vector: n, n });
  if (o.op === 'delete') for (const id of o.ids ?? []) next.delete(id);
  const row = o.op === 'metadata' ? next.get(o.id as string) : undefined;
  if (row) next.set(o.id as string, { ...row, n: o.n as number });
  return next;
}

/** Runs the child until `when` says so, kills it, and returns what it said. */
function runAndKill(path: string, seed: number, backend: string, delay: number, from: 'start' | 'open'): Promise<Operation[]> {
  return new Promise((resolve, reject) => {
    const process_ = spawn(process.execPath, [child, path, String(seed), backend], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    let timer: NodeJS.Timeout | undefined;
    process_.stdout.on('data', (bytes: Buffer) => {
      text += bytes;
      if (!timer && text.includes(`"what":"${from}"`)) timer = setTimeout(() => process_.kill('SIGKILL'), delay);
    });
    process_.on('error', reject);
    process_.on('exit', (_, signal) => {
      if (signal !== 'SIGKILL') reject(new Error(`the child ended by itself: ${text.slice(-500)}`));
      const whole = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
      resolve(whole.filter((line) => line !== '').map((line) => JSON.parse(line) as Operation));
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

for (const backend of ['native', 'wasm']) {
  it(`${backend}: ${rounds} kills`, async () => {
    const random = new Random(backend === 'native' ? 17 : 18);
    let path = tempPath();
    let model: Model = new Map();
    let acknowledged = 0;
    let creations = 0;
    for (let round = 0; round < rounds; round++) {
      // Every fifth round starts a new database and kills it while it is created, or shortly after.
      const creating = round % 5 === 0;
      if (creating) {
        path = tempPath();
        model = new Map();
        creations++;
      }
      const delay = creating ? random.below(40) : random.below(700);
      const said = await runAndKill(path, round + 1, backend, delay, creating ? 'start' : 'open');
      let pending: Operation | undefined;
      for (const o of said) {
        if (o.what === 'try') pending = o;
        if (o.what === 'ack' && pending) {
          model = apply(model, pending);
          pending = undefined;
          acknowledged++;
        }
      }
      // The last one may be there or not, but whole.
      const attempted = pending ? apply(model, pending) : model;

      const db = await openDb({ dimensions: 256, distanceMetric: 'euclidean', storagePath: path, index: 'hnsw' });
      const found: Model = new Map();
      const vectors: [string, number][] = [];
      for await (const entry of db.entries()) {
        const expected = attempted.get(entry.id) ?? model.get(entry.id);
        const before = model.get(entry.id);
        const n = (entry.metadata as { n: number }).n;
        // Byte for byte the vector of one of the numbers it may have been made from.
        const made = [expected?.vector, before?.vector].find(
          (m) =>
            m !== undefined &&
            Buffer.from(vectorOf(m).buffer).equals(Buffer.from(entry.vector.buffer, entry.vector.byteOffset, entry.vector.byteLength)),
        );
        expect(made, `round ${round}: row ${entry.id} has a vector nobody wrote`).toBeDefined();
        found.set(entry.id, { vector: made as number, n });
        vectors.push([entry.id, made as number]);
      }
      const right = sameAs(model, found) || sameAs(attempted, found);
      expect(right, `round ${round}: ${found.size} rows found, ${model.size} acknowledged, ${attempted.size} with the last call`).toBe(
        true,
      );
      for (const i of vectors.length === 0 ? [] : random.sample(Math.min(10, vectors.length), vectors.length)) {
        const [id, n] = vectors[i] as [string, number];
        const [hit] = await db.search({ vector: vectorOf(n), k: 1, exact: true });
        expect(hit?.distance).toBe(0);
        expect(await db.has(id)).toBe(true);
      }
      await db.close();
      model = found;
    }
    console.info(`${backend}: ${rounds} kills, ${creations} during creation, ${acknowledged} acknowledged calls, 0 lost`);
    expect(acknowledged).toBeGreaterThan(rounds);
  });
}
