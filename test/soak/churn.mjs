// Inserts, replacements, deletions, searches and compactions on one database for a while, checked against a map: everything stays flat.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VectorDB } from '../../dist/index.js';
import { clusters, mean, quantile, usage } from './measure.mjs';

const dimensions = 64;
const rowsKept = 20_000;
const allowedGrowth = 1.1;

export async function churn(minutes) {
  const folder = mkdtempSync(join(tmpdir(), 'ruvector-churn-'));
  const db = await VectorDB.open({ dimensions, storagePath: folder, durability: 'batch' });
  const data = clusters(dimensions, 100, 7);
  const rows = new Map();
  const samples = [];
  const began = performance.now();
  const every = Math.min(60, (minutes * 60) / 12) * 1000;
  let next = every;
  let latencies = [];
  let operations = 0;
  let misses = 0;
  let searches = 0;
  let compactions = 0;
  console.log('minute   rss MB  heap MB  fds  threads  files  disk MB  segments    rows  deleted  search p50/p99 ms  operations');
  while (performance.now() - began < minutes * 60_000) {
    const batch = Array.from({ length: 200 }, () => {
      const id = `row ${data.below(rowsKept * 1.5)}`;
      return { id, vector: data.vector(), metadata: { n: operations, text: 'x'.repeat(data.below(200)) } };
    });
    await db.insertBatch(batch);
    for (const { id, vector } of batch) rows.set(id, vector);
    const gone = Array.from({ length: Math.max(0, rows.size - rowsKept) + 60 }, () => `row ${data.below(rowsKept * 1.5)}`);
    const present = new Set(gone.filter((id) => rows.has(id)));
    const deleted = await db.deleteBatch(gone);
    if (deleted !== present.size) throw new Error(`deleted ${deleted}, expected ${present.size}`);
    for (const id of gone) rows.delete(id);
    for (let i = 0; i < 20; i++) {
      const [id, vector] = [...batch.filter((b) => rows.has(b.id))].map((b) => [b.id, rows.get(b.id)]).at(data.below(100)) ?? [];
      if (id === undefined) continue;
      const start = performance.now();
      const hits = db.searchSync({ vector, k: 10, includeMetadata: false });
      latencies.push(performance.now() - start);
      searches++;
      if (hits[0]?.id !== id) misses++;
      if (hits.some((hit) => !rows.has(hit.id))) throw new Error('a hit that was deleted');
    }
    operations += batch.length + gone.length;
    if (performance.now() - began < next) continue;
    next += every;
    if (samples.length % 5 === 4) {
      await db.compact();
      compactions++;
    }
    if ((await db.len()) !== rows.size) throw new Error(`${await db.len()} rows, expected ${rows.size}`);
    const stats = await db.stats();
    if (stats.maintenanceError) throw new Error(stats.maintenanceError);
    const sample = { ...usage(folder), segments: stats.segments };
    samples.push(sample);
    const cells = [
      ((performance.now() - began) / 60_000).toFixed(1).padStart(6),
      sample.rssMB.toFixed(1).padStart(9),
      sample.heapMB.toFixed(1).padStart(8),
      String(sample.fds).padStart(5),
      String(sample.threads).padStart(8),
      String(sample.files).padStart(6),
      sample.diskMB.toFixed(1).padStart(8),
      String(stats.segments).padStart(9),
      String(rows.size).padStart(7),
      String(stats.deleted).padStart(8),
      `${quantile(latencies, 0.5).toFixed(3)} / ${quantile(latencies, 0.99).toFixed(3)}`.padStart(18),
      String(operations).padStart(11),
    ];
    console.log(cells.join(' '));
    latencies = [];
  }
  for (const [id, vector] of rows) {
    const entry = await db.get(id);
    if (!entry || entry.vector.some((x, i) => x !== vector[i])) throw new Error(`${id} is not what was written`);
  }
  const { ok } = await db.verify();
  await db.close();
  rmSync(folder, { recursive: true });

  let flat = true;
  const third = Math.floor(samples.length / 3);
  for (const what of ['rssMB', 'heapMB', 'fds', 'threads', 'files', 'diskMB', 'segments']) {
    const middle = mean(samples.slice(third, 2 * third).map((s) => s[what]));
    const last = mean(samples.slice(2 * third).map((s) => s[what]));
    const good = last <= Math.max(middle * allowedGrowth, middle + 1);
    flat &&= good;
    console.log(`${what}: ${middle.toFixed(1)} in the middle third, ${last.toFixed(1)} in the last: ${good ? 'flat' : 'GROWS'}`);
  }
  console.log(
    `${operations} rows written or deleted, ${compactions} compactions, ${searches} searches, ${misses} of which missed the row itself; verify ${ok}`,
  );
  return flat && ok && misses <= searches / 100;
}
