// Entries on their way in: checked for what cannot be sent, copied, packed into one matrix.
import type { Filter, Metadata, Vec } from '../types/api.js';
import { RuvectorError } from './errors.js';
import { isWellFormed, requireJson } from './json.js';
import { type Bag, requireObject, show } from './options.js';

export interface Packed {
  readonly ids: string[];
  readonly vectors: Float32Array;
  /** Absent when no entry has any. */
  readonly metadata?: readonly (Metadata | null)[];
}

export function toId(id: unknown, where: string, method: string): string {
  if (typeof id === 'number' && Number.isSafeInteger(id)) return String(id);
  if (typeof id !== 'string') {
    throw new RuvectorError('INVALID_OPTION', `${where}id is ${show(id)}, expected a string`, method);
  }
  if (!isWellFormed(id)) {
    throw new RuvectorError('INVALID_OPTION', `${where}id holds a lone surrogate, expected well-formed text`, method);
  }
  return id;
}

/** A version 4 UUID. */
export function newId(): string {
  if (crypto.randomUUID) return crypto.randomUUID();
  // Pages that are no secure context.
  const b = crypto.getRandomValues(new Uint8Array(16));
  b[6] = ((b[6] as number) & 0x0f) | 0x40;
  b[8] = ((b[8] as number) & 0x3f) | 0x80;
  const hex = Array.from(b, (x) => x.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Copies a vector to out[at …]; `dimensions` undefined: any length. Finiteness is checked in C++. */
export function copyVector(vector: unknown, out: Float32Array, at: number, dimensions: number, where: string, method: string): void {
  const length = vectorLength(vector, where, method);
  if (length !== dimensions) {
    throw new RuvectorError('DIMENSION_MISMATCH', `${where}vector has ${length} values, expected ${dimensions} (dimensions)`, method);
  }
  if (Array.isArray(vector)) {
    for (let i = 0; i < length; i++) {
      const x: unknown = vector[i];
      if (typeof x !== 'number') {
        throw new RuvectorError('INVALID_VECTOR', `${where}vector has ${show(x)} at index ${i}, expected a number`, method);
      }
      out[at + i] = x;
    }
  } else {
    out.set(vector as Float32Array | Float64Array, at);
  }
  if (vector instanceof Float32Array) return;
  for (let i = 0; i < length; i++) {
    const x = (vector as ArrayLike<number>)[i] as number;
    if (Number.isFinite(x) && !Number.isFinite(out[at + i] as number)) {
      throw new RuvectorError(
        'INVALID_VECTOR',
        `${where}vector has ${x} at index ${i}, expected a number that a 32-bit float can hold`,
        method,
      );
    }
  }
}

export function vectorLength(vector: unknown, where: string, method: string): number {
  if (Array.isArray(vector) || vector instanceof Float32Array || vector instanceof Float64Array) return vector.length;
  throw new RuvectorError(
    'INVALID_VECTOR',
    `${where}vector is ${show(vector)}, expected a Float32Array, a Float64Array or an array of numbers`,
    method,
  );
}

/** One vector, copied. */
export function packVector(vector: unknown, dimensions: number | undefined, method: string): Float32Array {
  const length = vectorLength(vector, '', method);
  const out = new Float32Array(dimensions ?? length);
  copyVector(vector, out, 0, out.length, '', method);
  return out;
}

export function toMetadata(metadata: unknown, where: string, method: string): Metadata | null {
  if (metadata === undefined || metadata === null) return null;
  const value = typeof metadata === 'string' ? parseText(metadata, `${where}metadata`, 'INVALID_OPTION', method) : metadata;
  requireObject(value, `${where}metadata`, method);
  requireJson(value, `${where}metadata`, 'INVALID_OPTION', method, 'dropped');
  return value as Metadata;
}

export function toFilter(filter: unknown, method: string): Filter | undefined {
  if (filter === undefined || filter === null) return undefined;
  const value = typeof filter === 'string' ? parseText(filter, 'filter', 'INVALID_FILTER', method) : filter;
  requireJson(value, 'filter', 'INVALID_FILTER', method, 'refused');
  return value as Filter;
}

function parseText(text: string, what: string, code: 'INVALID_OPTION' | 'INVALID_FILTER', method: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RuvectorError(code, `${what} is text that is no JSON: ${(error as Error).message}`, method);
  }
}

const entryAliases: { [key: string]: 'vector' } = { embedding: 'vector', values: 'vector' };

function readEntry(entry: unknown, where: string, method: string): { id: unknown; vector: unknown; metadata: unknown } {
  const bag = requireObject(entry, `${where}entry`, method);
  const out = { id: undefined as unknown, vector: undefined as unknown, metadata: undefined as unknown };
  for (const key of Object.keys(bag)) {
    const name = Object.hasOwn(entryAliases, key) ? 'vector' : key;
    if (name !== 'id' && name !== 'vector' && name !== 'metadata') {
      throw new RuvectorError('INVALID_OPTION', `${where}unknown key "${key}", expected id, vector, metadata`, method);
    }
    if (bag[key] !== undefined) out[name] = bag[key];
  }
  return out;
}

function packEntries(entries: readonly unknown[], dimensions: number | undefined, one: boolean, method: string, first = 0): Packed {
  const ids: string[] = [];
  const metadata: (Metadata | null)[] = [];
  let any = false;
  let out: Float32Array | undefined;
  let width = dimensions;
  for (let i = 0; i < entries.length; i++) {
    const where = one ? '' : `entry ${first + i}: `;
    const entry = readEntry(entries[i], where, method);
    width ??= vectorLength(entry.vector, where, method);
    out ??= new Float32Array(entries.length * width);
    ids.push(entry.id === undefined || entry.id === null ? newId() : toId(entry.id, where, method));
    copyVector(entry.vector, out, i * width, width, where, method);
    const value = toMetadata(entry.metadata, where, method);
    any ||= value !== null;
    metadata.push(value);
  }
  return { ids, vectors: out ?? new Float32Array(0), ...(any ? { metadata } : {}) };
}

export function packEntry(entry: unknown, dimensions: number | undefined, method: string): Packed {
  return packEntries([entry], dimensions, true, method);
}

const matrixKeys = ['ids', 'vectors', 'metadata'];

/** Entries, or a matrix with its ids and metadata; `first`: how many came before. */
export function packBatch(batch: unknown, dimensions: number | undefined, method: string, first = 0): Packed {
  if (Array.isArray(batch)) return packEntries(batch, dimensions, false, method, first);
  const bag: Bag = requireObject(batch, 'batch', method);
  for (const key of Object.keys(bag)) {
    if (!matrixKeys.includes(key)) {
      throw new RuvectorError('INVALID_OPTION', `unknown key "${key}", expected ids, vectors, metadata`, method);
    }
  }
  const { ids, vectors, metadata } = bag;
  if (!(vectors instanceof Float32Array)) {
    throw new RuvectorError('INVALID_VECTOR', `vectors is ${show(vectors)}, expected a Float32Array`, method);
  }
  for (const [name, list] of [
    ['ids', ids],
    ['metadata', metadata],
  ] as const) {
    if (list !== undefined && !Array.isArray(list)) {
      throw new RuvectorError('INVALID_OPTION', `${name} is ${show(list)}, expected an array`, method);
    }
  }
  const list = ids as readonly unknown[] | undefined;
  if (dimensions === undefined && list === undefined) {
    throw new RuvectorError('NOT_READY', 'the dimensions are not known before the database is open', method);
  }
  const n = list?.length ?? vectors.length / (dimensions as number);
  if (
    dimensions === undefined
      ? vectors.length % n !== 0 && n + vectors.length > 0
      : n * dimensions !== vectors.length || !Number.isInteger(n)
  ) {
    const rows = list ? `${n} rows` : 'rows';
    const width = dimensions === undefined ? 'one length' : `${dimensions} values (dimensions)`;
    throw new RuvectorError('DIMENSION_MISMATCH', `vectors has ${vectors.length} values, expected ${rows} of ${width}`, method);
  }
  const texts = metadata as readonly unknown[] | undefined;
  if (texts && texts.length !== n) {
    throw new RuvectorError('INVALID_OPTION', `metadata has ${texts.length} elements, expected ${n}`, method);
  }
  const rows = texts?.map((m, i) => toMetadata(m, `entry ${i}: `, method));
  const names = list ? list.map((id, i) => toId(id, `entry ${i}: `, method)) : Array.from({ length: n }, newId);
  return { ids: names, vectors: vectors.slice(), ...(rows ? { metadata: rows } : {}) };
}

export function isVector(value: unknown): value is Vec {
  return Array.isArray(value) || value instanceof Float32Array || value instanceof Float64Array;
}
