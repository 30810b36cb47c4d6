// Each method's request and how its reply is read, once for the awaited and the Sync form.
import type { DbStats, Hits, Metadata, Metric, StoredEntry } from '../types/api.js';
import type { Plan } from './connection.js';
import { copyVector, packBatch, packEntry, packVector, toFilter, toId, toMetadata, vectorLength } from './entries.js';
import { RuvectorError } from './errors.js';
import { toHits } from './hits.js';
import { type Bag, emptyBag, normalizeQuery, requireObject, sendable, show } from './options.js';

/** What the plans need to know of the open database; undefined dimensions: not open yet. */
export interface Shape {
  readonly dimensions: number | undefined;
  readonly metric: Metric;
  readonly scoreMode: 'distance' | 'similarity';
}

const value = <T>(reply: { value: T }): T => reply.value;

export function insert(entry: unknown, shape: Shape, method: string): Plan<string> {
  const packed = packEntry(entry, shape.dimensions, method);
  return { ...insertPacked(packed), read: () => packed.ids[0] as string };
}

export function insertBatch(batch: unknown, shape: Shape, method: string): Plan<string[]> {
  const packed = packBatch(batch, shape.dimensions, method);
  return { ...insertPacked(packed), read: () => packed.ids };
}

function insertPacked(packed: ReturnType<typeof packBatch>): Omit<Plan<unknown>, 'read'> {
  const { ids, metadata, vectors } = packed;
  return { call: 'db.insert', args: { ids, ...(metadata ? { metadata } : {}) }, buffers: [vectors] };
}

/** Options are sent as they are, for C++ to check; undefined ones are left out. */
function queryArgs(query: Bag, method: string): Bag {
  const args = emptyBag();
  for (const key of Object.keys(query)) {
    if (key === 'vector') continue;
    const option = query[key];
    args[key] = key === 'filter' ? toFilter(option, method) : key === 'signal' ? true : sendable(option, method);
  }
  return args;
}

interface SearchReply {
  readonly hits: readonly { ids: string[]; metadata?: (Metadata | null)[] }[];
}

/** `shape` is called when the reply is there: the database is open then. */
export function searchBatch(queries: unknown, shape: () => Shape, method: string): Plan<Hits[]> {
  if (!Array.isArray(queries)) {
    throw new RuvectorError('INVALID_OPTION', `queries is ${show(queries)}, expected an array`, method);
  }
  const bags = queries.map((query) => normalizeQuery(query, method));
  const known = shape().dimensions;
  const width = known ?? (bags.length > 0 ? vectorLength((bags[0] as Bag).vector, '', method) : 0);
  const matrix = new Float32Array(bags.length * width);
  bags.forEach((bag, i) => {
    copyVector(bag.vector, matrix, i * width, width, bags.length > 1 ? `query ${i}: ` : '', method);
  });
  const args = bags.map((bag) => queryArgs(bag, method));
  return {
    call: 'db.search',
    args: { queries: args },
    buffers: [matrix],
    read({ hits }: SearchReply, buffers) {
      const { metric, scoreMode, dimensions } = shape();
      const distances = new Float32Array(buffers[0] as ArrayBuffer);
      const vectors = new Float32Array(buffers[1] as ArrayBuffer);
      let offset = 0;
      let vectorOffset = 0;
      return hits.map((found, i) => {
        const withVectors = (args[i] as Bag).includeVectors === true;
        const columns = { ...found, distances, offset, ...(withVectors ? { vectors, vectorOffset } : {}) };
        offset += found.ids.length;
        if (withVectors) vectorOffset += found.ids.length;
        return toHits(columns, metric, scoreMode, dimensions as number);
      });
    },
  };
}

export function search(query: unknown, shape: () => Shape, method: string): Plan<Hits> {
  const plan = searchBatch([query], shape, method);
  return { ...plan, read: (reply, buffers) => plan.read(reply, buffers)[0] as Hits };
}

function toEntry(id: string, metadata: Metadata | null, vector: Float32Array): StoredEntry {
  return metadata === null ? { id, vector } : { id, vector, metadata };
}

