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
  readonly ids: readonly string[];
  readonly distances: Float32Array;
  /** Index of the first hit in `distances` and, times dimensions, in `vectors`. */
  readonly offset: number;
  readonly metadata?: readonly (object | null)[] | undefined;
  readonly vectors?: Float32Array | undefined;
  readonly vectorOffset?: number;
}

export function toHits<M extends object>(
  columns: HitColumns,
  metric: Metric,
  scoreMode: 'distance' | 'similarity',
  dimensions: number,
): Hits<M> {
  const { ids, distances, offset, metadata, vectors, vectorOffset = 0 } = columns;
  const hits = new Array<SearchResult<M>>(ids.length);
  for (let i = 0; i < ids.length; i++) {
    const distance = distances[offset + i] as number;
    const similarity = similarityOf(metric, distance);
    const hit: SearchResult<M> = {
      id: ids[i] as string,
      score: scoreMode === 'distance' ? distance : similarity,
      distance,
      similarity,
    };
    if (vectors) hit.vector = vectors.slice((vectorOffset + i) * dimensions, (vectorOffset + i + 1) * dimensions);
    const own = metadata?.[i];
    if (own) hit.metadata = own as M;
    hits[i] = hit;
  }
  return Object.defineProperty(hits, 'queryId', { value: `${instance}-${(++queries).toString(36)}` }) as Hits<M>;
}
