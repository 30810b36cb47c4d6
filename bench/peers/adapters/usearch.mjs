// Options { quantization: f32 | i8 }.
import { join } from 'node:path';
import usearch from 'usearch';

export default ({ quantization }) => ({
  package: 'usearch',
  note: `${quantization}; efSearch can only be given to a new index, so the saved one is loaded again for each, which is left out`,
  knob: 'expansion_search',
  // i8 holds values of length 1.
  unitOnly: quantization === 'i8',
  async open({ rows, dimensions }, folder, threads) {
    const file = join(folder, 'index');
    const make = (expansion_search) =>
      new usearch.Index({
        dimensions,
        metric: quantization === 'i8' ? usearch.MetricKind.Cos : usearch.MetricKind.L2sq,
        quantization,
        connectivity: 16,
        expansion_add: 200,
        expansion_search,
        multi: false,
      });
    let index = make(64);
    let current = 64;
    const load = () => index.load(file);
    return {
      build(vectors) {
        index.add(
          BigUint64Array.from({ length: rows }, (_, i) => BigInt(i)),
          vectors,
          threads,
        );
      },
      query: (vector) => vector,
      setKnob(value) {
        if (value === current) return;
        index = make(value);
        current = value;
        load();
      },
      search: (query, k) => index.search(query, k, 1),
      numbers: (matches) => Array.from(matches.keys, Number),
      searchAll: (queries, k) => {
        const matrix = new Float32Array(queries.length * dimensions);
        for (let i = 0; i < queries.length; i++) matrix.set(queries[i], i * dimensions);
        const found = index.search(matrix, k, threads);
        return queries.map((_, i) => found.get(i));
      },
      save: () => index.save(file),
      load,
    };
  },
});
