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

/** Least recall@10 of approximate answers: the one table of thresholds. */
export const leastRecall = {
  /** Text-like and real vectors, options as they come. */
  atDefaults: 0.95,
  /** The same at efSearch 200. */
  atEf200: 0.99,
  /** Gaussian vectors in 32 dimensions, options as they come: nothing clusters, so this is the hard case. */
  hard: 0.95,
};

interface Found {
  id: string;
  distance: number;
  similarity: number;
}

/**
 * Says how hits differ from the k nearest of `rows`, or nothing. Rows whose distances differ by no more than rounding to 32 bits may stand
 * for each other; the order of the hits, ties by id, must be right by their own distances.
 */
export function disagreement(
  metric: Metric,
  rows: ReadonlyMap<string, ArrayLike<number>>,
  query: ArrayLike<number>,
  k: number,
  hits: readonly Found[],
): string | undefined {
  const truth = nearest(metric, rows, query, k);
  if (hits.length !== truth.length) return `${hits.length} hits, expected ${truth.length}`;
  if (new Set(hits.map((hit) => hit.id)).size !== hits.length) return 'an id twice';
  const length = (v: ArrayLike<number>) => Math.sqrt(Array.from(v).reduce((sum, x) => sum + x * x, 0));
  const queryLength = length(query);
  for (const [i, hit] of hits.entries()) {
    const vector = rows.get(hit.id);
    if (!vector) return `hit ${i}: there is no row ${hit.id}`;
    // Rounding of a dot product grows with the lengths, not with the result.
    const scale = metric === 'dot' ? length(vector) * queryLength : metric === 'cosine' ? 1 : Math.abs(hit.distance);
    const near = (a: number, b: number) => Math.abs(a - b) <= 1e-5 * scale + 1e-9;
    const own = distance(metric, vector, query);
    if (!near(hit.distance, own)) return `hit ${i} (${hit.id}): distance ${hit.distance}, expected ${own}`;
    const best = (truth[i] as Neighbor).distance;
    if (!near(hit.distance, best)) return `hit ${i} (${hit.id}): distance ${hit.distance}, but a row is at ${best}`;
    const like = similarity(metric, hit.distance);
    if (Math.abs(hit.similarity - like) > 1e-12 * Math.abs(like)) return `hit ${i}: similarity ${hit.similarity}, expected ${like}`;
    const before = hits[i - 1];
    if (before && (before.distance > hit.distance || (before.distance === hit.distance && before.id > hit.id))) {
      return `hits ${i - 1} and ${i} are in the wrong order: ${before.id} ${before.distance}, ${hit.id} ${hit.distance}`;
    }
  }
  return undefined;
}
