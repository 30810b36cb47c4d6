// Searching a database four times as large as the memory its process may use, pages of its files included: as it is opened by default, and with
// vectors that stay on disk and codes of half a byte a dimension, which fit. That needs a memory control group, so
// Linux and the right to make one; where there is none this says so and measures nothing.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { library, VectorDB } from './context.mjs';

export const title = 'Data four times the memory';
const v1 = '/sys/fs/cgroup/memory';
const v2 = '/sys/fs/cgroup';

/** A group that holds at most `bytes`, or null. */
function group(bytes) {
  const name = `ruvector-bench-${process.pid}`;
  for (const [parent, file, probe] of [
    [v1, 'memory.limit_in_bytes', 'memory.limit_in_bytes'],
    [v2, 'memory.max', 'cgroup.controllers'],
  ]) {
    if (!existsSync(join(parent, probe))) continue;
    const path = join(parent, name);
    try {
      mkdirSync(path);
    } catch {
      continue;
    }
    try {
      writeFileSync(join(path, file), String(bytes));
      return path;
    } catch {
      rmdirSync(path);
    }
  }
  return null;
}
const searching = (path, set, cgroup, options) => `
  import { readFileSync, writeFileSync } from 'node:fs';
  import { VectorDB } from ${JSON.stringify(library)};
  import { queriesOf, Truth } from ${JSON.stringify(new URL('../data/dataset.mjs', import.meta.url).href)};
  const set = ${JSON.stringify(set)};
  const queries = queriesOf(set);
  const truth = new Truth(set);
  if (${JSON.stringify(cgroup)}) writeFileSync(${JSON.stringify(join(cgroup ?? '', 'cgroup.procs'))}, String(process.pid));
  const db = await VectorDB.open({ dimensions: set.dimensions, distanceMetric: 'euclidean', storagePath: ${JSON.stringify(path)}, readOnly: true, ...${JSON.stringify(options)} });
  const options = { includeMetadata: false, efSearch: 50 };
  const own = Number(readFileSync('/proc/self/status', 'utf8').match(/RssAnon:\\s+(\\d+)/)[1]) * 1024;
  const faults = () => Number(readFileSync('/proc/self/stat', 'utf8').split(') ')[1].split(' ')[9]);
  const read = () => Number(readFileSync('/proc/self/io', 'utf8').match(/^read_bytes: (\\d+)/m)[1]);
  const answers = [];
  const before = faults();
  const bytes = read();
  const start = performance.now();
  for (const query of queries) answers.push(db.searchSync(query, 10, options).map((hit) => Number(hit.id)));
  const seconds = (performance.now() - start) / 1000;
  const major = faults() - before;
  const mb = (read() - bytes) / 2 ** 20;
  let recall = 0;
  answers.forEach((numbers, q) => { recall += truth.recall(q, queries[q], numbers, 10); });
  console.log(JSON.stringify({ own, qps: queries.length / seconds, faults: major / queries.length, mb: mb / queries.length, recall: recall / queries.length }));`;

export async function measure(context) {
  const { set, path } = await context.large();
  const coded = context.path('large-384-coded');
  cpSync(path, coded, { recursive: true });
  const db = await VectorDB.open({ storagePath: coded, quantization: { type: 'rotated', bits: 4 } });
  await db.compact();
  await db.close();
  const du = spawnSync('du', ['-sb', path], { encoding: 'utf8' });
  const bytes = Number(du.stdout.split('\t')[0]);
  const run = (of, within, options = {}) => {
    // Pages that are cached already count for whoever read them first: out with them.
    for (const file of readdirSync(of, { recursive: true })) spawnSync('dd', [`if=${join(of, file)}`, 'iflag=nocache', 'count=0']);
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', searching(of, set, within, options)], { encoding: 'utf8' });
    if (child.status !== 0) throw new Error(`ended with ${child.signal ?? child.status}: ${child.stderr.slice(-300)}`);
    return JSON.parse(child.stdout);
  };
  const free = run(path, null);
  // What Node itself holds while no row is there, and a little for garbage.
  const node = free.own + 4 * 2 ** 20;
  const limit = Math.floor(bytes / 4) + node;
  const cgroup = group(limit);
  if (cgroup === null) return context.note('no memory control group can be made here: not measured');
  const mb = (b) => `${(b / 2 ** 20).toFixed(0)} MB`;
  context.note(`${set.name}, ${mb(bytes)} on disk; the process may use a quarter of that and ${mb(node)} for Node: ${mb(limit)}`);
  try {
    const onDisk = { vectorsInMemory: false };
    for (const [what, unbound, bound] of [
      ['options as they come', free, run(path, cgroup)],
      ['vectorsInMemory: false', run(path, null, onDisk), run(path, cgroup, onDisk)],
      ['vectorsInMemory: false, rotated codes of 4 bits', run(coded, null, onDisk), run(coded, cgroup, onDisk)],
    ]) {
      const told = ({ qps, mb, faults, recall }) =>
        `${qps.toFixed(0)} queries a second, ${faults.toFixed(1)} major page faults and ${(mb * 1024).toFixed(0)} KB read from disk a query, recall@10 ${recall.toFixed(4)}`;
      context.note(`${what}: ${told(unbound)}; within the limit ${told(bound)}`);
      context.atLeast(`recall@10 with a quarter of the memory, less that without a limit, ${what}`, bound.recall - unbound.recall, 0, (r) =>
        r.toFixed(4),
      );
    }
  } finally {
    rmdirSync(cgroup);
  }
}
