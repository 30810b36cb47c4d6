// Made for browsers: it asks for a window, and its loader for IndexedDB, which Node has not; the module inside needs neither.

import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

export default () => ({
  package: 'hnswlib-wasm',
  note: 'without its loader, which needs a browser; it keeps nothing outside of one',
  knob: 'efSearch',
  async open({ rows, dimensions }) {
    globalThis.window = globalThis;
    const folder = join(dirname(createRequire(import.meta.url).resolve('hnswlib-wasm/package.json')), 'dist');
    const file = readdirSync(folder).find((name) => /^hnswlib-[0-9a-f]+\.js$/.test(name));
    const { default: factory } = await import(pathToFileURL(join(folder, file)).href);
    const lib = await factory();
    const index = new lib.HierarchicalNSW('l2', dimensions, '');
    return {
      build(vectors) {
        index.initIndex(rows, 16, 200, 100);
        for (let i = 0; i < rows; i++) index.addPoint(vectors.subarray(i * dimensions, (i + 1) * dimensions), i, false);
      },
      query: (vector) => vector,
      setKnob: (value) => index.setEfSearch(value),
      search: (query, k) => index.searchKnn(query, k, undefined),
      numbers: ({ neighbors, distances }) => (distances.length > 1 && distances[0] > distances.at(-1) ? neighbors.toReversed() : neighbors),
      searchUpTo: (query, k, bucket) => index.searchKnn(query, k, (number) => number % 100 < bucket),
    };
  },
});
