// Opening, each time in a process of its own: the CPU time of all its threads, a first search included, which proves that nothing was rebuilt.
import { spawn } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { library, median } from './context.mjs';

export const title = 'Opening';

/** Runs a module; it ends itself by SIGKILL after it has printed. */
function run(source) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (bytes) => {
      text += bytes;
    });
    child.on('exit', () => (text ? resolve(JSON.parse(text)) : reject(new Error('the process said nothing'))));
  });
}
const say = (value) => `process.stdout.write(JSON.stringify(${value}), () => process.kill(process.pid, 'SIGKILL'));`;
const opening = (path) => `
  import { VectorDB } from ${JSON.stringify(library)};
  const before = process.cpuUsage();
  const db = new VectorDB({ dimensions: 384, storagePath: ${JSON.stringify(path)}, distanceMetric: 'euclidean' });
  const n = db.lenSync();
  const hits = db.searchSync(new Float32Array(384).fill(0.05), 10).length;
  const used = process.cpuUsage(before);
  ${say('{ n, hits, cpu: (used.user + used.system) / 1e6, stats: db.statsSync() }')}`;
const writing = (path, file, rows) => `
  import { VectorDB } from ${JSON.stringify(library)};
  import { floats } from ${JSON.stringify(new URL('../data/dataset.mjs', import.meta.url).href)};
  const db = new VectorDB({ dimensions: 384, storagePath: ${JSON.stringify(path)}, distanceMetric: 'euclidean', index: 'flat' });
  const ids = Array.from({ length: ${rows} }, (_, i) => 'more' + i);
  await db.insertBatch({ ids, vectors: floats(${JSON.stringify(file)}, ${rows * 384}) });
  ${say('true')}`;

export async function measure(context) {
  const { set, path: large } = await context.large();
  const path = context.path('opened');
  cpSync(large, path, { recursive: true });
  const seconds = (s) => `${s.toFixed(3)} s CPU`;

  const clean = [];
  for (let i = 0; i < 5; i++) clean.push(await run(opening(path)));
  const [{ n, hits, stats }] = clean;
  if (n !== set.rows || hits !== 10 || stats.indexType !== 'hnsw') throw new Error(`opened ${JSON.stringify(clean[0])}`);
  context.atMost(`open ${set.name} and search once, after a clean close`, median(clean.map(({ cpu }) => cpu)), 0.3, seconds);

  // Killed with a log as long as it gets before a checkpoint: 64 MB.
  const more = Math.min(set.rows, Math.floor((60 * 2 ** 20) / (384 * 4 + 64)));
  await run(writing(path, join(set.folder, 'rows.f32'), more));
  const killed = await run(opening(path));
  if (killed.n !== set.rows + more) throw new Error(`after the kill ${killed.n} rows, expected ${set.rows + more}`);
  const log = `${(killed.stats.walBytes / 2 ** 20).toFixed(0)} MB of log`;
  context.atMost(`open ${killed.n} × 384 after a kill, ${log}`, killed.cpu, 2, seconds);
}
