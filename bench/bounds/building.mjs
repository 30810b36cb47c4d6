// insertBatch, durable and with its log, against hnswlib's addPoint at the same parameters and threads.
import { rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { dataset, rowsOf } from '../data/dataset.mjs';
import { median, VectorDB } from './context.mjs';

export const title = 'Building';
export async function measure(context) {
  const set = dataset('text', context.rows, 384);
  const vectors = rowsOf(set);
  const ids = Array.from({ length: set.rows }, (_, i) => `id${i}`);
  for (const threads of new Set([cpus().length, 1])) {
    const plain = [];
    const ours = [];
    for (let round = 0; round < (context.full ? 1 : 3); round++) {
      plain.push(context.native('bench_hnswlib_build', join(set.folder, 'rows.f32'), set.rows, 384, 16, 200, threads));
      const path = context.path('built');
      rmSync(path, { recursive: true, force: true });
      const db = new VectorDB({ dimensions: 384, distanceMetric: 'euclidean', index: 'hnsw', storagePath: path, threads });
      const start = performance.now();
      await db.insertBatch({ ids, vectors });
      ours.push((performance.now() - start) / 1000);
      await db.close();
    }
    context.note(
      `insertBatch ${set.name}, durable: ${median(ours).toFixed(1)} s; hnswlib addPoint: ${median(plain).toFixed(1)} s; ${threads} thread(s)`,
    );
    const speed = median(plain) / median(ours);
    context.atLeast(`insertBatch against hnswlib addPoint, ${threads} thread(s)`, speed, threads > 1 ? 1.5 : 1.3);
  }
}
