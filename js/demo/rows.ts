// How a passage lies in the database.
import type { Metadata, SearchResult, VectorEntry } from '../../types/api.js';
import { HashEmbedder } from '../hash_embedder.js';
import type { Document } from './corpus.js';

export const dimensions = 384;
export const embedder = new HashEmbedder(dimensions);

export type Row = VectorEntry & {
  id: string;
  vector: Float32Array;
  metadata: Metadata;
};

export function toRows(documents: readonly Document[]): Row[] {
  const vectors = embedder.embed(documents.map(({ heading, text }) => `${heading}\n${text}`));
  return documents.map(({ id, source, file, line, heading, text }, i) => ({
    id,
    vector: vectors[i] as Float32Array,
    metadata: {
      source,
      file,
      line,
      heading,
      words: text.split(/\s+/).length,
      text,
    },
  }));
}

/** What toRows put into the metadata of a hit. */
export function passageOf(hit: SearchResult): {
  source: string;
  file: string;
  line: number;
  heading: string;
  text: string;
} {
  return hit.metadata as ReturnType<typeof passageOf>;
}
