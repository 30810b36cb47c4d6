// One database over several workers: builds it, times it, and holds its answers against those of one database. The same in the page and in Node.
import { dimensions, makeVectors } from './vectors.js';

const k = 10;
const atOnce = 5000;
const batch = 200;
const sample = 50;

function* parts(vectors) {
  const rows = vectors.length / dimensions;
  for (let first = 0; first < rows; first += atOnce) {
    const last = Math.min(first + atOnce, rows);
    const ids = Array.from({ length: last - first }, (_, i) => first + i);
    yield { done: last, matrix: { ids, vectors: vectors.subarray(first * dimensions, last * dimensions) } };
  }
}

const idsOf = (found) => found.map((hits) => hits.map(({ id }) => id));

/** Calls progress(done, rows) while it builds. `ruvector` is the package, `options` what else the shards are opened with. */
export async function measure({ ShardedVectorDB, VectorDB }, rows, progress, options = {}) {
  const vectors = makeVectors(rows, 1);
  const asked = makeVectors(batch, 2);
  const queries = Array.from({ length: batch }, (_, q) => ({ vector: asked.subarray(q * dimensions, (q + 1) * dimensions), k }));
  const time = async (run) => {
    const start = performance.now();
    return { result: await run(), ms: performance.now() - start };
  };

  // A graph from 256 rows on, however few are asked for; by default from 10,000 in a shard.
  const db = await ShardedVectorDB.open({ dimensions, index: 'hnsw', ...options });
  try {
    const building = await time(async () => {
      for (const { done, matrix } of parts(vectors)) {
        await db.insertBatch(matrix);
        progress(done, rows);
      }
    });
    await db.searchBatch(queries); // the first search wakes what the others need
    const single = [];
    for (const query of queries.slice(0, sample)) single.push((await time(() => db.search(query))).ms);
    const together = await time(() => db.searchBatch(queries));

    // One database without an index: it compares every row, and is the truth.
    const one = await VectorDB.open({ dimensions, index: 'flat' });
    try {
      for (const { matrix } of parts(vectors)) await one.insertBatch(matrix);
      const some = queries.slice(0, sample);
      const truth = idsOf(await one.searchBatch(some));
      const exact = idsOf(await db.searchBatch(some.map((query) => ({ ...query, exact: true }))));
      const walked = idsOf(together.result);
      return {
        rows: await db.len(),
        shards: db.shards,
        backend: db.backend,
        buildMs: building.ms,
        queryMs: single.sort((a, b) => a - b)[sample >> 1],
        batchMs: together.ms,
        batch,
        sample,
        // Queries whose hits are the same, in the same order, where shards compare every row too.
        same: truth.filter((ids, q) => ids.join() === exact[q].join()).length,
        // Share of the true hits that searches as above found.
        recall: truth.flatMap((ids, q) => ids.map((id) => Number(walked[q].includes(id)))).reduce((a, b) => a + b) / (sample * k),
      };
    } finally {
      await one.close();
    }
  } finally {
    await db.close();
  }
}

/** [what, how much] for people. */
export function describe({ rows, shards, backend, buildMs, queryMs, batchMs, batch, sample, same, recall }) {
  return [
    [
      'built',
      `${rows.toLocaleString('en-US')} vectors × ${dimensions} in ${shards} shards by ${backend}: ${(buildMs / 1000).toFixed(1)} s`,
    ],
    ['one query', `${queryMs.toFixed(2)} ms, the median of ${sample}`],
    [`a batch of ${batch}`, `${batchMs.toFixed(1)} ms, ${(batchMs / batch).toFixed(2)} ms a query`],
    ['recall@10', `${recall.toFixed(3)}, by the graphs of the shards`],
    ['exact: true', `${same} of ${sample} queries: the same hits as one database that compares every row`],
  ];
}
