// Each method's request and how its reply is read, once for the awaited and the Sync form.
import type { DbStats, Explanation, Hits, Metadata, Metric, StoredEntry, Verification } from '../types/api.js';
import type { LongPlan, Plan } from './endpoint.js';
import { copyVector, type Packed, packBatch, packEntry, packVector, toFilter, toId, toMetadata, vectorLength } from './entries.js';
import { RuvectorError } from './errors.js';
import { toHits } from './hits.js';
import { type Interruption, requireSignal, requireTimeout } from './interruption.js';
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

/** Options are sent as they are, for C++ to check; undefined ones are left out. */
function queryArgs(query: Bag, method: string): Bag {
  const args = emptyBag();
  for (const key of Object.keys(query)) {
    const option = query[key];
    if (key === 'vector') continue;
    if (key === 'signal') requireSignal(option, method);
    else if (key === 'timeoutMs') args[key] = requireTimeout(option, method);
    else if (key === 'like') args[key] = toId(option, 'like: ', method);
    else args[key] = key === 'filter' ? toFilter(option, method) : sendable(option, method);
  }
  return args;
}

/** The signals of queries, as they are before anything is checked. */
export function signalsOf(queries: unknown): AbortSignal[] {
  const signals = (Array.isArray(queries) ? queries : [queries]).map((query) => (query as Bag | null)?.signal);
  return signals.filter((signal) => signal !== undefined) as AbortSignal[];
}

interface SearchReply {
  readonly hits: readonly { ids: string[]; metadata?: (Metadata | null)[] }[];
}

/** `shape` is called when the reply is there: the database is open then. */
export function searchBatch<M extends object>(queries: unknown, shape: () => Shape, method: string, token?: number): Plan<Hits<M>[]> {
  if (!Array.isArray(queries)) {
    throw new RuvectorError('INVALID_OPTION', `queries is ${show(queries)}, expected an array`, method);
  }
  const bags = queries.map((query) => normalizeQuery(query, method));
  const first = bags.find((bag) => bag.like === undefined);
  const width = shape().dimensions ?? (first ? vectorLength(first.vector, '', method) : undefined);
  if (width === undefined && bags.length > 0) {
    throw new RuvectorError('NOT_READY', 'the dimensions are not known before the database is open', method);
  }
  const matrix = new Float32Array(bags.length * (width ?? 0));
  bags.forEach((bag, i) => {
    const where = bags.length > 1 ? `query ${i}: ` : '';
    if (bag.like === undefined) {
      copyVector(bag.vector, matrix, i * (width as number), width as number, where, method);
    } else if (bag.vector !== undefined) {
      throw new RuvectorError('INVALID_OPTION', `${where}vector and like are both given, expected one of them`, method);
    }
  });
  const args = bags.map((bag) => Object.assign(queryArgs(bag, method), token === undefined ? {} : { token }));
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

export function search<M extends object>(query: unknown, shape: () => Shape, method: string, token?: number): Plan<Hits<M>> {
  const plan = searchBatch<M>([query], shape, method, token);
  return { ...plan, read: (reply, buffers) => plan.read(reply, buffers)[0] as Hits<M> };
}

export function explain(query: unknown, shape: () => Shape, method: string, token?: number): Plan<Explanation> {
  const { args, buffers } = searchBatch([query], shape, method, token);
  return { call: 'db.explain', args, buffers, read: (reply: Explanation) => reply };
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
