// Writes to a database until it is killed, and says on stdout what was acknowledged: one JSON line before ("try") and after ("ack") each call.
import { writeSync } from 'node:fs';
import { VectorDB } from '../../dist/index.js';

const [path, seedText, backend, durability, favourite] = process.argv.slice(2);
let state = Number(seedText);
const uniform = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 4294967296;
};
const below = (n) => Math.floor(uniform() * n);
const say = (what, operation) => writeSync(1, `${JSON.stringify({ what, ...operation })}\n`);

// A row is told by its number: the parent makes the same vector from it.
const dimensions = { default: 128, notes: 16 };
const vector = (n, size) => Float32Array.from({ length: size }, (_, i) => Math.sin(n * 7.3 + i * 0.91 + 1));

let n = Number(seedText) * 100_000;
const rowsOf = (count, prefix = 'b') => Array.from({ length: count }, (_, i) => [`${prefix}${below(2000)}`, n + i / 1000]);
const entries = (rows, at) => rows.map(([id, m]) => ({ id, vector: vector(m, dimensions[at]), metadata: { n: m } }));
const idsOf = (count) => Array.from({ length: count }, () => `${uniform() < 0.5 ? 'r' : 'b'}${below(2000)}`);
const at = (name) => (name === 'default' ? db : db.collection(name, { dimensions: dimensions[name], distanceMetric: 'euclidean' }));
const somewhere = () => (uniform() < 0.7 ? 'default' : 'notes');

const open = () =>
  VectorDB.open({ dimensions: dimensions.default, storagePath: path, backend, durability, index: 'hnsw', distanceMetric: 'euclidean' });

say('try', { op: 'create', parts: [] });
let db = await open();
say('ack', {});
say('open', {});

// What each does to the rows is in `parts`: rows put, ids deleted, whole collections dropped, in this order.
const operations = {
  insert() {
    const parts = [{ at: 'default', rows: rowsOf(1, 'r') }];
    return [parts, () => db.insert(entries(parts[0].rows, 'default')[0])];
  },
  insertBatch() {
    const name = somewhere();
    const parts = [{ at: name, rows: rowsOf(1 + below(500)) }];
    return [parts, () => at(name).insertBatch(entries(parts[0].rows, name))];
  },
  deleteBatch() {
    const name = somewhere();
    const parts = [{ at: name, ids: idsOf(1 + below(40)) }];
    return [parts, () => at(name).deleteBatch(parts[0].ids)];
  },
  updateMetadata() {
    const id = `b${below(2000)}`;
    return [[{ at: 'default', metadata: [id, n] }], () => db.updateMetadata(id, { n, updated: true })];
  },
  importAll() {
    const parts = [{ at: 'default', rows: rowsOf(1 + below(1500)) }];
    const data = { format: 'ruvector-export', version: 1, entries: entries(parts[0].rows, 'default') };
    return [parts, () => db.importAll(data)];
  },
  transaction() {
    const parts = [
      { at: 'default', rows: rowsOf(1 + below(20)) },
      { at: 'notes', rows: rowsOf(1 + below(20)), ids: idsOf(5) },
    ];
    return [
      parts,
      async () => {
        await at('notes').len();
        await db.transaction((t) => {
          t.insertBatch(entries(parts[0].rows, 'default'));
          t.collection('notes').insertBatch(entries(parts[1].rows, 'notes'));
          t.collection('notes').deleteBatch(parts[1].ids);
        });
      },
    ];
  },
  dropCollection: () => [[{ at: 'notes', dropped: true }], () => db.dropCollection('notes')],
  flush: () => [[], () => db.flush(), true],
  compact: () => [[], () => db.compact(), true],
  snapshot() {
    const to = `${path}-copy-${n}${uniform() < 0.5 ? '.rvf' : ''}`;
    return [[], () => db.snapshot(to), true, { to }];
  },
  verify: () => [[], async () => (await db.verify()).ok || say('damaged', {})],
  reopen: () => [
    [],
    async () => {
      await db.close();
      db = await open();
    },
    true,
  ],
};
const names = Object.keys(operations);
const usual = ['insert', 'insertBatch', 'insertBatch', 'deleteBatch', 'updateMetadata', 'transaction'];

for (; ; n++) {
  const dice = uniform();
  const op = dice < 0.3 && operations[favourite] ? favourite : dice < 0.8 ? usual[below(usual.length)] : names[below(names.length)];
  const [parts, run, durable = false, more = {}] = operations[op]();
  say('try', { op, parts, durable, ...more });
  await run();
  say('ack', {});
}