export function get(id: unknown, method: string): Plan<StoredEntry | null> {
  const text = toId(id, '', method);
  return {
    call: 'db.get',
    args: { ids: [text] },
    buffers: [],
    read: ({ found, metadata }: { found: boolean[]; metadata: (Metadata | null)[] }, buffers) =>
      found[0] ? toEntry(text, metadata[0] as Metadata | null, new Float32Array(buffers[0] as ArrayBuffer)) : null,
  };
}

export function has(id: unknown, method: string): Plan<boolean> {
  return { call: 'db.has', args: { id: toId(id, '', method) }, buffers: [], read: value };
}

export function update(id: unknown, entry: unknown, shape: Shape, method: string): Plan<boolean> {
  const bag = requireObject(entry, 'entry', method);
  for (const key of Object.keys(bag)) {
    if (key !== 'vector' && key !== 'metadata') {
      throw new RuvectorError('INVALID_OPTION', `unknown key "${key}", expected vector, metadata`, method);
    }
  }
  if (bag.vector === undefined && bag.metadata === undefined) {
    throw new RuvectorError('INVALID_OPTION', 'nothing to update, expected vector, metadata or both', method);
  }
  return {
    call: 'db.update',
    args: {
      id: toId(id, '', method),
      ...(bag.metadata === undefined ? {} : { metadata: toMetadata(bag.metadata, '', method) }),
    },
    buffers: bag.vector === undefined ? [] : [packVector(bag.vector, shape.dimensions, method)],
    read: value,
  };
}

export function deleteBatch(ids: unknown, method: string): Plan<number> {
  if (!Array.isArray(ids)) throw new RuvectorError('INVALID_OPTION', `ids is ${show(ids)}, expected an array`, method);
  const texts = ids.map((id, i) => toId(id, `ids[${i}]: `, method));
  return { call: 'db.delete', args: { ids: texts }, buffers: [], read: value };
}

export function deleteOne(id: unknown, method: string): Plan<boolean> {
  return { call: 'db.delete', args: { ids: [toId(id, '', method)] }, buffers: [], read: (reply) => reply.value === 1 };
}

export function deleteWhere(filter: unknown, method: string): Plan<number> {
  const parsed = toFilter(filter, method);
  if (parsed === undefined) {
    throw new RuvectorError('INVALID_FILTER', 'filter is missing; clear() deletes everything', method);
  }
  return { call: 'db.deleteWhere', args: { filter: parsed }, buffers: [], read: value };
}

export function count(filter: unknown, method: string): Plan<number> {
  const parsed = toFilter(filter, method);
  return { call: 'db.count', args: parsed === undefined ? {} : { filter: parsed }, buffers: [], read: value };
}

export function scan(
  cursor: string | null,
  limit: number,
  filter: unknown,
  includeVectors: boolean,
  method: string,
): Plan<{ ids: string[]; entries: StoredEntry[]; cursor: string | null }> {
  const parsed = toFilter(filter, method);
  return {
    call: 'db.scan',
    args: { limit, includeVectors, ...(cursor === null ? {} : { cursor }), ...(parsed ? { filter: parsed } : {}) },
    buffers: [],
    read(reply: { ids: string[]; metadata: (Metadata | null)[]; cursor: string | null }, buffers) {
      const vectors = new Float32Array(buffers[0] as ArrayBuffer);
      const width = vectors.length / reply.ids.length;
      const entries = includeVectors
        ? reply.ids.map((id, i) => toEntry(id, reply.metadata[i] as Metadata | null, vectors.slice(i * width, (i + 1) * width)))
        : [];
      return { ids: reply.ids, entries, cursor: reply.cursor };
    },
  };
}

function plain<T>(call: string, read: Plan<T>['read']): Plan<T> {
  return { call, args: {}, buffers: [], read };
}

export const clear: Plan<void> = plain('db.clear', () => undefined);
export const flush: Plan<void> = plain('db.flush', () => undefined);
export const stats: Plan<DbStats> = plain('db.stats', (reply) => reply as DbStats);
export const toBytes: Plan<Uint8Array> = plain('db.toBytes', (_, buffers) => new Uint8Array(buffers[0] as ArrayBuffer));
