// WebAssembly with and without SIMD beside native, in processes of their own, in turns.
import { spawn } from 'node:child_process';
import { dataset } from '../data/dataset.mjs';
import { library, median } from './context.mjs';

export const title = 'WebAssembly';
const searching = (set) => `
  import { VectorDB } from ${JSON.stringify(library)};
  import { queriesOf, rowsOf } from ${JSON.stringify(new URL('../data/dataset.mjs', import.meta.url).href)};
  const set = ${JSON.stringify(set)};
  const db = await VectorDB.open({ dimensions: set.dimensions, distanceMetric: 'euclidean', index: 'hnsw', backend: process.argv[1] });
  await db.insertBatch({ vectors: rowsOf(set) });
  const queries = queriesOf(set).slice(0, 500);
  const options = { includeMetadata: false, efSearch: 100 };
  process.on('message', () => {
    const start = performance.now();
    for (const query of queries) db.searchSync(query, 10, options);
    process.send((performance.now() - start) * 2); // ms for 500, twice, is µs for one
  });
  process.send(0);`;

async function start(set, backend, variant) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', searching(set), backend], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, RUVECTOR_WASM: variant },
  });
  const next = () =>
    new Promise((resolve, reject) => {
      const ended = (code) => reject(new Error(`the ${backend} process ended with code ${code}`));
      child.once('exit', ended);
      child.once('message', (value) => {
        child.off('exit', ended);
        resolve(value);
      });
    });
  await next();
  return {
    child,
    measure() {
      child.send('go');
      return next();
    },
  };
}

export async function measure(context) {
  const set = dataset('text', 10_000, 384);
  const kinds = {
    native: await start(set, 'native', 'simd'),
    simd: await start(set, 'wasm', 'simd'),
    scalar: await start(set, 'wasm', 'scalar'),
  };
  const spent = { native: [], simd: [], scalar: [] };
  for (let round = 0; round < 12; round++) {
    for (const kind of Object.keys(kinds)) {
      const us = await kinds[kind].measure();
      if (round >= 3) spent[kind].push(us);
    }
  }
  for (const { child } of Object.values(kinds)) child.kill();
  const us = Object.fromEntries(Object.entries(spent).map(([kind, list]) => [kind, median(list)]));
  context.note(
    `searchSync, ${set.name}, efSearch 100, k 10: native ${us.native.toFixed(0)} µs, SIMD ${us.simd.toFixed(0)} µs, scalar ${us.scalar.toFixed(0)} µs`,
  );
  context.atLeast(`SIMD against scalar, ${set.name}, efSearch 100`, us.scalar / us.simd, 2.5);
  context.atLeast(`SIMD against native, ${set.name}, efSearch 100`, us.native / us.simd, 0.5);
}
