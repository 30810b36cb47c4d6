// searchBatch: over threads, against a plain loop on one thread, and what awaiting and objects cost it.
import { inTurns, VectorDB } from './context.mjs';

export const title = 'Batches';
export async function measure(context) {
  const { set, path, queries } = await context.large();
  const open = (threads) => VectorDB.open({ dimensions: 384, distanceMetric: 'euclidean', storagePath: path, readOnly: true, threads });
  const [one, two] = [await open(1), await open(2)];
  const options = { includeMetadata: false, efSearch: 50 };
  const batches = Array.from({ length: 10 }, (_, b) =>
    queries.slice(b * 100, (b + 1) * 100).map((vector) => ({ vector, k: 10, ...options })),
  );
  const matrices = batches.map((batch) => {
    const matrix = new Float32Array(batch.length * 384);
    for (const [i, { vector }] of batch.entries()) matrix.set(vector, i * 384);
    return matrix;
  });
  const batchesSync = (db) => () => {
    for (const batch of batches) db.searchBatchSync(batch);
  };
  const raw = (db) => async () => {
    for (const matrix of matrices) await db.searchRaw(matrix, 10, { efSearch: 50 });
  };
  const rawSync = (db) => () => {
    for (const matrix of matrices) db.searchRawSync(matrix, 10, { efSearch: 50 });
  };
  const spent = await inTurns(9, {
    loop: () => {
      for (const query of queries) one.searchSync(query, 10, options);
    },
    one: async () => {
      for (const batch of batches) await one.searchBatch(batch);
    },
    two: async () => {
      for (const batch of batches) await two.searchBatch(batch);
    },
    oneSync: batchesSync(one),
    twoSync: batchesSync(two),
    oneRaw: raw(one),
    twoRaw: raw(two),
    oneRawSync: rawSync(one),
    twoRawSync: rawSync(two),
  });
  await one.close();
  await two.close();
  const us = (ms) => `${((ms * 1000) / queries.length).toFixed(1)} µs`;
  const threads = (a, b) => `${us(a)}, with 2 threads ${us(b)} (${(a / b).toFixed(2)} ×)`;
  context.note(
    `${set.name}, efSearch 50, batches of 100, a query: searchSync ${us(spent.loop)}, searchBatch ${us(spent.one)}, with 2 threads ${us(spent.two)}`,
  );
  context.note(`searchBatchSync ${threads(spent.oneSync, spent.twoSync)}`);
  context.note(`searchRaw ${threads(spent.oneRaw, spent.twoRaw)}, searchRawSync ${threads(spent.oneRawSync, spent.twoRawSync)}`);
  context.atLeast('searchBatch with 2 threads against 1', spent.one / spent.two, 1.8);
  context.atLeast('searchBatch with 1 thread against a loop of searchSync', spent.loop / spent.one, 1.3);
}
