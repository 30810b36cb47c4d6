// searchBatch: over threads, and against a plain loop on one thread.
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
  });
  await one.close();
  await two.close();
  const us = (ms) => `${((ms * 1000) / queries.length).toFixed(1)} µs`;
  context.note(
    `${set.name}, efSearch 50, batches of 100, a query: searchSync ${us(spent.loop)}, searchBatch ${us(spent.one)}, with 2 threads ${us(spent.two)}`,
  );
  context.atLeast('searchBatch with 2 threads against 1', spent.one / spent.two, 1.8);
  context.atLeast('searchBatch with 1 thread against a loop of searchSync', spent.loop / spent.one, 1.3);
}
