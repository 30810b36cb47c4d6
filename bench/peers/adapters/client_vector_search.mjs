import { EmbeddingIndex } from 'client-vector-search';

export default () => ({
  package: 'client-vector-search',
  note: 'compares every row in JavaScript; takes arrays of numbers only: turning a Float32Array into one is left out; filters by equality only; it keeps nothing outside of a browser',
  knob: null,
  unitOnly: true,
  async open({ rows, dimensions }) {
    let index;
    return {
      build(vectors) {
        index = new EmbeddingIndex(
          Array.from({ length: rows }, (_, i) => ({
            number: i,
            bucket: 1 + (i % 100),
            embedding: Array.from(vectors.subarray(i * dimensions, (i + 1) * dimensions)),
          })),
        );
      },
      query: (vector) => Array.from(vector),
      search: (query, k) => index.search(query, { topK: k }),
      numbers: (found) => found.map(({ object }) => object.number),
    };
  },
});
