// What the page asks of a database. Two answer: DatabaseSource, where the database is, and HttpSource, which asks the server that holds one.
import type { DbStats, Explanation, Filter, Json, Metadata, Metric } from '../../types/api.js';

export interface CollectionInfo {
  readonly name: string;
  readonly count: number;
  readonly dimensions: number;
  readonly metric: Metric;
}

export interface DatabaseInfo {
  readonly name: string;
  readonly backend: string;
  readonly version: string;
  readonly collections: readonly CollectionInfo[];
  /** Whether `compare` can answer. */
  readonly comparable: boolean;
}

/** Names a map: calls that speak of its rows, colours and axes bring it along. */
export interface MapQuery {
  readonly collection: string;
  readonly limit: number;
  readonly filter?: Filter;
}

export interface MapPoints {
  readonly ids: readonly string[];
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly explained: readonly [number, number];
  /** Rows that match. */
  readonly total: number;
  readonly milliseconds: number;
}

/** A place in the metadata of a map's rows: a dotted path to what is no object. */
export interface Field {
  readonly path: string;
  readonly kind: 'number' | 'boolean' | 'text' | 'mixed';
  /** Rows that have it. */
  readonly present: number;
  /** Different values, counted up to 1,000. */
  readonly distinct: number;
  /** Mean length of its texts. */
  readonly length: number;
}

/** A field's values, one for each row of the map. */
export type Column =
  | { readonly kind: 'numbers'; readonly values: readonly (number | null)[]; readonly least: number; readonly most: number }
  | {
      readonly kind: 'categories';
      /** Most frequent first. */
      readonly labels: readonly string[];
      readonly counts: readonly number[];
      /** Values that have no label of their own. */
      readonly others: number;
      /** Into labels; -1: none, -2: another value. */
      readonly codes: readonly number[];
    };

export interface Place {
  readonly x: number;
  readonly y: number;
}

export interface RowDetail {
  readonly id: string;
  readonly metadata: Metadata | null;
  /** The first values only. */
  readonly vector: readonly number[];
  readonly length: number;
  readonly place: Place;
}

export interface SearchRequest {
  readonly map: MapQuery;
  readonly by: { readonly like: string } | { readonly vector: readonly number[] } | { readonly text: string };
  readonly k: number;
  readonly filter?: Filter;
  readonly exact?: boolean;
}

export interface FoundRow {
  readonly id: string;
  readonly distance: number;
  readonly similarity: number;
  readonly metadata: Metadata | null;
  readonly place: Place;
}

export interface SearchAnswer {
  readonly hits: readonly FoundRow[];
  /** Where the query lies itself. */
  readonly place: Place;
  /** Of the search, without the way here. */
  readonly milliseconds: number;
  readonly explanation: Explanation;
}

/** The same search, on this backend and on another one. */
export interface Comparison {
  /** Medians of so many runs, this backend's first. */
  readonly times: readonly [BackendTime, BackendTime];
  readonly hits: number;
  /** Hits that both found. */
  readonly common: number;
  /** Bytes that the other one takes. */
  readonly memory: number;
}

export interface BackendTime {
  readonly backend: string;
  readonly milliseconds: number;
  readonly runs: number;
}

export interface RowPage {
  readonly rows: readonly { readonly id: string; readonly metadata: Metadata | null }[];
  readonly cursor: string | null;
}

/** Rejects with an Error whose message is for users. */
export interface Source {
  info(ask: Record<string, never>, signal?: AbortSignal): Promise<DatabaseInfo>;
  /** Shows what others have written since; resolves to whether there was anything. */
  refresh(ask: Record<string, never>, signal?: AbortSignal): Promise<{ changed: boolean }>;
  stats(ask: { collection: string }, signal?: AbortSignal): Promise<DbStats>;
  map(ask: MapQuery, signal?: AbortSignal): Promise<MapPoints>;
  fields(ask: { map: MapQuery }, signal?: AbortSignal): Promise<readonly Field[]>;
  column(ask: { map: MapQuery; path: string }, signal?: AbortSignal): Promise<Column>;
  row(ask: { map: MapQuery; id: string }, signal?: AbortSignal): Promise<RowDetail | null>;
  rows(ask: { collection: string; filter?: Filter; cursor: string | null }, signal?: AbortSignal): Promise<RowPage>;
  search(ask: SearchRequest, signal?: AbortSignal): Promise<SearchAnswer>;
  /** Opens the database on the other backend, if it is not open there yet. */
  compare(ask: SearchRequest, signal?: AbortSignal): Promise<Comparison>;
}

export type Method = keyof Source;
export const methods: readonly Method[] = ['info', 'refresh', 'stats', 'map', 'fields', 'column', 'row', 'rows', 'search', 'compare'];

export type Scalar = Extract<Json, string | number | boolean | null>;
