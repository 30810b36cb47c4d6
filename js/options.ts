// The names people know from other packages, turned into ours. Values are checked in C++; here nothing is dropped and nothing guessed.
import { RuvectorError } from './errors.js';

export type Bag = { [key: string]: unknown };

const optionAliases: { [alias: string]: string } = {
  dimension: 'dimensions',
  path: 'storagePath',
  dbPath: 'storagePath',
  metric: 'distanceMetric',
  hnsw: 'hnswConfig',
};
const hnswAliases: { [alias: string]: string } = {
  M: 'm',
  m: 'm',
  efConstruction: 'efConstruction',
  ef_construction: 'efConstruction',
  efSearch: 'efSearch',
  ef_search: 'efSearch',
  maxElements: 'maxElements',
  max_elements: 'maxElements',
};
const queryAliases: { [alias: string]: string } = {
  topK: 'k',
  top_k: 'k',
  limit: 'k',
  query: 'vector',
  embedding: 'vector',
};
const metricNames: { [name: string]: string } = {
  cosine: 'cosine',
  euclidean: 'euclidean',
  l2: 'euclidean',
  dot: 'dot',
  dotproduct: 'dot',
  innerproduct: 'dot',
  ip: 'dot',
  manhattan: 'manhattan',
  l1: 'manhattan',
};

export function requireObject(value: unknown, what: string, method: string): Bag {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) {
    throw new RuvectorError('INVALID_OPTION', `${what} is ${show(value)}, expected an object`, method);
  }
  return value as Bag;
}

/** A value for a message. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  if (typeof value === 'bigint') return `${value}n`;
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`;
  if (typeof value === 'object' && value !== null) return value.constructor?.name === 'Object' ? 'an object' : `a ${value.constructor?.name ?? 'object'}`;
  return String(value);
}

/** What JSON cannot say travels as a string, so that C++ can name it in its message. */
export function sendable(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint' || typeof value === 'function' || typeof value === 'symbol') return show(value);
  return value;
}

/** Copies own keys under their own names; two names for one thing are an error. */
function rename(from: Bag, aliases: { [alias: string]: string }, method: string): Bag {
  const to: Bag = {};
  for (const key of Object.keys(from)) {
    const value = from[key];
    if (value === undefined) continue;
    const name = Object.hasOwn(aliases, key) ? (aliases[key] as string) : key;
    if (Object.hasOwn(to, name)) {
      throw new RuvectorError('INVALID_OPTION', `${key} and another name of ${name} are both given`, method);
    }
    Object.defineProperty(to, name, { value, enumerable: true, writable: true, configurable: true });
  }
  return to;
}

function metricName(value: unknown): unknown {
  if (typeof value !== 'string') return sendable(value);
  const plain = value.toLowerCase().replace(/[^a-z0-9]/g, '');
  return Object.hasOwn(metricNames, plain) ? metricNames[plain] : value;
}

/** The options of a constructor, as `db.open` wants them; backend and wasm stay for the caller. */
export function normalizeOptions(options: unknown, method: string): Bag {
  const renamed = rename(requireObject(options, 'options', method), optionAliases, method);
  const hnsw: Bag = {};
  const out: Bag = {};
  for (const key of Object.keys(renamed)) {
    const value = renamed[key];
    if (Object.hasOwn(hnswAliases, key)) {
      hnsw[hnswAliases[key] as string] = sendable(value);
    } else if (key === 'hnswConfig' && typeof value === 'object' && value !== null && !Array.isArray(value)) {
      for (const [name, v] of Object.entries(rename(value as Bag, hnswAliases, method))) hnsw[name] = sendable(v);
    } else if (key === 'distanceMetric') {
      out[key] = metricName(value);
    } else {
      out[key] = sendable(value);
    }
  }
  if (Object.keys(hnsw).length > 0) out.hnswConfig = hnsw;
  return out;
}

export function normalizeQuery(query: unknown, method: string): Bag {
  return rename(requireObject(query, 'query', method), queryAliases, method);
}

/** Positional search of agentdb 1.0, search(vector, k, metric, threshold): the metric must be the database's own. */
export function agentdbPositional(metric: unknown, threshold: unknown, own: string, method: string): Bag {
  if (metricName(metric) !== own) {
    throw new RuvectorError('INVALID_OPTION', `metric is ${show(metric)}, this database uses "${own}"`, method);
  }
  return threshold === undefined ? {} : { threshold };
}
