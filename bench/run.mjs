// Prints the figures that the project promises, each beside its bound. Ratios come from one run, rounds interleaved, medians of rounds.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VectorDB } from '../dist/index.js';
import { textLike } from './data.mjs';

const quick = process.argv.includes('--quick');
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'ruvector-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const dimensions = 384;
const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
const native = (name, ...args) => Number(execFileSync(join(root, 'build/native', name), args.map(String), { encoding: 'utf8' }));
const names = (n) => Array.from({ length: n }, (_, i) => `id${i}`);
let missed = 0;
function report(what, figure, bound, met) {
  if (!met) missed++;
  console.log(`${met ? 'ok  ' : 'MISS'}  ${what.padEnd(66)} ${figure.padStart(14)}   bound ${bound}`);
}
function write(name, data) {
  const path = join(folder, name);
  writeFileSync(path, data);
  return path;
}

const probe = new VectorDB(1);
console.log(`${cpus()[0].model}, ${cpus().length} cores, Node ${process.version}, ${probe.backend}${quick ? ', quick' : ''}`);

// --- What JavaScript adds to a search: a search so small that its own time does not hide it.
{
  const rows = textLike(100, dimensions, 1);
  const queries = textLike(1000, dimensions, 2);
  const file = write('small.f32', queries);
  const path = join(folder, 'small');
  const db = new VectorDB({ dimensions, storagePath: path });
  await db.insertBatch({ ids: names(100), vectors: rows });
  const views = Array.from({ length: 1000 }, (_, i) => queries.subarray(i * dimensions, (i + 1) * dimensions));
  const options = { includeMetadata: false };
  const inNode = [];
  const inCore = [];
  const round = () => {
    const start = performance.now();
    for (const view of views) db.searchSync(view, 10, options);
    return performance.now() - start; // ms for 1,000 is µs for one
  };
  for (let i = 0; i < 10; i++) round();
  for (let i = 0; i < 15; i++) {
    inNode.push(median([round(), round(), round()]));
    inCore.push(native('bench_core_search', path, file, 1000, dimensions, 10, 15));
  }
  const over = median(inNode) - median(inCore);
  report('searchSync over the C++ call, typed arrays, k 10, no metadata', `${over.toFixed(2)} µs`, '5 µs', over <= 5);
  await db.close();
}

// --- Building, opening, against plain hnswlib at the same parameters and threads.
{
  const rows = quick ? 20_000 : 100_000;
  const vectors = textLike(rows, dimensions, 1);
  const file = write('rows.f32', vectors);
  const path = join(folder, 'large');
  const threads = cpus().length;
  const plain = [];
  const ours = [];
  for (let round = 0; round < (quick ? 3 : 1); round++) {
    plain.push(native('bench_hnswlib_build', file, rows, dimensions, 16, 200, threads));
    rmSync(path, { recursive: true, force: true });
    const db = new VectorDB({ dimensions, distanceMetric: 'euclidean', index: 'hnsw', storagePath: path, threads });
    const start = performance.now();
    await db.insertBatch({ ids: names(rows), vectors });
    ours.push((performance.now() - start) / 1000);
    await db.close();
  }
  const ratio = median(ours) / median(plain);
  console.log(
    `      insertBatch ${rows} × ${dimensions}, durable: ${median(ours).toFixed(1)} s; hnswlib addPoint: ${median(plain).toFixed(1)} s; ${threads} threads`,
  );
  report('insertBatch of a packed matrix against hnswlib addPoint', `${ratio.toFixed(2)} ×`, '1.3 ×', ratio <= 1.3);

  // Searching, both on one thread in one process.
  const queries = write('queries.f32', textLike(1000, dimensions, 2));
  const curve = join(root, 'build/native/bench_search_curve');
  const lines = execFileSync(curve, [file, queries, String(dimensions), 'euclidean', join(folder, 'curve'), '5'], { encoding: 'utf8' });
  const points = lines.trim().split('\n').map((line) => JSON.parse(line));
  for (const at of points.filter((point) => point.ratio)) {
    const figures = `${at.ruvector} a second, hnswlib ${at.hnswlib}`;
    console.log(`      search ${rows} × ${dimensions} at recall@10 ${at.recall}: ${figures}, ${at.ratio} ×`);
  }
  const speed = points.find((point) => point.ratio && point.recall === 0.95).ratio;
  report('search at recall@10 0.95 against hnswlib, C++, one thread', `${speed.toFixed(2)} ×`, '5 ×', speed >= 5);

  // Opening, in a process of its own; CPU time of all its threads. A first search proves that there was no rebuild.
  const opening = `
    import { VectorDB } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)};
    const db = new VectorDB({ dimensions: ${dimensions}, storagePath: ${JSON.stringify(path)}, distanceMetric: 'euclidean' });
    db.lenSync; const before = process.cpuUsage(); const start = performance.now();
    const n = db.lenSync(); const hits = db.searchSync(new Float32Array(${dimensions}).fill(0.05), 10);
    const used = process.cpuUsage(before); const wall = performance.now() - start;
    console.log(JSON.stringify({ n, hits: hits.length, cpu: (used.user + used.system) / 1e6, wall: wall / 1e3, stats: db.statsSync() }));
    process.stdout.write('', () => process.kill(process.pid, 'SIGKILL'));`;
  const open = () =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', opening], { stdio: ['ignore', 'pipe', 'inherit'] });
      let text = '';
      child.stdout.on('data', (bytes) => {
        text += bytes;
      });
      child.on('exit', () => (text ? resolve(JSON.parse(text)) : reject(new Error('the opening process said nothing'))));
    });
  const clean = [];
  for (let i = 0; i < 5; i++) clean.push(await open());
  if (clean[0].n !== rows || clean[0].stats.indexType !== 'hnsw') throw new Error(`opened ${JSON.stringify(clean[0])}`);
  const cpuClean = median(clean.map((o) => o.cpu));
  report(`open ${rows} × ${dimensions} and search once, after a clean close`, `${cpuClean.toFixed(3)} s CPU`, '0.3 s', cpuClean < 0.3);

  // Killed with a log as long as it gets before a checkpoint: 64 MB.
  const more = Math.floor((60 * 2 ** 20) / (dimensions * 4 + 64));
  const writing = `
    import { VectorDB } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)};
    import { readFileSync } from 'node:fs';
    const bytes = readFileSync(${JSON.stringify(file)}); const all = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    const db = new VectorDB({ dimensions: ${dimensions}, storagePath: ${JSON.stringify(path)}, distanceMetric: 'euclidean', index: 'flat' });
    const n = Math.min(${more}, ${rows});
    await db.insertBatch({ ids: Array.from({ length: n }, (_, i) => 'more' + i), vectors: all.subarray(0, n * ${dimensions}) });
    process.stdout.write('done', () => process.kill(process.pid, 'SIGKILL'));`;
  await new Promise((resolve) => {
    spawn(process.execPath, ['--input-type=module', '-e', writing], { stdio: ['ignore', 'ignore', 'inherit'] }).on('exit', resolve);
  });
  const killed = await open();
  const expected = rows + Math.min(more, rows);
  if (killed.n !== expected) throw new Error(`after the kill ${killed.n} rows, expected ${expected}`);
  report(
    `open ${killed.n} × ${dimensions} after a kill, ${(killed.stats.walBytes / 2 ** 20).toFixed(0)} MB of log`,
    `${killed.cpu.toFixed(3)} s CPU`,
    '2 s',
    killed.cpu < 2,
  );
}

