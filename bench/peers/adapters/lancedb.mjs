import * as lancedb from '@lancedb/lancedb';

export default () => ({
  package: '@lancedb/lancedb',
  note: 'IVF of one partition with HNSW over 8-bit codes, refineFactor 2 (so ef is at least 2 k); only the number is read from the table; an answer is an Arrow table',
  knob: 'ef',
  async open(_set, folder) {
    const db = await lancedb.connect(folder);
    let table;
    let ef = 64;
    const search = (query, k) =>
      table
        .vectorSearch(query)
        .ef(Math.max(ef, 2 * k))
        .refineFactor(2)
        .limit(k)
        .select(['number', '_distance']);
    return {
      async build(vectors, { rows, dimensions }) {
        const entry = (i) => ({ number: i, bucket: 1 + (i % 100), vector: vectors.subarray(i * dimensions, (i + 1) * dimensions) });
        for (let begin = 0; begin < rows; begin += 10_000) {
          const some = Array.from({ length: Math.min(10_000, rows - begin) }, (_, i) => entry(begin + i));
          if (begin === 0) table = await db.createTable('rows', some);
          else await table.add(some);
        }
        await table.createIndex('vector', {
          config: lancedb.Index.hnswSq({ distanceType: 'l2', numPartitions: 1, m: 16, efConstruction: 200 }),
        });
        await table.createIndex('bucket');
      },
      query: (vector) => vector,
      setKnob(value) {
        ef = value;
      },
      search: (query, k) => search(query, k).toArrow(),
      numbers: (found) => Array.from(found.getChild('number'), Number),
      searchUpTo: (query, k, bucket) => search(query, k).where(`bucket <= ${bucket}`).toArrow(),
      save() {},
      async load() {
        table = await db.openTable('rows');
      },
    };
  },
});
