// Makes the golden databases of format version 1. They were made once and stay as they are: every later version must read them.
// A new format version gets folders of its own: node test/golden/make.mjs v2
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VectorDB } from '../../dist/index.js';

const name = process.argv[2];
if (!/^v\d+$/.test(name ?? '')) throw new Error('usage: node test/golden/make.mjs v<format version>');
const here = fileURLToPath(new URL('.', import.meta.url));
const folder = join(here, name);
if (readdirSync(here).some((file) => file.startsWith(name))) throw new Error(`${name} exists`);

// Sixteenths: exact as floats and short as text.
const dimensions = 8;
let state = 1;
const uniform = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 4294967296;
};
const vector = (n = dimensions) => Array.from({ length: n }, () => Math.floor(uniform() * 128 - 64) / 16 || 1);

const db = await VectorDB.open({
  dimensions,
  storagePath: folder,
  index: 'hnsw',
  distanceMetric: 'euclidean',
  hnswConfig: { m: 4, efConstruction: 40, seed: 11 },
  threads: 1,
});
const notes = db.collection('notes ü', { dimensions: 3, distanceMetric: 'cosine' });

// In a segment, with a graph …
await db.insertBatch(
  Array.from({ length: 300 }, (_, i) => ({
    id: `row ${i}`,
    vector: vector(),
    ...(i % 3 ? { metadata: { i, even: i % 2 === 0, tags: [`t${i % 5}`, '日本語 😀'], deep: { x: i / 4, nothing: null } } } : {}),
  })),
);
await notes.insertBatch(Array.from({ length: 20 }, (_, i) => ({ id: `note ${i}`, vector: vector(3), metadata: { i } })));
await db.collection('dropped', { dimensions: 2 }).insert({ id: 'gone', vector: [1, 0] });
await db.dropCollection('dropped');
await db.compact();
// … some of its rows deleted in the segment's tombstones …
await db.deleteBatch(Array.from({ length: 30 }, (_, i) => `row ${i * 7}`));
await notes.delete('note 3');
await db.snapshot(`${folder}.tmp.rvf`);
// … and what only the log has: what a log can say of rows and collections.
await db.insert({ id: 'row 1', vector: vector(), metadata: { replaced: true } });
await db.insertBatch([
  { id: 'logged 1', vector: vector(), metadata: { logged: 1 } },
  { id: 'logged 2', vector: vector() },
]);
await db.updateMetadata('row 2', { changed: 'metadata' });
await db.updateMetadata('logged 2', { changed: 'in the log' });
await db.delete('row 5');
await db.transaction((t) => {
  t.insert({ id: 'both', vector: vector() });
  t.delete('row 8');
  t.collection('notes ü').insert({ id: 'both', vector: vector(3) });
});
const late = db.collection('late', { dimensions: 2, distanceMetric: 'dot', index: 'flat' });
await late.insertBatch([
  { id: 'a', vector: [1, 2] },
  { id: 'b', vector: [3, -1] },
]);
await late.delete('b');

const expected = {};
for (const collection of await db.collections()) {
  const rows = collection === 'default' ? db : db.collection(collection);
  const entries = [];
  for await (const entry of rows.entries()) entries.push({ ...entry, vector: [...entry.vector] });
  const searches = [];
  for (let i = 0; i < 5; i++) {
    const query = vector(rows.dimensions);
    const filter = i === 4 ? { i: { $gte: 10 } } : undefined;
    const hits = await rows.search({ vector: query, k: 10, exact: true, ...(filter && { filter }) });
    searches.push({ query, ...(filter && { filter }), hits: hits.map(({ id, distance }) => [id, distance]) });
  }
  expected[collection] = { dimensions: rows.dimensions, metric: rows.metric, entries, searches };
}
await db.close();
rmSync(join(folder, 'LOCK'), { force: true });
rmSync(`${folder}.tmp.rvf`);

const again = await VectorDB.open({ storagePath: folder, readOnly: true });
writeFileSync(join(here, `${name}.rvf`), await again.toBytes());
await again.close();
writeFileSync(join(here, `${name}.expected.json`), JSON.stringify(expected)); // npm run format breaks the lines