// --- WebAssembly with and without SIMD, in processes of their own, rounds interleaved.
{
  const searching = `
    import { VectorDB } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)};
    import { textLike } from ${JSON.stringify(new URL('data.mjs', import.meta.url).href)};
    const db = await VectorDB.open({ dimensions: ${dimensions}, index: 'hnsw', backend: process.argv[1] });
    await db.insertBatch({ vectors: textLike(10000, ${dimensions}, 1) });
    const queries = textLike(500, ${dimensions}, 2); const options = { includeMetadata: false, efSearch: 100 };
    const views = Array.from({ length: 500 }, (_, i) => queries.subarray(i * ${dimensions}, (i + 1) * ${dimensions}));
    process.on('message', () => { const start = performance.now(); for (const v of views) db.searchSync(v, 10, options); process.send((performance.now() - start) * 2); });
    process.send(0);`;
  const start = async (backend, variant) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', searching, backend], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, RUVECTOR_WASM: variant },
    });
    const next = () => new Promise((resolve) => child.once('message', resolve));
    await next();
    return {
      child,
      measure() {
        const result = next();
        child.send('go');
        return result;
      },
    };
  };
  const kinds = { native: await start('native', 'simd'), simd: await start('wasm', 'simd'), scalar: await start('wasm', 'scalar') };
  const times = { native: [], simd: [], scalar: [] };
  for (let round = 0; round < 12; round++) {
    for (const kind of Object.keys(kinds)) {
      const spent = await kinds[kind].measure();
      if (round >= 3) times[kind].push(spent);
    }
  }
  for (const kind of Object.values(kinds)) kind.child.kill();
  const us = Object.fromEntries(Object.entries(times).map(([kind, list]) => [kind, median(list)]));
  console.log(
    `      searchSync, 10,000 × ${dimensions}, ef 100, k 10: native ${us.native.toFixed(0)} µs, wasm-simd ${us.simd.toFixed(0)} µs, wasm-scalar ${us.scalar.toFixed(0)} µs`,
  );
  const gain = us.scalar / us.simd;
  report('WASM SIMD against WASM scalar, 10,000 × 384, ef 100', `${gain.toFixed(2)} ×`, '2.5 ×', gain >= 2.5);
}

console.log(missed === 0 ? 'every bound is met' : `${missed} bound(s) missed`);
