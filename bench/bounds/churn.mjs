// Half of the rows deleted and as many inserted, a thousand at a time, against a fresh build of what is there then.
import { dataset, queriesOf, rowsOf } from '../data/dataset.mjs';
import { numbered, recallOf, VectorDB } from './context.mjs';

export const title = 'Churn';
export async function measure(context) {
  const set = dataset('sift-hard', context.rows, 128);
  const strangers = rowsOf(dataset('sift-easy', context.rows / 2, 128));
  const vectors = rowsOf(set);
  const row = (i) => vectors.subarray(i * 128, (i + 1) * 128);
  const open = () => VectorDB.open({ dimensions: 128, distanceMetric: 'euclidean', index: 'hnsw' });
  const fresh = await open();
  await fresh.insertBatch(numbered(vectors, set.rows));

  // First the even rows among strangers; then the strangers go and the odd rows come.
  const churned = await open();
  const first = [];
  for (let i = 0; i < set.rows; i += 2) {
    first.push({ id: i, vector: row(i) }, { id: `stranger${i / 2}`, vector: strangers.subarray(i * 64, i * 64 + 128) });
  }
  await churned.insertBatch(first);
  for (let begin = 0; begin < set.rows; begin += 2000) {
    const odd = Array.from({ length: Math.min(1000, (set.rows - begin) / 2) }, (_, i) => begin + 2 * i + 1);
    await churned.deleteBatch(odd.map((i) => `stranger${(i - 1) / 2}`));
    await churned.insertBatch(odd.map((i) => ({ id: i, vector: row(i) })));
  }
  const queries = queriesOf(set);
  const options = { includeMetadata: false, efSearch: 64 };
  const of = (db) => recallOf(set, queries, (query) => db.searchSync(query, 10, options));
  const [before, after] = [await of(fresh), await of(churned)];
  let unreached = 0;
  for (let i = 0; i < set.rows; i++) {
    const hits = churned.searchSync(row(i), 1, { includeMetadata: false, efSearch: 200 });
    // Another row with the same vector does as well.
    if (hits[0].distance > 0) unreached++;
  }
  await fresh.close();
  await churned.close();
  context.note(`${set.name}, efSearch 64: recall@10 ${before.toFixed(4)} fresh, ${after.toFixed(4)} after churn`);
  context.atMost('recall@10 lost by churn of one half', before - after, 0.01, (r) => r.toFixed(4));
  context.line(`rows of ${set.rows} that a search for their own vector does not find`, String(unreached), '0', unreached === 0);
}
