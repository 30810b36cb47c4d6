// Writes to a database until it is killed, and says on stdout what was acknowledged: one JSON line before ("try") and after ("ack") each call.
import { writeSync } from 'node:fs';
import { VectorDB } from '../../dist/index.js';

const [path, seedText, backend] = process.argv.slice(2);
let state = Number(seedText);
const uniform = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 4294967296;
};
const below = (n) => Math.floor(uniform() * n);
const say = (what, operation) => writeSync(1, `${JSON.stringify({ what, ...operation })}\n`);

// A row is told by its number: the parent makes the same vector from it.
const dimensions = 256;
const vector = (n) => Float32Array.from({ length: dimensions }, (_, i) => Math.sin(n * 7.3 + i * 0.91 + 1));

say('start', {});
const db = new VectorDB({ dimensions, storagePath: path, backend, index: 'hnsw', distanceMetric: 'euclidean' });
await db.len();
say('open', {});
for (let n = Number(seedText) * 100_000; ; n++) {
  const kind = below(10);
  let operation;
  let run;
  if (kind < 4) {
    operation = { op: 'put', rows: [[`r${below(3000)}`, n]] };
    run = () => db.insert({ id: operation.rows[0][0], vector: vector(n), metadata: { n } });
  } else if (kind < 7) {
    // Enough bytes that closing and flushing write checkpoints, and logs are switched.
    const rows = Array.from({ length: 1 + below(600) }, (_, i) => [`b${below(3000)}`, n + i / 1000]);
    operation = { op: 'put', rows };
    run = () => db.insertBatch(rows.map(([id, m]) => ({ id, vector: vector(m), metadata: { n: m } })));
  } else if (kind < 8) {
    const ids = Array.from({ length: 1 + below(5) }, () => `${uniform() < 0.5 ? 'r' : 'b'}${below(3000)}`);
    operation = { op: 'delete', ids };
    run = () => db.deleteBatch(ids);
  } else if (kind < 9) {
    operation = { op: 'metadata', id: `b${below(3000)}`, n };
    run = () => db.updateMetadata(operation.id, { n, updated: true });
  } else {
    operation = { op: 'flush' };
    run = () => db.flush();
  }
  say('try', operation);
  await run();
  say('ack', {});
}
