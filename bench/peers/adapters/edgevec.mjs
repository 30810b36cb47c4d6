import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import init, { EdgeVec, EdgeVecConfig } from 'edgevec/edgevec.js';

export default () => ({
  package: 'edgevec',
  note: 'efSearch cannot be changed after building: measured at 64 only; it keeps nothing outside of a browser',
  knob: null,
  async open({ rows, dimensions }) {
    await init({ module_or_path: readFileSync(createRequire(import.meta.url).resolve('edgevec/edgevec_bg.wasm')) });
    const config = new EdgeVecConfig(dimensions);
    config.m = 16;
    config.m0 = 32;
    config.ef_construction = 200;
    config.ef_search = 64;
    const index = new EdgeVec(config);
    return {
      build(vectors) {
        for (let begin = 0; begin < rows; begin += 1000) {
          const end = Math.min(begin + 1000, rows);
          index.insertBatchFlat(vectors.subarray(begin * dimensions, end * dimensions), end - begin);
        }
      },
      query: (vector) => vector,
      search: (query, k) => index.search(query, k),
      // It counts from 1.
      numbers: (found) => found.map(({ id }) => id - 1),
    };
  },
});
