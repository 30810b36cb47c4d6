// Conditions as people fill them in, and the filter they make.
import type { Filter, Json } from '../../../types/api.js';

export const operators = [
  ['$eq', 'is'],
  ['$ne', 'is not'],
  ['$gt', '>'],
  ['$gte', '≥'],
  ['$lt', '<'],
  ['$lte', '≤'],
  ['$in', 'one of'],
  ['$nin', 'none of'],
  ['$contains', 'contains'],
  ['$between', 'between'],
  ['$exists', 'exists'],
] as const;

export type Operator = (typeof operators)[number][0];

export interface Condition {
  readonly field: string;
  readonly operator: Operator;
  readonly value: string;
}

/** 3 is a number, true a truth value, "3" and all else text. */
export function toValue(text: string): Json {
  const trimmed = text.trim();
  try {
    return JSON.parse(trimmed) as Json;
  } catch {
    return trimmed;
  }
}

/** A list as JSON, or with commas between. */
function toList(text: string): Json[] {
  const value = toValue(text);
  if (Array.isArray(value)) return value;
  return text
    .split(',')
    .map(toValue)
    .filter((item) => item !== '');
}

function operand({ field, operator, value }: Condition): Json {
  if (operator === '$exists') return value.trim() !== 'no' && value.trim() !== 'false';
  if (operator === '$in' || operator === '$nin') return toList(value);
  if (operator === '$between') {
    const list = toList(value);
    if (list.length !== 2) throw new Error(`${field} between: expected two values, as in 10, 20`);
    return list;
  }
  return toValue(value);
}

/** All of them, null for none. Throws an Error whose message is for users. */
export function toFilter(conditions: readonly Condition[]): Filter | null {
  const parts = conditions
    .filter(({ field, operator, value }) => field.trim() !== '' && (value.trim() !== '' || operator === '$exists'))
    .map((condition) => ({ [condition.field.trim()]: { [condition.operator]: operand(condition) } }));
  if (parts.length === 0) return null;
  return (parts.length === 1 ? parts[0] : { $and: parts }) as Filter;
}
