// Each method's request and how its reply is read, once for the awaited and the Sync form; those of searches are in search_plans.ts.
import type { DbStats, Metric, StoredEntry, Verification } from '../types/api.js';
import type { LongPlan, Plan } from './endpoint.js';
import { type Packed, packBatch, packEntry, packVector, toFilter, toId, toMetadata } from './entries.js';
import { RuvectorError } from './errors.js';
import type { Interruption } from './interruption.js';
import { requireObject, show } from './options.js';

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

export function insertPacked({ ids, metadata, vectors }: Packed): Plan<string[]> {
  return { call: 'db.insert', args: { ids, ...(metadata ? { metadata } : {}) }, buffers: [vectors], read: () => ids };
}

const pieceRows = 1000;

/** The same in pieces: for batches that take long. */
export function insertLong(packed: Packed): LongPlan<string[]> {
  return { kind: 'insert', pieces: piecesOf(packed), read: () => packed.ids };
}

function* piecesOf({ ids, metadata, vectors }: Packed): Generator<Omit<Plan<unknown>, 'read'>> {
  const width = vectors.length / ids.length;
  for (let first = 0; first < ids.length; first += pieceRows) {
    const end = Math.min(first + pieceRows, ids.length);
    const texts = metadata?.slice(first, end);
    yield {
      call: 'db.insert',
      args: { first, ids: ids.slice(first, end), ...(texts ? { metadata: texts } : {}) },
      buffers: [vectors.subarray(first * width, end * width)],
    };
  }
}

/** Entries as they come, packed in pieces. */
export function importEntries(
  entries: Iterable<unknown> | AsyncIterable<unknown>,
  shape: Shape,
  interruption: Interruption,
  method: string,
): LongPlan<number> {
  async function* pieces(): AsyncGenerator<Omit<Plan<unknown>, 'read'>> {
    let first = 0;
    let waiting: unknown[] = [];
    const pack = () => {
      const { args, ...rest } = insertPacked(packBatch(waiting, shape.dimensions, method, first));
      first += waiting.length;
      waiting = [];
      return { ...rest, args: { first: first - (args.ids as unknown[]).length, ...args } };
    };
    const iterator = Symbol.asyncIterator in entries ? entries[Symbol.asyncIterator]() : entries[Symbol.iterator]();
    let done = false;
    try {
      for (;;) {
        const next = await interruption.race(Promise.resolve(iterator.next()));
        if (next.done) break;
        waiting.push(await interruption.race(Promise.resolve(next.value)));
        if (waiting.length === pieceRows) yield pack();
      }
      done = true;
      if (waiting.length > 0) yield pack();
    } finally {
      // Not awaited: what does not go on may not end either.
      if (!done) Promise.resolve(iterator.return?.()).catch(() => {});
    }
  }
  return { kind: 'insert', pieces: pieces(), read: (count: number) => count };
}

export const compact: LongPlan<void> = { kind: 'compact', read: () => undefined };
export const verify: LongPlan<Verification> = { kind: 'verify', read: (found: Verification) => found };
export function snapshot(path: unknown, method: string): LongPlan<void> {
  if (typeof path !== 'string') {
    throw new RuvectorError('INVALID_OPTION', `path is ${show(path)}, expected the path of a folder or of an .rvf file`, method);
  }
  // WebAssembly knows one separator, and Windows takes it for its own, but after that prefix.
  const other = globalThis.process?.platform === 'win32' && !path.startsWith('\\\\?\\');
  return { kind: 'snapshot', args: { path: other ? path.replaceAll('\\', '/') : path }, read: () => undefined };
}

function toEntry<M extends object>(id: string, metadata: M | null, vector: Float32Array): StoredEntry<M> {
  return metadata === null ? { id, vector } : { id, vector, metadata };
}

export function getMany<M extends object>(ids: unknown, method: string): Plan<(StoredEntry<M> | null)[]> {
  const texts = toIds(ids, method);
  return {
    call: 'db.get',
    args: { ids: texts },
    buffers: [],
    read({ found, metadata }: { found: boolean[]; metadata: (M | null)[] }, buffers) {
      const vectors = new Float32Array(buffers[0] as ArrayBuffer);
      const width = vectors.length / found.filter(Boolean).length;
      let at = 0;
      return texts.map((id, i) => {
        if (!found[i]) return null;
        at += width;
        return toEntry(id, metadata[i] as M | null, vectors.slice(at - width, at));
      });
    },
  };
}

export function get<M extends object>(id: unknown, method: string): Plan<StoredEntry<M> | null> {
  const plan = getMany<M>([toId(id, '', method)], method);
  return { ...plan, read: (reply, buffers) => plan.read(reply, buffers)[0] as StoredEntry<M> | null };
}

export function toIds(ids: unknown, method: string): string[] {
  if (!Array.isArray(ids)) throw new RuvectorError('INVALID_OPTION', `ids is ${show(ids)}, expected an array`, method);
  return ids.map((id, i) => toId(id, `ids[${i}]: `, method));
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
  return { call: 'db.delete', args: { ids: toIds(ids, method) }, buffers: [], read: value };
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

export interface ScanPage<M extends object> {
  readonly ids: string[];
  readonly entries: StoredEntry<M>[];
  readonly cursor: string | null;
}

export function scan<M extends object>(
  cursor: string | null,
  limit: number,
  filter: unknown,
  includeVectors: boolean,
  method: string,
): Plan<ScanPage<M>> {
  const parsed = toFilter(filter, method);
  return {
    call: 'db.scan',
    args: { limit, includeVectors, ...(cursor === null ? {} : { cursor }), ...(parsed ? { filter: parsed } : {}) },
    buffers: [],
    read(reply: { ids: string[]; metadata: (M | null)[]; cursor: string | null }, buffers) {
      const vectors = new Float32Array(buffers[0] as ArrayBuffer);
      const width = vectors.length / reply.ids.length;
      const entries = includeVectors
        ? reply.ids.map((id, i) => toEntry(id, reply.metadata[i] as M | null, vectors.slice(i * width, (i + 1) * width)))
        : [];
      return { ids: reply.ids, entries, cursor: reply.cursor };
    },
  };
}

function plain<T>(call: string, read: Plan<T>['read']): Plan<T> {
  return { call, args: {}, buffers: [], read };
}

export function dropCollection(name: string): Plan<boolean> {
  return { call: 'db.dropCollection', args: { name }, buffers: [], read: value };
}

export const collections: Plan<string[]> = plain('db.collections', (reply) => reply.names as string[]);
export const clear: Plan<void> = plain('db.clear', () => undefined);
export const refresh: Plan<boolean> = plain('db.refresh', (reply) => reply.value as boolean);
export const flush: Plan<void> = plain('db.flush', () => undefined);
export const stats: Plan<DbStats> = plain('db.stats', (reply) => reply as DbStats);
export const toBytes: Plan<Uint8Array> = plain('db.toBytes', (_, buffers) => new Uint8Array(buffers[0] as ArrayBuffer));
