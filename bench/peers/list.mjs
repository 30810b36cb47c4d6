// Who takes part, in the order of the report: a name, the adapter and its options.
export const ours = ['ruvector', 'ruvector async', 'ruvector wasm'];
export const peers = [
  { name: 'ruvector', adapter: 'ruvector', options: { backend: 'native', calls: 'sync' } },
  { name: 'ruvector async', adapter: 'ruvector', options: { backend: 'native', calls: 'async' } },
  { name: 'ruvector wasm', adapter: 'ruvector', options: { backend: 'wasm', calls: 'sync' } },
  { name: 'hnswlib-node', adapter: 'hnswlib_node' },
  { name: 'usearch f32', adapter: 'usearch', options: { quantization: 'f32' } },
  { name: 'usearch i8', adapter: 'usearch', options: { quantization: 'i8' } },
  { name: '@lancedb/lancedb', adapter: 'lancedb' },
  { name: '@ruvector/core', adapter: 'ruvector_core' },
  { name: 'sqlite-vec', adapter: 'sqlite_vec' },
  { name: 'hnswlib-wasm', adapter: 'hnswlib_wasm' },
  { name: 'edgevec', adapter: 'edgevec' },
  { name: 'vectra', adapter: 'vectra' },
  { name: 'client-vector-search', adapter: 'client_vector_search' },
];
