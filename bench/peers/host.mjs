// A process with one peer in it, told what to do by remote.mjs: node host.mjs <set as JSON> <peer as JSON> <folder> <threads>
import { readFileSync } from 'node:fs';
import { queriesOf, rowsOf, Truth } from '../data/dataset.mjs';

const [set, peer] = process.argv.slice(2, 4).map((text) => JSON.parse(text));
const [folder, threads] = [process.argv[4], Number(process.argv[5])];

let index;
let queries; // as vectors
let forms; // as the peer wants them
let opening; // { before: bytes of memory, seconds }
const truth = new Truth(set);
const ms = () => performance.now();

/** Bytes of this process in memory: what it holds itself and what it has mapped of files. */
function memory() {
  globalThis.gc();
  const text = readFileSync('/proc/self/status', 'utf8');
  const of = (name) => Number(text.match(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm'))[1]) * 1024;
  return { own: of('RssAnon') + of('RssShmem'), mapped: of('RssFile') };
}
const percentile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
function told(times, spent) {
  const sorted = times.toSorted((a, b) => a - b);
  return { n: times.length, qps: (times.length / spent) * 1000, p50: percentile(sorted, 0.5) * 1000, p99: percentile(sorted, 0.99) * 1000 };
}

async function open() {
  const { default: adapter } = await import(`./adapters/${peer.adapter}.mjs`);
  const made = adapter(peer.options ?? {});
  if (made.unitOnly && !set.unit) throw new Error('not comparable: it knows cosine only, and these rows differ in length');
  await made.load?.();
  const before = memory();
  const start = ms();
  index = await made.open({ ...set, metric: 'euclidean' }, folder, threads);
  opening = { before, seconds: (ms() - start) / 1000 };
  return { package: made.package, note: made.note, knob: made.knob };
}
function prepare() {
  queries = queriesOf(set);
  forms = queries.map((query) => index.query(query));
}

const operations = {
  open,
  async build() {
    const vectors = rowsOf(set);
    const before = memory();
    const start = ms();
    await index.build(vectors, set);
    const seconds = (ms() - start) / 1000;
    prepare();
    // So that everything a search touches is there.
    for (let q = 0; q < Math.min(50, set.queries); q++) await index.search(forms[q], 10);
    const after = memory();
    const grown = (kind) => (after[kind] - before[kind]) / set.rows;
    if (vectors.length === 0) throw new Error('no rows'); // keeps them alive until here
    return { seconds, ownBytes: grown('own'), mappedBytes: grown('mapped'), about: index.about?.() };
  },
  async save() {
    globalThis.gc(); // the rows it was built from
    if (index.save === undefined) return false;
    await index.save();
    return true;
  },
  async load() {
    const empty = memory();
    prepare();
    const prepared = memory();
    const start = ms();
    await index.load();
    const hits = index.numbers(await index.search(forms[0], 10));
    if (hits.length !== 10) throw new Error(`after loading ${hits.length} hits, expected 10`);
    const seconds = opening.seconds + (ms() - start) / 1000;
    for (const form of forms) await index.search(form, 10);
    const after = memory();
    const grown = (kind) => (after[kind] - prepared[kind] + empty[kind] - opening.before[kind]) / set.rows;
    return { seconds, ownBytes: grown('own'), mappedBytes: grown('mapped') };
  },
  /** Of as many queries as `budget` ms allow, at least 20. */
  async recall({ knob, k, percent = 100, budget }) {
    if (knob !== null) await index.setKnob(knob);
    const shares = [];
    let first = 0;
    let short = 0;
    const start = ms();
    for (let q = 0; q < set.queries && (q < 20 || ms() - start < budget); q++) {
      const found = index.numbers(percent === 100 ? await index.search(forms[q], k) : await index.searchUpTo(forms[q], k, percent));
      if (new Set(found).size < k) short++;
      shares.push(truth.recall(q, queries[q], found, k, percent));
      if (percent === 100 && k === 10) first += truth.recall(q, queries[q], found, 1);
    }
    const mean = shares.reduce((a, b) => a + b, 0) / shares.length;
    const low = percentile(
      shares.toSorted((a, b) => a - b),
      0.05,
    );
    return { mean, low, first: first / shares.length, queries: shares.length, short };
  },
  /** One after another. */
  async single({ knob, k, budget, percent = 100, offset = 0 }) {
    if (knob !== null) await index.setKnob(knob);
    const call = percent === 100 ? (form) => index.search(form, k) : (form) => index.searchUpTo(form, k, percent);
    const warm = ms();
    for (let i = 0; i < 20 && ms() - warm < budget / 10; i++) await call(forms[i % forms.length]);
    const times = [];
    const start = ms();
    let now = start;
    for (let i = offset; now - start < budget || times.length < 3; i++) {
      const answer = call(forms[i % forms.length]);
      if (typeof answer?.then === 'function') await answer;
      const after = ms();
      times.push(after - now);
      now = after;
    }
    return told(times, now - start);
  },
  /** `callers` at a time, each waiting for its answer before it asks again. */
  async concurrent({ knob, k, budget, callers }) {
    if (knob !== null) await index.setKnob(knob);
    const times = [];
    const start = ms();
    let next = 0;
    const caller = async () => {
      while (ms() - start < budget) {
        const asked = ms();
        await index.search(forms[next++ % forms.length], k);
        times.push(ms() - asked);
      }
    };
    await Promise.all(Array.from({ length: callers }, caller));
    return told(times, ms() - start);
  },
  async batch({ knob, k, budget, size }) {
    if (knob !== null) await index.setKnob(knob);
    let answered = 0;
    const start = ms();
    while (ms() - start < budget || answered === 0) {
      const some = Array.from({ length: size }, (_, i) => forms[(answered + i) % forms.length]);
      const answers = await index.searchAll(some, k);
      if (answers.length !== size) throw new Error(`${answers.length} answers to ${size} queries`);
      answered += size;
    }
    return { qps: (answered / (ms() - start)) * 1000 };
  },
  can: () => ({ filter: index.searchUpTo !== undefined, batch: index.searchAll !== undefined }),
  async async() {
    const answer = index.search(forms[0], 10);
    const is = typeof answer?.then === 'function';
    await answer;
    return is;
  },
};

let queue = Promise.resolve();
process.on('message', ({ operation, args }) => {
  queue = queue.then(async () => {
    try {
      process.send({ value: await operations[operation](args) });
    } catch (error) {
      process.send({ error: error?.stack ?? String(error) });
    }
  });
});
process.on('disconnect', () => process.exit());
