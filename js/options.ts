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

export function isObject(value: unknown): value is Bag {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

export function requireObject(value: unknown, what: string, method: string): Bag {
  if (!isObject(value)) throw new RuvectorError('INVALID_OPTION', `${what} is ${show(value)}, expected an object`, method);
  return value;
}

/** A value for a message. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  if (typeof value === 'bigint') return `${value}n`;
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`;
  if (typeof value === 'object' && value !== null)
    return value.constructor?.name === 'Object' ? 'an object' : `a ${value.constructor?.name ?? 'object'}`;
  return String(value);
}

/** What JSON cannot say travels as a string, so that C++ can name it in its message. Objects are copied. */
export function sendable(value: unknown, method: string): unknown {
  if (typeof value !== 'object' || value === null) return sendableLeaf(value);
  try {
    return JSON.parse(JSON.stringify(value, (_, v: unknown) => sendableLeaf(v)));
  } catch (error) {
    throw new RuvectorError('INVALID_OPTION', `an option cannot be sent as JSON: ${(error as Error).message}`, method);
  }
}

function sendableLeaf(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint' || typeof value === 'function' || typeof value === 'symbol') return show(value);
  return value;
}

// Faster to fill and to turn into text than Object.create(null), which is a hash table.
function EmptyBag() {}
EmptyBag.prototype = Object.create(null);

/** It inherits nothing, so that '__proto__' is a key like any other. */
export function emptyBag(): Bag {
  return new (EmptyBag as unknown as new () => Bag)();
}

/** Copies own keys under their own names; two names for one thing are an error. */
function rename(from: Bag, aliases: { [alias: string]: string }, method: string): Bag {
  const to = emptyBag();
  for (const key of Object.keys(from)) {
    const value = from[key];
    if (value === undefined) continue;
    const name = Object.hasOwn(aliases, key) ? (aliases[key] as string) : key;
    if (Object.hasOwn(to, name)) {
      throw new RuvectorError('INVALID_OPTION', `${key} and another name of ${name} are both given`, method);
    }
    to[name] = value;
  }
  return to;
}

function metricName(value: unknown): unknown {
  if (typeof value !== 'string') return sendableLeaf(value);
  const plain = value.toLowerCase().replace(/[^a-z0-9]/g, '');
  return Object.hasOwn(metricNames, plain) ? metricNames[plain] : value;
}

/** The options of a constructor, as `db.open` wants them; backend and wasm stay for the caller. */
export function normalizeOptions(options: unknown, method: string): Bag {
  const renamed = rename(requireObject(options, 'options', method), optionAliases, method);
  const hnsw = emptyBag();
  const out = emptyBag();
  const putHnsw = (name: string, value: unknown) => {
    if (name in hnsw) throw new RuvectorError('INVALID_OPTION', `hnswConfig.${name} and ${name} are both given`, method);
    hnsw[name] = sendable(value, method);
  };
  for (const key of Object.keys(renamed)) {
    const value = renamed[key];
    if (Object.hasOwn(hnswAliases, key)) {
      putHnsw(hnswAliases[key] as string, value);
    } else if (key === 'hnswConfig' && typeof value === 'object' && value !== null && !Array.isArray(value)) {
      for (const [name, v] of Object.entries(rename(value as Bag, hnswAliases, method))) putHnsw(name, v);
    } else if (key === 'distanceMetric') {
      out[key] = metricName(value);
    } else {
      out[key] = key === 'wasm' ? value : sendable(value, method);
    }
  }
  if (Object.keys(hnsw).length > 0) out.hnswConfig = hnsw;
  return out;
}

const knownOptions = [
  'dimensions',
  'distanceMetric',
  'storagePath',
  'hnswConfig',
  'ivfConfig',
  'index',
  'quantization',
  'readOnly',
  'durability',
  'threads',
  'memoryBudget',
  'vectorsInMemory',
  'seed',
  'scoreMode',
];

/** What can be said of normalized options before the core is loaded; it checks everything once it is. */
export function checkWithoutCore(options: Bag): void {
  const refuse = (message: string): never => {
    throw new RuvectorError('INVALID_OPTION', message, 'open');
  };
  for (const key of Object.keys(options)) {
    if (!knownOptions.includes(key)) refuse(`unknown option ${show(key)} (expected one of ${knownOptions.join(', ')})`);
  }
  const { dimensions, distanceMetric, storagePath } = options;
  if (dimensions === undefined) {
    if (storagePath === undefined || storagePath === ':memory:') refuse('dimensions is missing');
  } else if (!Number.isInteger(dimensions) || (dimensions as number) < 1 || (dimensions as number) > 65536) {
    refuse(`dimensions is ${show(dimensions)}, expected a whole number from 1 to 65536`);
  }
  if (distanceMetric !== undefined && !Object.values(metricNames).includes(distanceMetric as string)) {
    refuse(`distanceMetric is ${show(distanceMetric)}, expected one of "cosine", "euclidean", "dot", "manhattan"`);
  }
}

/** What a key of a query means. */
export function queryKey(key: string): string {
  return Object.hasOwn(queryAliases, key) ? (queryAliases[key] as string) : key;
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
