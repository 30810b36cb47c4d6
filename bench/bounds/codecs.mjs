// Recall of every codec through the public interface, and what it costs on disk.
import { dataset, queriesOf, rowsOf } from '../data/dataset.mjs';
import { inTurns, numbered, recallOf, VectorDB } from './context.mjs';

export const title = 'Codecs';
const codecs = [
  { type: 'none' },
  { type: 'spherical', bits: 8 },
  { type: 'spherical', bits: 4 },
  { type: 'scalar', bits: 8 },
  { type: 'scalar', bits: 4 },
  { type: 'product' },
  { type: 'binary' },
  { type: 'rotated', bits: 1 },
  { type: 'rotated', bits: 4 },
];
export async function measure(context) {
  const set = dataset('text', context.rows, 384);
  const vectors = rowsOf(set);
  const queries = queriesOf(set);
  for (const quantization of codecs) {
    const name = quantization.bits ? `${quantization.type}, ${quantization.bits} bits` : quantization.type;
    const what = `recall@10 at efSearch 400 after measuring again, ${name}`;
    await context.whereSupported(what, '≥ 0.9900', async () => {
      const storagePath = context.path(`codec-${quantization.type}-${quantization.bits}`);
      const db = await VectorDB.open({ dimensions: 384, distanceMetric: 'euclidean', index: 'hnsw', quantization, storagePath });
      await db.insertBatch(numbered(vectors, set.rows));
      await db.compact();
      const recall = {};
      const spent = {};
      for (const efSearch of [50, 400]) {
        const options = { includeMetadata: false, efSearch };
        recall[efSearch] = await recallOf(set, queries, (query) => db.searchSync(query, 10, options));
        spent[efSearch] = (
          await inTurns(3, {
            all: () => {
              for (const query of queries) db.searchSync(query, 10, options);
            },
          })
        ).all;
      }
      const disk = (await db.stats()).diskUsage / set.rows;
      await db.close();
      context.note(
        `${set.name}, ${name}: ${disk.toFixed(0)} B on disk a row; efSearch 50: ${spent[50].toFixed(1)} µs, 400: ${spent[400].toFixed(1)} µs`,
      );
      context.atLeast(`recall@10 at efSearch 50, ${name}`, recall[50], 0.95, (r) => r.toFixed(4));
      context.atLeast(what, recall[400], 0.99, (r) => r.toFixed(4));
    });
  }
}
