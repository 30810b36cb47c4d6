// Writes to a database until it is killed, and says on stdout what is under way and what was acknowledged: a JSON line before ("try") and
// after ("ack") each call.
import { writeSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { VectorDB } from '../../dist/index.js';

const [path, seedText, backend, durability, favourite] = process.argv.slice(2);
let state = Number(seedText);
const uniform = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 4294967296;
};
const below = (n) => Math.floor(uniform() * n);
const say = (line) => writeSync(1, `${JSON.stringify(line)}\n`);

// A row is told by its number: the parent makes the same vector from it.
const vector = (n, size) => Float32Array.from({ length: size }, (_, i) => Math.sin(n * 7.3 + i * 0.91 + 1));
const entry = (id, n, size) => ({ id, vector: vector(n, size), metadata: { n } });

const collections = {
  default: { dimensions: 128, index: 'hnsw' },
  notes: { dimensions: 16 },
  pile: { dimensions: 4, index: 'hnsw', hnswConfig: { m: 4, efConstruction: 20 } },
};

let db;
let made = new Set(['default']);
let calls = 0;
let n = Number(seedText) * 100_000;

/** `parts` is what the call does to the rows, for the parent: rows put, a run of rows put, ids deleted, collections made and dropped. */
async function call(op, parts, run, more = {}) {
  const id = ++calls;
  n++;
  say({ what: 'try', id, op, parts, ...more });
  await run();
  say({ what: 'ack', id });
}

function open(op) {
  return call(op, [], async () => {
    db = await VectorDB.open({ ...collections.default, distanceMetric: 'euclidean', storagePath: path, backend, durability });
    made = new Set(['default']);
  });
}

/** A collection, made by a call of its own: it is a transaction of its own. */
async function at(name) {
  if (name === 'default') return db;
  const collection = db.collection(name, { ...collections[name], distanceMetric: 'euclidean' });
  if (!made.has(name)) await call('createCollection', [{ at: name, made: true }], () => collection.len());
  made.add(name);
  return collection;
}

const rowsOf = (count, prefix = 'b') => Array.from({ length: count }, (_, i) => [`${prefix}${below(2000)}`, n + i / 10_000]);
const entries = (rows, name) => rows.map(([id, m]) => entry(id, m, collections[name].dimensions));
const idsOf = (count) => Array.from({ length: count }, () => `${uniform() < 0.5 ? 'r' : 'b'}${below(2000)}`);
const somewhere = () => (uniform() < 0.7 ? 'default' : 'notes');

/** A long call, with writes beside it. */
async function beside(long) {
  let over = false;
  const done = long.finally(() => {
    over = true;
  });
  for (let i = 0; i < 4 && !over; i++) await operations[uniform() < 0.5 ? 'insert' : 'deleteBatch']();
  await done;
}

const operations = {
  insert() {
    const rows = rowsOf(1, 'r');
    return call('insert', [{ at: 'default', rows }], () => db.insert(entries(rows, 'default')[0]));
  },
  async insertBatch() {
    const name = somewhere();
    const collection = await at(name);
    const rows = rowsOf(1 + below(500));
    await call('insertBatch', [{ at: name, rows }], () => collection.insertBatch(entries(rows, name)));
  },
  async deleteBatch() {
    const name = somewhere();
    const collection = await at(name);
    const ids = idsOf(1 + below(40));
    await call('deleteBatch', [{ at: name, ids }], () => collection.deleteBatch(ids));
  },
  updateMetadata() {
    const id = `b${below(2000)}`;
    const to = n;
    return call('updateMetadata', [{ at: 'default', metadata: [id, to] }], () => db.updateMetadata(id, { n: to }));
  },
  importAll() {
    const rows = rowsOf(1 + below(1500));
    const data = { format: 'ruvector-export', version: 1, entries: entries(rows, 'default') };
    return call('importAll', [{ at: 'default', rows }], () => db.importAll(data));
  },
  async transaction() {
    await at('notes');
    const parts = [
      { at: 'default', rows: rowsOf(1 + below(20)) },
      { at: 'notes', rows: rowsOf(1 + below(20)), ids: idsOf(5) },
    ];
    await call('transaction', parts, () =>
      db.transaction((t) => {
        t.insertBatch(entries(parts[0].rows, 'default'));
        t.collection('notes').insertBatch(entries(parts[1].rows, 'notes'));
        t.collection('notes').deleteBatch(parts[1].ids);
      }),
    );
  },
  async createCollection() {
    await operations.dropCollection();
    await at('notes');
  },
  async dropCollection() {
    const name = uniform() < 0.8 ? 'notes' : 'pile';
    await at(name);
    made.delete(name);
    await call('dropCollection', [{ at: name, dropped: true }], () => db.dropCollection(name));
  },
  // Enough deleted rows that the growing segment is sealed at once, and the sealed one merged in the background.
  async merging() {
    const pile = await at('pile');
    const run = [n, 5000];
    const all = Array.from({ length: 5000 }, (_, i) => entry(`p${i}`, run[0] + i / 10_000, 4));
    await call('insertBatch', [{ at: 'pile', run }], () => pile.insertBatch(all));
    const ids = all.filter((_, i) => i % 6 !== 0).map(({ id }) => id);
    await call('deleteBatch', [{ at: 'pile', everyBut: [6, 5000] }], () => pile.deleteBatch(ids));
    await call('merging', [], async () => {
      // Where there is no thread, each commit pays for a step of the merge.
      for (let i = 0; i < 200 && (await pile.stats()).deleted >= ids.length; i++) {
        await operations.insert();
        await setTimeout(1);
      }
    });
    if ((await pile.stats()).deleted < ids.length) say({ what: 'merged' });
  },
  flush: () => call('flush', [], () => db.flush(), { durable: true }),
  compact: () => call('compact', [], () => beside(db.compact()), { durable: true }),
  snapshot() {
    const to = `${path}-copy-${n}${uniform() < 0.5 ? '.rvf' : ''}`;
    return call('snapshot', [], () => beside(db.snapshot(to)), { durable: true, to });
  },
  verify: () =>
    call('verify', [], async () => {
      const verifying = db.verify();
      await beside(verifying);
      if (!(await verifying).ok) say({ what: 'damaged' });
    }),
  async close() {
    await call('close', [], () => db.close(), { durable: true });
    await open('open');
  },
};

// Opens and closes only: for kills in the middle of a recovery.
if (favourite === 'recover') {
  for (;;) {
    await open('recover');
    await db.close();
  }
}
await open(favourite === 'create' ? 'create' : 'open');
if (favourite === 'firstFlush') {
  await operations.insertBatch();
  await call('firstFlush', [], () => db.flush(), { durable: true });
}
const names = Object.keys(operations);
const usual = ['insert', 'insertBatch', 'insertBatch', 'deleteBatch', 'updateMetadata', 'transaction'];
const wanted = favourite === 'open' ? 'close' : favourite;
for (;;) {
  const dice = uniform();
  const op = dice < 0.3 && operations[wanted] ? wanted : dice < 0.8 ? usual[below(usual.length)] : names[below(names.length)];
  await operations[op]();
}
