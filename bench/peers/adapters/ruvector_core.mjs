import { join } from 'node:path';
import core from '@ruvector/core';

export default () => ({
  package: '@ruvector/core',
  note: 'every answer carries its vectors, which cannot be switched off',
  knob: 'efSearch',
  async open({ rows, dimensions }, folder) {
    const db = new core.VectorDb({
      dimensions,
      storagePath: join(folder, 'db'),
      distanceMetric: 'Euclidean',
      hnswConfig: { m: 16, efConstruction: 200, efSearch: 64, maxElements: rows },
    });
    let efSearch = 64;
    return {
      async build(vectors) {
        for (let begin = 0; begin < rows; begin += 1000) {
          await db.insertBatch(
            Array.from({ length: Math.min(1000, rows - begin) }, (_, i) => ({
              id: String(begin + i),
              vector: vectors.subarray((begin + i) * dimensions, (begin + i + 1) * dimensions),
            })),
          );
        }
      },
      query: (vector) => vector,
      setKnob(value) {
        efSearch = value;
      },
      search: (query, k) => db.search({ vector: query, k, efSearch }),
      numbers: (found) => found.map(({ id }) => Number(id)),
      save() {},
      load() {},
    };
  },
});
