// The slow exact truth, in doubles.
import type { Metric } from 'ruvector';

export function distance(metric: Metric, a: ArrayLike<number>, b: ArrayLike<number>): number {
  let dot = 0;
  let aa = 0;
  let bb = 0;
  let l2 = 0;
  let l1 = 0;
  for (let i = 0; i < a.length; i++) {
    const x = a[i] as number;
    const y = b[i] as number;
    dot += x * y;
    aa += x * x;
    bb += y * y;
    l2 += (x - y) * (x - y);
    l1 += Math.abs(x - y);
  }
  if (metric === 'cosine') return 1 - dot / Math.sqrt(aa * bb);
  if (metric === 'dot') return -dot;
  return metric === 'euclidean' ? Math.sqrt(l2) : l1;
}

export function similarity(metric: Metric, d: number): number {
  if (metric === 'cosine') return 1 - d;
  return metric === 'dot' ? -d : 1 / (1 + d);
}

export interface Neighbor {
  id: string;
  distance: number;
}

/** The k nearest, closest first, ties by id. */
export function nearest(
  metric: Metric,
  rows: Iterable<readonly [string, ArrayLike<number>]>,
  query: ArrayLike<number>,
  k: number,
): Neighbor[] {
  const all: Neighbor[] = [];
  for (const [id, vector] of rows) all.push({ id, distance: distance(metric, vector, query) });
  all.sort((a, b) => a.distance - b.distance || (a.id < b.id ? -1 : 1));
  return all.slice(0, k);
}

/** The share of the true neighbours that were found. */
export function recall(found: readonly { id: string }[], truth: readonly Neighbor[]): number {
  const ids = new Set(found.map((hit) => hit.id));
  return truth.filter((t) => ids.has(t.id)).length / truth.length;
}
