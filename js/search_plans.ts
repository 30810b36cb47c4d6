// The requests of searches, and how their replies are read. What goes to and fro is described in types/calls.d.ts.
import type { Explanation, Hits, Metadata, RawHits } from '../types/api.js';
import type { Plan } from './endpoint.js';
import { copyVector, toFilter, toId, vectorLength } from './entries.js';
import { RuvectorError } from './errors.js';
import { toHits } from './hits.js';
import { decodeIds } from './id_text.js';
import { requireSignal, requireTimeout } from './interruption.js';
import { type Bag, emptyBag, isObject, normalizeQuery, queryKey, requireObject, sendable, show } from './options.js';
import type { Shape } from './plans.js';

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

/** The signals of queries, as they are before anything is checked; each once. */
export function signalsOf(queries: unknown): AbortSignal[] {
  const signals = new Set<unknown>();
  for (const query of Array.isArray(queries) ? queries : [queries]) signals.add((query as Bag | null)?.signal);
  signals.delete(undefined);
  return [...signals] as AbortSignal[];
}

/** Where all queries have a vector each and the same options: the key of the vectors. */
function keyOfVectors(queries: readonly unknown[]): string | undefined {
  const [first] = queries;
  if (queries.length < 2 || !isObject(first)) return undefined;
  const keys = Object.keys(first);
  const [vectorKey, another] = keys.filter((key) => queryKey(key) === 'vector');
  if (vectorKey === undefined || another !== undefined || keys.includes('like')) return undefined;
  const values = keys.map((key) => first[key]);
  for (let q = 1; q < queries.length; q++) {
    const query = queries[q];
    if (!isObject(query)) return undefined;
    const own = Object.keys(query);
    if (own.length !== keys.length) return undefined;
    for (let i = 0; i < own.length; i++) {
      const key = own[i] as string;
      if (key !== keys[i] || (key !== vectorKey && query[key] !== values[i])) return undefined;
    }
  }
  return vectorKey;
}

interface SearchReply {
  readonly metadata?: readonly ((Metadata | null)[] | null)[];
}

/** `shape` is called when the reply is there: the database is open then. */
export function searchBatch<M extends object>(queries: unknown, shape: () => Shape, method: string, token?: number): Plan<Hits<M>[]> {
  if (!Array.isArray(queries)) {
    throw new RuvectorError('INVALID_OPTION', `queries is ${show(queries)}, expected an array`, method);
  }
  const count = queries.length;
  const vectorKey = keyOfVectors(queries);
  const shared = vectorKey !== undefined;
  // Of shared options the first bag stands for all.
  const bags = (shared ? queries.slice(0, 1) : queries).map((query) => normalizeQuery(query, method));
  const first = bags.find((bag) => bag.like === undefined);
  const width = shape().dimensions ?? (first ? vectorLength(first.vector, '', method) : undefined);
  if (width === undefined && count > 0) {
    throw new RuvectorError('NOT_READY', 'the dimensions are not known before the database is open', method);
  }
  const matrix = new Float32Array(count * (width ?? 0));
  for (let i = 0; i < count; i++) {
    const bag = bags[shared ? 0 : i] as Bag;
    const vector: unknown = shared ? queries[i][vectorKey] : bag.vector;
    if (bag.like === undefined) {
      if (vector instanceof Float32Array && vector.length === width) matrix.set(vector, i * width);
      else copyVector(vector, matrix, i * (width as number), width as number, whereOf(i, count), method);
    } else if (vector !== undefined) {
      throw new RuvectorError('INVALID_OPTION', `${whereOf(i, count)}vector and like are both given, expected one of them`, method);
    }
  }
  const args = bags.map((bag) => Object.assign(queryArgs(bag, method), token === undefined ? {} : { token }));
  const withVectors = args.map(({ includeVectors }) => includeVectors === true);
  return {
    call: 'db.search',
    args: shared ? { shared: args[0], count } : { queries: args },
    buffers: [matrix],
    read({ metadata }: SearchReply, buffers) {
      const { metric, scoreMode, dimensions } = shape();
      const distances = new Float32Array(buffers[0] as ArrayBuffer);
      const text = buffers[1] as ArrayBuffer;
      const counts = new Uint32Array(text, 0, count);
      const lengths = new Uint32Array(text, counts.byteLength, distances.length);
      const ids = decodeIds(lengths, new Uint8Array(text, counts.byteLength + lengths.byteLength));
      const vectors = buffers[2] && new Float32Array(buffers[2]);
      const found = new Array<Hits<M>>(count);
      let first = 0;
      let firstValue = 0;
      for (let i = 0; i < count; i++) {
        const hits = counts[i] as number;
        const values = withVectors[shared ? 0 : i] ? hits * (dimensions as number) : 0;
        const own = values > 0 ? vectors?.subarray(firstValue, firstValue + values) : undefined;
        found[i] = toHits<M>({ ids, distances, first, count: hits, metadata: metadata?.[i], vectors: own }, metric, scoreMode);
        first += hits;
        firstValue += values;
      }
      return found;
    },
  };
}

function whereOf(query: number, count: number): string {
  return count > 1 ? `query ${query}: ` : '';
}

export function search<M extends object>(query: unknown, shape: () => Shape, method: string, token?: number): Plan<Hits<M>> {
  const plan = searchBatch<M>([query], shape, method, token);
  return { ...plan, read: (reply, buffers) => plan.read(reply, buffers)[0] as Hits<M> };
}

export function explain(query: unknown, shape: () => Shape, method: string, token?: number): Plan<Explanation> {
  const { args, buffers } = searchBatch([query], shape, method, token);
  return { call: 'db.explain', args, buffers, read: (reply: Explanation) => reply };
}

export function searchRaw(queries: unknown, k: unknown, options: unknown, method: string, token?: number): Plan<RawHits> {
  if (!(queries instanceof Float32Array)) {
    throw new RuvectorError('INVALID_VECTOR', `queries is ${show(queries)}, expected a Float32Array`, method);
  }
  const given = options === undefined ? {} : requireObject(options, 'options', method);
  for (const key of Object.keys(given)) {
    const name = queryKey(key);
    if (name === 'vector' || (name === 'k' && k !== undefined)) {
      throw new RuvectorError('INVALID_OPTION', `options has ${key}, which is an argument already`, method);
    }
  }
  const args = queryArgs(normalizeQuery({ ...given, ...(k === undefined ? {} : { k }) }, method), method);
  return {
    call: 'db.searchRaw',
    args: { options: Object.assign(args, token === undefined ? {} : { token }) },
    buffers: [queries.slice()],
    read: (_, [ids, distances, counts]) => ({
      ids: new Float64Array(ids as ArrayBuffer),
      distances: new Float32Array(distances as ArrayBuffer),
      counts: new Uint32Array(counts as ArrayBuffer),
    }),
  };
}
