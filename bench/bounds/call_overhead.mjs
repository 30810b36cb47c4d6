// What JavaScript adds to a search: of 100 rows, so small that its own time does not hide it.
import { join } from 'node:path';
import { dataset, queriesOf, rowsOf } from '../data/dataset.mjs';
import { median, VectorDB } from './context.mjs';

export const title = 'What JavaScript adds to a search';
export async function measure(context) {
  const set = dataset('text', 100, 384);
  const queries = queriesOf(set);
  const path = context.path('small');
  const db = new VectorDB({ dimensions: 384, storagePath: path });
  await db.insertBatch({ vectors: rowsOf(set) });
  const options = { includeMetadata: false };
  const round = () => {
    const start = performance.now();
    for (const query of queries) db.searchSync(query, 10, options);
    return performance.now() - start; // ms for 1,000 is µs for one
  };
  for (let i = 0; i < 10; i++) round();
  const inNode = [];
  const inCore = [];
  for (let i = 0; i < 15; i++) {
    inNode.push(median([round(), round(), round()]));
    inCore.push(context.native('bench_core_search', path, join(set.folder, 'queries.f32'), 1000, 384, 10, 15));
  }
  await db.close();
  const over = median(inNode) - median(inCore);
  context.atMost('searchSync over the C++ call, typed arrays, k 10, no metadata', over, 5, (us) => `${us.toFixed(2)} µs`);
}
