import { join } from 'node:path';
import hnswlib from 'hnswlib-node';

export default () => ({
  package: 'hnswlib-node',
  note: 'takes arrays of numbers only: turning a Float32Array into one is left out; builds on one thread',
  knob: 'efSearch',
  async open({ rows, dimensions }, folder) {
    const index = new hnswlib.HierarchicalNSW('l2', dimensions);
    const file = join(folder, 'index');
    return {
      build(vectors) {
        index.initIndex({ maxElements: rows, m: 16, efConstruction: 200, randomSeed: 100 });
        for (let i = 0; i < rows; i++) index.addPoint(Array.from(vectors.subarray(i * dimensions, (i + 1) * dimensions)), i);
      },
      query: (vector) => Array.from(vector),
      setKnob: (value) => index.setEf(value),
      search: (query, k) => index.searchKnn(query, k),
      // Farthest first, unlike the others.
      numbers: ({ neighbors, distances }) => (distances.length > 1 && distances[0] > distances.at(-1) ? neighbors.toReversed() : neighbors),
      searchUpTo: (query, k, bucket) => index.searchKnn(query, k, (number) => number % 100 < bucket),
      save: () => index.writeIndexSync(file),
      load: () => index.readIndexSync(file),
    };
  },
});
