// 100,000 × 384: recall after half the rows were replaced, after compacting, and of a fresh build; what searches feel of the compaction.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VectorDB } from '../../dist/index.js';
import { clusters, quantile } from './measure.mjs';

const count = 100_000;
const dimensions = 384;
const k = 10;
const queryCount = 500;

export async function recall() {
  const data = clusters(dimensions, 200, 12345);
  const folder = mkdtempSync(join(tmpdir(), 'ruvector-recall-'));
  const db = await VectorDB.open({ dimensions, storagePath: folder });
  const rows = new Map();
  const put = async (to, entries) => {
    for (let i = 0; i < entries.length; i += 2000) {
      const part = entries.slice(i, i + 2000);
      const vectors = new Float32Array(part.length * dimensions);
      for (const [j, [, vector]] of part.entries()) vectors.set(vector, j * dimensions);
      await to.insertBatch({ ids: part.map(([id]) => id), vectors });
    }
  };
  const fresh = (prefix, n) => Array.from({ length: n }, (_, i) => [`${prefix}${i}`, data.vector()]);
  const first = fresh('a', count);
  for (const [id, vector] of first) rows.set(id, vector);
  await put(db, first);

  const gone = first.filter(() => data.uniform() < 0.5).slice(0, count / 2);
  const replacements = fresh('b', gone.length);
  for (let i = 0; i < gone.length; i += 2000) {
    await db.deleteBatch(gone.slice(i, i + 2000).map(([id]) => id));
    await put(db, replacements.slice(i, i + 2000));
  }
  for (const [id] of gone) rows.delete(id);
  for (const [id, vector] of replacements) rows.set(id, vector);

  // The truth, in doubles.
  const ids = [...rows.keys()];
  const vectors = [...rows.values()];
  const lengths = vectors.map((v) => Math.sqrt(v.reduce((s, x) => s + x * x, 0)));
  const queries = Array.from({ length: queryCount }, () => data.vector());
  const truth = queries.map((query) => {
    const scored = vectors.map((v, i) => {
      let dot = 0;
      for (let j = 0; j < dimensions; j++) dot += v[j] * query[j];
      return [dot / lengths[i], i];
    });
    return new Set(
      scored
        .sort((a, b) => b[0] - a[0])
        .slice(0, k)
        .map(([, i]) => ids[i]),
    );
  });
  const measure = async (of, what) => {
    let found = 0;
    for (const [i, query] of queries.entries()) {
      for (const hit of await of.search({ vector: query, k, includeMetadata: false })) found += truth[i].has(hit.id);
    }
    const value = found / (queryCount * k);
    console.log(`recall@${k} ${what}: ${value.toFixed(4)}`);
    return value;
  };
  const latency = async (what, until) => {
    const times = [];
    let over = false;
    until.then(() => {
      over = true;
    });
    while (!over) {
      const query = queries[times.length % queryCount];
      const start = performance.now();
      db.searchSync({ vector: query, k, includeMetadata: false });
      times.push(performance.now() - start);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const [p50, p90, p99, p999] = [0.5, 0.9, 0.99, 0.999].map((q) => quantile(times, q));
    const figures = [p50, p90, p99, p999, Math.max(...times)].map((t) => t.toFixed(3)).join(', ');
    console.log(`search ${what}: ${times.length}, p50, p90, p99, p99.9, max: ${figures} ms`);
    return { p50, p99 };
  };
  const churned = await measure(db, 'after replacing half');
  const idle = await latency('idle', new Promise((resolve) => setTimeout(resolve, 5000)));
  const start = performance.now();
  const compacting = db.compact();
  const busy = await latency('while compacting', compacting);
  await compacting;
  console.log(`compact took ${((performance.now() - start) / 1000).toFixed(1)} s`);
  const compacted = await measure(db, 'after compact');
  await db.close();
  rmSync(folder, { recursive: true });

  const other = await VectorDB.open({ dimensions });
  await put(other, [...rows]);
  const built = await measure(other, 'of a fresh build');
  await other.close();
  return Math.min(churned, compacted) >= 0.95 && Math.min(churned, compacted) >= built - 0.01 && busy.p50 <= 2 * idle.p50;
}
