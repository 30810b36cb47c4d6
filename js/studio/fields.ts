// The fields of many rows' metadata, gathered row by row, and their values as columns to colour by.
import type { Json, Metadata } from '../../types/api.js';
import type { Column, Field, Scalar } from './source.js';

const deepest = 4;
const mostFields = 64;
const mostDistinct = 1000;
const longestText = 120;
const mostLabels = 11;

const clip = (text: string) => (text.length > longestText ? `${text.slice(0, longestText)}…` : text);

class Values {
  readonly values: (Scalar | undefined)[];
  readonly distinct = new Set<Scalar>();
  present = 0;
  letters = 0;
  readonly kinds = new Set<'number' | 'boolean' | 'text'>();

  constructor(rows: number) {
    this.values = new Array<Scalar | undefined>(rows);
  }

  set(row: number, value: Scalar): void {
    this.values[row] = value;
    this.present++;
    if (typeof value === 'string') this.letters += value.length;
    if (value !== null) this.kinds.add(typeof value === 'string' ? 'text' : (typeof value as 'number' | 'boolean'));
    if (this.distinct.size < mostDistinct) this.distinct.add(value);
  }

  get kind(): Field['kind'] {
    const [kind, another] = this.kinds;
    return kind === undefined || another !== undefined ? 'mixed' : kind;
  }
}

export class FieldTable {
  readonly #rows: number;
  readonly #fields = new Map<string, Values>();

  constructor(rows: number) {
    this.#rows = rows;
  }

  add(row: number, metadata: Metadata): void {
    this.#walk(row, metadata as { [key: string]: Json }, '', 1);
  }

  #walk(row: number, object: { [key: string]: Json }, prefix: string, depth: number): void {
    for (const [key, value] of Object.entries(object)) {
      // A filter could not name it.
      if (key === '' || key.includes('.') || key.startsWith('$')) continue;
      const path = prefix + key;
      if (Array.isArray(value)) {
        if (value.every((item) => typeof item !== 'object' || item === null)) this.#set(row, path, clip(value.join(', ')));
      } else if (typeof value === 'object' && value !== null) {
        if (depth < deepest) this.#walk(row, value, `${path}.`, depth + 1);
      } else {
        this.#set(row, path, typeof value === 'string' ? clip(value) : value);
      }
    }
  }

  #set(row: number, path: string, value: Scalar): void {
    let field = this.#fields.get(path);
    if (!field) {
      if (this.#fields.size === mostFields) return;
      field = new Values(this.#rows);
      this.#fields.set(path, field);
    }
    field.set(row, value);
  }

  list(): Field[] {
    return [...this.#fields].map(([path, field]) => ({
      path,
      kind: field.kind,
      present: field.present,
      distinct: field.distinct.size,
      length: field.present === 0 ? 0 : field.letters / field.present,
    }));
  }

  /** Undefined where no row has such a field. */
  column(path: string): Column | undefined {
    const field = this.#fields.get(path);
    if (!field) return undefined;
    return field.kind === 'number' && field.distinct.size > 2 ? numbers(field) : categories(field);
  }
}

function numbers(field: Values): Column {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  const values = Array.from(field.values, (value) => {
    if (typeof value !== 'number') return null;
    least = Math.min(least, value);
    most = Math.max(most, value);
    return value;
  });
  return { kind: 'numbers', values, least, most };
}

function categories(field: Values): Column {
  const counts = new Map<string, number>();
  for (const value of field.values) if (value !== undefined) counts.set(String(value), (counts.get(String(value)) ?? 0) + 1);
  const sorted = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const labelled = sorted.slice(0, mostLabels);
  const codes = new Map(labelled.map(([label], code) => [label, code]));
  return {
    kind: 'categories',
    labels: labelled.map(([label]) => label),
    counts: labelled.map(([, count]) => count),
    others: sorted.length - labelled.length,
    codes: Array.from(field.values, (value) => (value === undefined ? -1 : (codes.get(String(value)) ?? -2))),
  };
}
