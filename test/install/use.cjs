// What run.mjs has each program run, with the installed package: writes natively, reads as WebAssembly.
const { rmSync } = require('node:fs');
const ruvector = require('ruvector');

const use = async ({ VectorDB, RuvectorError }) => {
  const storagePath = `./memory-${process.pid}`;
  const native = await VectorDB.open({ dimensions: 2, storagePath, backend: 'native' });
  await native.insertBatch([
    { id: 'east', vector: [1, 0], metadata: { warm: true } },
    { id: 'north', vector: [0, 1], metadata: { warm: false } },
  ]);
  const error = await native.insert({ vector: [1, 2, 3] }).catch((reason) => reason);
  await native.close();
  const wasm = await VectorDB.open({ storagePath, backend: 'wasm' });
  const hits = await wasm.search({ vector: [1, 0.1], k: 2, filter: { warm: { $in: [true, false] } } });
  console.log(
    JSON.stringify({
      backends: [native.backend.split(' ')[0], wasm.backend],
      hits: hits.map((hit) => hit.id),
      error: error instanceof RuvectorError && error.code,
    }),
  );
  await wasm.close();
  rmSync(storagePath, { recursive: true });
};
use(ruvector);
