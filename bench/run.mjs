// npm run bench [-- --full] [-- --only part,part] [-- --sets text-100000x384,…] [-- --peers name,name]: measures, prints figures beside their bounds, and writes a report to bench/results.
import { parseArgs } from 'node:util';
import * as batches from './bounds/batches.mjs';
import * as browser from './bounds/browser.mjs';
import * as building from './bounds/building.mjs';
import * as callOverhead from './bounds/call_overhead.mjs';
import * as churn from './bounds/churn.mjs';
import * as codecs from './bounds/codecs.mjs';
import { Context, root } from './bounds/context.mjs';
import * as cppSearch from './bounds/cpp_search.mjs';
import * as eventLoop from './bounds/event_loop.mjs';
import * as filters from './bounds/filters.mjs';
import * as memory from './bounds/memory.mjs';
import * as memoryLimit from './bounds/memory_limit.mjs';
import * as opening from './bounds/opening.mjs';
import * as againstPeers from './bounds/peers.mjs';
import * as wasm from './bounds/wasm.mjs';
import { dataset } from './data/dataset.mjs';
import * as kernels from './kernels.mjs';
import { load, machine } from './machine.mjs';
import { compare } from './peers/compare.mjs';
import { installPeers } from './peers/install.mjs';
import { write } from './report/write.mjs';

const bounds = {
  call_overhead: callOverhead,
  building,
  cpp_search: cppSearch,
  opening,
  wasm,
  browser,
  batches,
  event_loop: eventLoop,
  filters,
  memory,
  codecs,
  churn,
  memory_limit: memoryLimit,
};
const parts = ['peers', ...Object.keys(bounds), 'kernels'];
const { values } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    only: { type: 'string' },
    sets: { type: 'string' },
    peers: { type: 'string' },
    output: { type: 'string' },
  },
});
const nameOf = ([kind, rows, dimensions]) => `${kind}-${rows}x${dimensions}`;
const chosen = values.only?.split(',') ?? parts;
for (const part of chosen) if (!parts.includes(part)) throw new Error(`--only ${part}: expected some of ${parts.join(', ')}`);
const { full } = values;

// Large sets are for those who can build them in the time allowed; the others are reported as too slow.
const sets = full
  ? [
      { of: ['text', 10_000, 384] },
      { of: ['sift-hard', 10_000, 128] },
      { of: ['text', 10_000, 768] },
      { of: ['text', 10_000, 1536] },
      { of: ['text', 10_000, 3072] },
      { of: ['text', 100_000, 384] },
      { of: ['sift-hard', 100_000, 128] },
      { of: ['text', 100_000, 768] },
      { of: ['text', 100_000, 1536] },
      { of: ['sift-easy', 1_000_000, 128] },
    ]
  : [{ of: ['text', 10_000, 384] }];
// Of the sets that all peers are searched on.
const wantedSets = values.sets?.split(',');
for (const name of wantedSets ?? []) {
  if (!sets.some(({ of }) => nameOf(of) === name))
    throw new Error(`--sets ${name}: expected some of ${sets.map(({ of }) => nameOf(of)).join(', ')}`);
}
const limits = full
  ? { rounds: 7, slice: 400, buildLimit: 1200, knobs: [10, 16, 24, 32, 48, 64, 96, 128, 200, 400] }
  : { rounds: 5, slice: 100, buildLimit: 120, knobs: [10, 16, 32, 64, 128, 256] };

const run = { full, machine: await machine(), conditions: { loadBefore: load(), told: [] }, comparisons: [], bounds: [] };
const { cpu, cores, node, backend } = run.machine;
console.log(`${cpu}, ${cores} cores, Node ${node}, ${backend}${full ? ', full' : ''}; load a core: ${run.conditions.loadBefore}`);
run.conditions.told.push(`medians of ${limits.rounds} rounds, all peers taking turns; ${limits.slice} ms a point and round`);
const started = performance.now();
const context = new Context(full);

if (chosen.includes('peers')) {
  installPeers();
  for (const { of } of sets) {
    if (wantedSets !== undefined && !wantedSets.includes(nameOf(of))) continue;
    const set = dataset(...of);
    console.log(`peers on ${set.name}`);
    run.comparisons.push({ set, results: await compare(set, limits, values.peers?.split(','), run.comparisons) });
  }
}
async function section(module, ...rest) {
  console.log(`--- ${module.title}`);
  context.lines = [];
  run.bounds.push({ title: module.title, lines: context.lines });
  try {
    return await module.measure(context, ...rest);
  } catch (error) {
    context.line('this part', 'failed', 'no failure', false);
    context.note(error.stack.split('\n').slice(0, 3).join(' '));
  }
}
if (run.comparisons.length > 0) await section(againstPeers, run.comparisons);
for (const [name, module] of Object.entries(bounds)) if (chosen.includes(name)) await section(module);
if (chosen.includes('kernels')) run.kernels = await section(kernels);

run.conditions.told.push(
  `the run took ${((performance.now() - started) / 60_000).toFixed(0)} minutes; load a core after it, its own included: ${load()}`,
);
const name = full ? 'full' : 'short';
// What was asked for in parts is no report to keep.
const folder = values.output ?? (values.only || values.peers || values.sets ? `${root}build/bench/results` : `${root}bench/results`);
const files = write(folder, name, run);
const missed = run.bounds.flatMap(({ lines }) => lines).filter(({ met }) => met === false).length;
console.log(missed === 0 ? 'every bound is met' : `${missed} bound(s) missed`);
console.log(`report: ${files.find((file) => file.endsWith('.html'))}`);
