import vectra from 'vectra';

export default () => ({
  package: 'vectra',
  note: 'compares every row in JavaScript; takes arrays of numbers only: turning a Float32Array into one is left out',
  knob: null,
  unitOnly: true,
  async open({ rows, dimensions }, folder) {
    const index = new vectra.LocalIndex(folder);
    return {
      async build(vectors) {
        await index.createIndex({ version: 1, deleteIfExists: true, metadata_config: { indexed: ['bucket'] } });
        await index.batchInsertItems(
          Array.from({ length: rows }, (_, i) => ({
            id: String(i),
            vector: Array.from(vectors.subarray(i * dimensions, (i + 1) * dimensions)),
            metadata: { bucket: 1 + (i % 100) },
          })),
        );
      },
      query: (vector) => Array.from(vector),
      search: (query, k) => index.queryItems(query, '', k),
      numbers: (found) => found.map(({ item }) => Number(item.id)),
      searchUpTo: (query, k, bucket) => index.queryItems(query, '', k, { bucket: { $lte: bucket } }),
      save() {},
      load() {},
    };
  },
});
