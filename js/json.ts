// What JSON would change without a word is refused: NaN, functions, Maps, undefined in arrays, loops.
import type { ErrorCode } from '../types/api.js';
import { RuvectorError } from './errors.js';
import { show } from './options.js';

const maxDepth = 128;

/** Throws unless JSON keeps `value` as it is. Dates pass: they become ISO strings, in metadata and filters alike. */
export function requireJson(
  value: unknown,
  path: string,
  code: ErrorCode,
  method: string,
  undefinedMembers: 'dropped' | 'refused',
  depth = 0,
): void {
  const refuse = (expected: string): never => {
    throw new RuvectorError(code, `${path} is ${show(value)}, expected ${expected}`, method);
  };
  switch (typeof value) {
    case 'string':
      if (!isWellFormed(value)) refuse('text without lone surrogates');
      return;
    case 'boolean':
      return;
    case 'number':
      if (!Number.isFinite(value)) refuse('a finite number');
      return;
    case 'object':
      break;
    default:
      refuse('a JSON value');
  }
  if (value === null || value === undefined) return;
  if (depth > maxDepth) throw new RuvectorError(code, `${path} nests deeper than ${maxDepth} levels`, method);
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) requireJson(value[i], `${path}[${i}]`, code, method, 'refused', depth + 1);
    return;
  }
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) refuse('a valid date');
    return;
  }
  const prototype = Object.getPrototypeOf(value) as unknown;
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) refuse('a plain object');
  for (const key of Object.keys(value)) {
    const member = (value as { [key: string]: unknown })[key];
    if (member === undefined && undefinedMembers === 'dropped') continue;
    if (!isWellFormed(key)) throw new RuvectorError(code, `${path} has a key with a lone surrogate`, method);
    requireJson(member, `${path}.${key}`, code, method, undefinedMembers, depth + 1);
  }
}

export function isWellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed();
}
