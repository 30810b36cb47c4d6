// A database as plain data: what exportAll gives and importAll takes.
import type { ExportV1, ImportData, Metric, StoredEntry } from '../types/api.js';
import { RuvectorError } from './errors.js';
import { requireObject, show } from './options.js';

/** Its toJSON writes vectors as arrays of numbers. */
export function toExport<M extends object>(dimensions: number, distanceMetric: Metric, entries: StoredEntry<M>[]): ExportV1<M> {
  const data: ExportV1<M> = { format: 'ruvector-export', version: 1, options: { dimensions, distanceMetric }, entries };
  return Object.defineProperty(data, 'toJSON', {
    value: () => ({ ...data, entries: entries.map((entry) => ({ ...entry, vector: Array.from(entry.vector) })) }),
  });
}

/** The entries of an export, whole or coming one by one. */
export function readExport(data: unknown, method: string): Iterable<unknown> | AsyncIterable<unknown> {
  const bag = requireObject(data, 'data', method);
  const refuse = (what: string, value: unknown, expected: string): never => {
    throw new RuvectorError('INVALID_OPTION', `${what} is ${show(value)}, expected ${expected}`, method);
  };
  if (bag.format !== 'ruvector-export') refuse('format', bag.format, '"ruvector-export"');
  if (bag.version !== 1) refuse('version', bag.version, '1: a newer export needs a newer ruvector');
  const { entries } = bag;
  const iterable = typeof entries === 'object' && entries !== null && (Symbol.iterator in entries || Symbol.asyncIterator in entries);
  if (!iterable) refuse('entries', entries, 'an array, or something to iterate over');
  return entries as Iterable<unknown>;
}

export function requireSameShape(data: Pick<ImportData, 'options'>, dimensions: number, metric: Metric, method: string): void {
  const { options } = data;
  if (options?.dimensions !== undefined && options.dimensions !== dimensions) {
    throw new RuvectorError('DIMENSION_MISMATCH', `the export has ${options.dimensions} dimensions, expected ${dimensions}`, method);
  }
  if (options?.distanceMetric !== undefined && options.distanceMetric !== metric) {
    throw new RuvectorError('INVALID_OPTION', `the export is of metric ${show(options.distanceMetric)}, expected "${metric}"`, method);
  }
}
