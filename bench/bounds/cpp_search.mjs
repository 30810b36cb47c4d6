// Searching in C++ against hnswlib, on one thread, rounds of both in one process (bench/native/search_curve.cc).
import { join } from 'node:path';
import { dataset, mnist } from '../data/dataset.mjs';

export const title = 'Searching, C++, one thread, against hnswlib';
export async function measure(context) {
  const sets = [{ set: dataset('text', context.rows, 384), bounds: { 0.95: 5 } }];
  if (context.full) {
    sets.push(
      { set: dataset('sift-hard', 500_000, 128), bounds: { 0.95: 3.6 } },
      { set: dataset('sift-easy', 1_000_000, 128), bounds: { 0.9: 3, 0.95: 3 } },
      { set: mnist(), bounds: { 0.95: 3.5 } },
    );
  } else {
    sets.push({ set: dataset('sift-hard', context.rows, 128), bounds: { 0.95: 3.6 } });
  }
  for (const { set, bounds } of sets) {
    if (set === null) {
      context.note('MNIST is not here (RUVECTOR_DATA): not measured');
      continue;
    }
    const files = [join(set.folder, 'rows.f32'), join(set.folder, 'queries.f32')];
    const text = context.nativeText('bench_search_curve', ...files, set.dimensions, 'euclidean', context.path(`curve-${set.name}`), 5);
    const points = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    for (const { recall, hnswlib, ruvector, ratio } of points.filter((point) => point.ratio !== undefined)) {
      context.note(`${set.name}, recall@10 ${recall}: ${ruvector} a second, hnswlib ${hnswlib}`);
      if (bounds[recall]) context.atLeast(`search ${set.name} at recall@10 ${recall} against hnswlib`, ratio, bounds[recall]);
      if (set.rows === 1_000_000 && recall === 0.95)
        context.atLeast(`search ${set.name} at recall@10 0.95`, ruvector, 50_000, (n) => `${n} /s`);
    }
  }
}
