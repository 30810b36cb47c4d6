/**
 * The messages between the façade and the core, by method: JSON arguments, buffers of vectors, JSON reply and its buffers. For whoever writes
 * a transport (worker, server) or a method; users want api.d.ts. test/contract/calls.test.ts holds this list and the core's table equal.
 */
import type {
  CollectionOptions,
  DbOptions,
  DbStats,
  ErrorCode,
  Explanation,
  Filter,
  Json,
  Metadata,
  Metric,
  SalvageReport,
  SearchOptions,
  Verification,
} from './api.js';

/** Options under their canonical names, as the core knows them. */
export type CoreOptions = Omit<DbOptions, 'backend' | 'wasm'>;

interface OnDatabase {
  /** From db.open, db.fromBytes or db.collection: stands for a collection. */
  handle: number;
}
interface OpenedCollection {
  handle: number;
  dimensions: number;
  distanceMetric: Metric;
  efSearch: number;
}
interface Opened extends OpenedCollection {
  readOnly: boolean;
  scoreMode: 'distance' | 'similarity';
}
type CoreSearch = Omit<SearchOptions, 'signal'> & { k?: number; token?: number };
type Empty = Record<string, never>;
type Rows = readonly (Metadata | null)[];

export interface Calls {
  'meta.info': {
    args: Empty;
    reply: { methods: string[]; errorCodes: ErrorCode[]; target: string; formatVersion: string };
  };
  /** Checks the options of db.open and does nothing. */
  'db.validate': { args: CoreOptions; reply: Empty };
  'db.open': { args: CoreOptions; reply: Opened };
  /** buffers[0]: what db.toBytes gave. */
  'db.fromBytes': { args: CoreOptions; reply: Opened };
  'db.close': { args: OnDatabase; reply: Empty };
  /** Opens a collection, or makes it where options name dimensions. */
  'db.collection': { args: OnDatabase & { name: string; options: CollectionOptions }; reply: OpenedCollection };
  'db.collections': { args: OnDatabase; reply: { names: string[] } };
  'db.dropCollection': { args: OnDatabase & { name: string }; reply: { value: boolean } };
  'db.flush': { args: OnDatabase; reply: Empty };
  /** Durability batch: puts on disk what is written. */
  'db.sync': { args: OnDatabase; reply: Empty };
  'db.refresh': { args: OnDatabase; reply: { value: boolean } };
  /** Reply buffers[0]: a `.rvf` file. */
  'db.toBytes': { args: OnDatabase; reply: Empty };
  'db.stats': { args: OnDatabase; reply: DbStats };
  /**
   * buffers[0]: f32 [queries × dimensions]. Options that all queries share come once, with how many queries there are. Reply: the metadata of
   * each query's hits, null for those that did not ask; absent where none did. Reply buffers: f32 distances of all hits; u32 how many hits each
   * query has, u32 bytes of each hit's id, the ids in UTF-8; f32 vectors of the hits of queries that asked, absent where there are none.
   */
  'db.search': {
    args: OnDatabase & ({ shared: CoreSearch; count: number } | { queries: readonly (CoreSearch & { like?: string })[] });
    reply: { metadata?: readonly (Rows | null)[] };
  };
  /** buffers[0]: f32 [queries × dimensions]. Reply buffers: f64 ids [queries × k], f32 distances [queries × k], u32 how many hits each query has. */
  'db.searchRaw': { args: OnDatabase & { options: Omit<CoreSearch, 'includeVectors' | 'includeMetadata'> }; reply: Empty };
  /** As db.search, with one query. */
  'db.explain': { args: Calls['db.search']['args']; reply: Explanation };
  /** Reply buffers[0]: f32 vectors of those found. */
  'db.get': { args: OnDatabase & { ids: readonly string[] }; reply: { found: readonly boolean[]; metadata: Rows } };
  'db.has': { args: OnDatabase & { id: string }; reply: { value: boolean } };
  'db.count': { args: OnDatabase & { filter?: Filter }; reply: { value: number } };
  /** In order of insertion, from a cursor on. Reply buffers[0]: f32 vectors, unless includeVectors is false. */
  'db.scan': {
    args: OnDatabase & { cursor?: string; limit?: number; filter?: Filter; includeVectors?: boolean };
    reply: { ids: readonly string[]; metadata: Rows; cursor: string | null };
  };
  /**
   * Matching rows in a plane. Reply buffers: f32 x of all rows, then y; u32 bytes of each row's id, then the ids in UTF-8; f32 axes
   * [2 × dimensions], then of each axis <mean, axis>, then of each its share of the variance.
   */
  'db.projection': {
    args: OnDatabase & { limit?: number; filter?: Filter; timeoutMs?: number; token?: number };
    reply: { total: number };
  };
  /** buffers[0]: f32 [ids × dimensions]. With a job: kept for its commit; `first` of them came before. */
  'db.insert': {
    args: OnDatabase & { ids: readonly string[]; metadata?: Rows; job?: number; first?: number };
    reply: { count: number };
  };
  /** buffers[0], if there: f32 [dimensions]. */
  'db.update': { args: OnDatabase & { id: string; metadata?: Metadata | null }; reply: { value: boolean } };
  'db.delete': { args: OnDatabase & { ids: readonly string[] }; reply: { value: number } };
  'db.deleteWhere': { args: OnDatabase & { filter: Filter }; reply: { value: number } };
  'db.clear': { args: OnDatabase; reply: Empty };
  /** One transaction over any collections of a database. buffers: for each put, f32 [ids × dimensions]. */
  'db.write': {
    args: OnDatabase & {
      parts: readonly (OnDatabase &
        ({ kind: 'put'; ids: readonly string[]; metadata?: Rows } | { kind: 'delete'; ids: readonly string[] } | { kind: 'clear' }))[];
    };
    reply: Empty;
  };
  'db.salvage': { args: { from: string; to: string }; reply: SalvageReport };
  /** A call in steps: job.begin, for insert its entries with db.insert, job.step until it is finished, job.end whatever happened. */
  'job.begin': {
    args: OnDatabase & { kind: 'insert' | 'compact' | 'snapshot' | 'verify'; path?: string };
    reply: { job: number };
  };
  'job.step': {
    args: { job: number; handle?: number };
    reply: { done: number; total: number; committed: boolean; finished: boolean; value?: number | Verification | null };
  };
  'job.end': { args: { job: number; handle?: number }; reply: Empty };
  /** Ends the searches that were given this token. */
  'call.cancel': { args: { token: number }; reply: Empty };
}

/** Instead of a reply, with no buffers. */
export interface ErrorReply {
  error: { code: ErrorCode; message: string; [detail: string]: Json };
}
