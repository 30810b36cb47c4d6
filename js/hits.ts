// Search results, from the columns that come out of the core.
import type { Hits, Metric, SearchResult } from '../types/api.js';

export function similarityOf(metric: Metric, distance: number): number {
  if (metric === 'cosine') return 1 - distance;
  if (metric === 'dot') return -distance;
  return 1 / (1 + distance);
}

const instance = Math.floor(Math.random() * 0x7fffffff).toString(36);
let queries = 0;

export interface HitColumns {
  /** Of this query and maybe others. */
  readonly ids: readonly string[];
  readonly distances: Float32Array;
  /** Where its hits begin in both, and how many there are. */
  readonly first: number;
  readonly count: number;
  readonly metadata?: readonly (object | null)[] | null | undefined;
  /** [count × dimensions] */
  readonly vectors?: Float32Array | undefined;
}

export function toHits<M extends object>(
  { ids, distances, first, count, metadata, vectors }: HitColumns,
  metric: Metric,
  scoreMode: 'distance' | 'similarity',
): Hits<M> {
  const hits = new Array<SearchResult<M>>(count);
  const width = vectors ? vectors.length / count : 0;
  for (let i = 0; i < count; i++) {
    const distance = distances[first + i] as number;
    const similarity = similarityOf(metric, distance);
    const hit: SearchResult<M> = {
      id: ids[first + i] as string,
      score: scoreMode === 'distance' ? distance : similarity,
      distance,
      similarity,
    };
    if (vectors) hit.vector = vectors.slice(i * width, (i + 1) * width);
    const own = metadata?.[i];
    if (own) hit.metadata = own as M;
    hits[i] = hit;
  }
  return named(hits);
}

function named<M extends object>(hits: SearchResult<M>[]): Hits<M> {
  return Object.defineProperty(hits, 'queryId', { value: `${instance}-${(++queries).toString(36)}` }) as Hits<M>;
}

// As the core orders ids: by their UTF-8, which is by code points and not by UTF-16.
function compareIds(a: string, b: string): number {
  if (a === b) return 0;
  const [x, y] = [Array.from(a, (c) => c.codePointAt(0) as number), Array.from(b, (c) => c.codePointAt(0) as number)];
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    if (x[i] !== y[i]) return (x[i] as number) - (y[i] as number);
  }
  return x.length - y.length;
}

/** The closest k of all, but for the row `without`. */
export function mergeHits<M extends object>(lists: readonly Hits<M>[], k: number, without?: string): Hits<M> {
  const all = lists.flat().filter(({ id }) => id !== without);
  all.sort((a, b) => a.distance - b.distance || compareIds(a.id, b.id));
  return named(all.slice(0, k));
}
