// Ours, by its public interface: options { backend: native | wasm, calls: sync | async, database: options of VectorDB }.
import { VectorDB } from '../../../dist/index.js';

export default ({ backend, calls, database }) => ({
  package: 'ruvector',
  note: `${backend}, searchSync or search with a Float32Array, no metadata; on disk and durable natively, in memory under WebAssembly`.replace(
    'searchSync or search',
    calls === 'sync' ? 'searchSync' : 'search',
  ),
  knob: 'efSearch',
  // Loads the library itself, as importing does with the others.
  async load() {
    await (await VectorDB.open({ dimensions: 1, backend })).close();
  },
  async open({ rows, dimensions }, folder, threads) {
    const options = { dimensions, distanceMetric: 'euclidean', index: 'hnsw', backend, threads, ...database };
    if (backend === 'native') options.storagePath = folder;
    const db = await VectorDB.open(options);
    const found = { includeMetadata: false };
    return {
      async build(vectors) {
        const ids = Array.from({ length: rows }, (_, i) => i);
        await db.insertBatch({ ids, vectors, metadata: ids.map((i) => ({ bucket: 1 + (i % 100) })) });
        await db.compact();
      },
      query: (vector) => vector,
      setKnob(value) {
        found.efSearch = value;
      },
      search: calls === 'sync' ? (query, k) => db.searchSync(query, k, found) : (query, k) => db.search(query, k, found),
      numbers: (hits) => hits.map((hit) => Number(hit.id)),
      searchUpTo(query, k, bucket) {
        const options = { ...found, filter: { bucket: { $lte: bucket } } };
        return calls === 'sync' ? db.searchSync(query, k, options) : db.search(query, k, options);
      },
      searchAll(queries, k) {
        const all = queries.map((vector) => ({ vector, k, ...found }));
        return calls === 'sync' ? db.searchBatchSync(all) : db.searchBatch(all);
      },
      save: backend === 'native' ? () => db.close() : undefined,
      load() {},
      about: () => ({ backend: db.backend, stats: db.statsSync() }),
    };
  },
});
