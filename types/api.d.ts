/// <reference lib="esnext.disposable" />
import type { Filter, Metadata } from './filter.js';
/**
 * The public interface of `ruvector`. Distances: cosine = 1 - cos (0 … 2), euclidean = true L2, dot = -⟨a,b⟩, manhattan = L1; smaller is closer,
 * always. `similarity`: cosine = cos, dot = ⟨a,b⟩, euclidean and manhattan = 1 / (1 + distance). Hits come closest first, ties by id.
 */

export type { Filter, FilterOp, Json, Metadata } from './filter.js';

/** A vector as callers have it; stored as 32-bit floats. Finite numbers only; length at most 1e18, and not zero under cosine. */
export type Vec = Float32Array | Float64Array | readonly number[];
export type Metric = 'cosine' | 'euclidean' | 'dot' | 'manhattan';

export interface HnswConfig {
  /** Links of a row, twice as many on the lowest level: 2 … 512, default 16. Fixed when a database is created. */
  m?: number;
  /** Candidates looked at when a row is linked: 1 … 65,536, default 200. */
  efConstruction?: number;
  /** Candidates looked at by a search that does not say: 1 … 65,536, default 100. */
  efSearch?: number;
  /** Rows to make room for ahead, up to 128 MB; there may be more. */
  maxElements?: number;
  seed?: number;
}

/** Only with index ivf, which hnswConfig is not for. */
export interface IvfConfig {
  /**
   * Lists of a segment: 1 … 65,536, at most its rows; default: twice the square root of these. Given for a database that exists, it concerns rows to
   * come until `compact()` makes all lists anew.
   */
  nlist?: number;
  /** Lists read by a search that does not say: 1 … 65,536, default 1.75 times the square root of their number. */
  nprobe?: number;
}

/**
 * Searches walk the graph, or read the lists of index ivf, by small codes of the vectors and measure the closest rows again by the vectors themselves. Sizes, recall and speed of
 * each type: bench/README.md.
 *
 * - `auto`: from 64 dimensions on, but for manhattan, `scalar` with 8 bits; and when 4,096 or more rows are sealed, by `compact()` or a merge in the
 *   background, `spherical` with 4 bits where a trial on these rows finds that it keeps what is closest; else `none`
 * - `scalar`: 8 (default) or 4 bits a dimension, on a scale of each vector's own; nothing is learned
 * - `spherical`: 8 (default) or 4 bits a dimension of the vector's direction, turned at random; the fastest, with 4 bits. Sealed rows have that of
 *   what is left of them without their mean, where they lie to one side of the origin; until then, and in tight groups far apart, it finds little
 * - `rotated`: 1 … 8 bits a dimension (default 4) of the vector turned at random around the mean of all
 * - `binary`: 1 bit a dimension, its sign around that mean
 * - `tiered`: `rotated` with 1 bit for the walk, and `scalar` with 8 bits by which what it finds is measured before the vectors are looked at
 * - `product`: the vector cut into `subspaces` short ones (1 … dimensions, default a quarter of them) and each replaced by the closest of `k`
 *   centroids (2 … 256, default 256): a byte each, or half a byte for up to 16 of them
 *
 * The others learn from rows, `spherical` nothing but that mean; `spherical`, `rotated`, `binary` and `tiered` throw UNSUPPORTED under manhattan. Rows get learned codes when `compact()` or a merge in the background
 * seals them; until then, and in segments of fewer than 16 rows (`product`: than `k`), they have those that `auto` begins with. `stats().quantization.coded` tells. Given for a database that
 * exists, a type concerns rows to come; the others get it when `compact()`, or, for those that look at rows, a merge in the background codes them anew.
 */
export type Quantization =
  | { type: 'auto' | 'none' }
  | ((
      | { type: 'spherical' | 'scalar'; bits?: 4 | 8 }
      | { type: 'rotated'; bits?: Bits }
      | { type: 'binary' | 'tiered' }
      | { type: 'product'; subspaces?: number; k?: number }
    ) &
      Rerank);
type Bits = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;
interface Rerank {
  /**
   * Rows that are measured again by their vectors: 0 … 65,536, at least `k` of them. 0: none, and distances of hits that the graph found are
   * estimates. By default as many as the errors of those before call for, and at most so many that recall is 0.99 of that without codes.
   */
  rerank?: number;
}
/** The codes of so many rows. */
export type Coding = {
  type: 'none' | 'spherical' | 'scalar' | 'rotated' | 'binary' | 'tiered' | 'product';
  bits?: number;
  subspaces?: number;
  k?: number;
};

export interface DbOptions {
  /** Values of every vector: 1 … 65,536. May be left out where a database exists. */
  dimensions?: number;
  /** Default cosine. Fixed when a database is created. */
  distanceMetric?: Metric;
  /**
   * A folder, made if missing; or a `.rvf` file, which is only read. Omitted or ':memory:': in memory. In browsers `idb://name`, in IndexedDB: a
   * write is acknowledged when it is on disk; QUOTA where there is no room, and then it goes with the next one that finds some.
   */
  storagePath?: string;
  hnswConfig?: HnswConfig;
  ivfConfig?: IvfConfig;
  /**
   * auto: exact scans up to 10,000 rows, a graph beyond; flat: always exact; hnsw: a graph from 256 rows on; ivf: rows lie in
   * lists around centroids (an inverted file), and a search reads those closest to it, front to back. Rows come into lists when `compact()` or, some
   * 10,000 at a time, a merge in the background seals them, from 256 on, and are scanned until then. Default auto. Given for a database that exists, it concerns rows
   * to come, and others once `compact()` or a merge rewrites them.
   */
  index?: 'auto' | 'flat' | 'hnsw' | 'ivf';
  /** Codes that searches walk the graph or read the lists by. Default auto; with index flat there are neither, and all but auto and none throw UNSUPPORTED. */
  quantization?: Quantization;
  /** Opens beside a writer, without its lock. */
  readOnly?: boolean;
  /**
   * When a write is acknowledged. sync (default): it is on disk. batch: it is written and survives the end of the process (in IndexedDB: not
   * before it is on disk), and is on disk within 100 ms. none: it is in memory, and written by flush, compact, snapshot and close.
   */
  durability?: 'sync' | 'batch' | 'none';
  /** auto: native, or WebAssembly with a warning where there is no addon. */
  backend?: 'auto' | 'native' | 'wasm';
  /**
   * false: on a thread of its own, a Web Worker or a worker thread of Node, where nothing that the database does keeps this one busy; there are no
   * Sync methods then (UNSUPPORTED). Default: false on a page, true elsewhere.
   */
  inThread?: boolean;
  /** Where the WebAssembly bytes come from; default: beside the package. */
  wasm?: WasmSource;
  /** Bytes of process memory that rows may take: a write that would need more throws MEMORY_LIMIT and changes nothing. Default: no limit. */
  memoryBudget?: number;
  /**
   * false: vectors of sealed segments stay on disk, in every collection; searches walk by codes and read the vectors that they measure again. It
   * takes a folder, index auto (a graph from 256 rows on then), hnsw or ivf, and any quantization but none (auto: codes in few dimensions too). A wish
   * of this opening: any database may be opened either way. Not under WebAssembly (UNSUPPORTED). Default true.
   */
  vectorsInMemory?: boolean;
  /** Threads that link rows, 1 … 256; default: the machine's, at most 8. */
  threads?: number;
  /** Of the graph's levels. With threads: 1, the same input gives the same graph on the same backend. */
  seed?: number;
  /** What `score` of a hit means; default distance. */
  scoreMode?: 'distance' | 'similarity';
}

/** What a collection can be made with. */
export type CollectionOptions = Partial<
  Pick<DbOptions, 'dimensions' | 'distanceMetric' | 'hnswConfig' | 'ivfConfig' | 'index' | 'quantization' | 'seed'>
>;

/**
 * Options of calls that can take long. Ended before its commit, a call leaves the database as it was. `insertBatch` and `importAll` commit first
 * and then wait for the links of the graph: from then on they go on to their end, and what `onProgress` throws is told although the rows are there.
 */
export interface LongCall {
  /** Ends the call with ABORTED. */
  signal?: AbortSignal;
  /** Ends the call with TIMEOUT. */
  timeoutMs?: number;
  /** Rows, or bytes, of a total that may grow. */
  onProgress?: (done: number, total: number) => void;
}

/** An address, the bytes, or a WebAssembly.Module: an `object` here, for programs without the types of the DOM. */
export type WasmBytes = URL | string | ArrayBuffer | ArrayBufferView | object;
export type WasmSource = WasmBytes | { readonly simd?: WasmBytes; readonly scalar?: WasmBytes };

export interface VectorEntry<M extends object = Metadata> {
  /** 1 … 65,535 bytes of UTF-8; omitted: a UUID. Numbers become strings. */
  id?: string | number;
  vector: Vec;
  metadata?: M;
}
/** Many entries at once, packed: no object for each. */
export interface VectorMatrix<M extends object = Metadata> {
  ids?: readonly (string | number)[];
  /** [n × dimensions], row after row. */
  vectors: Float32Array;
  metadata?: readonly (M | null | undefined)[];
}
export interface StoredEntry<M extends object = Metadata> {
  id: string;
  vector: Float32Array;
  metadata?: M;
}

/** A page of entries; `cursor` starts the next one, null: there is none. It stays good whatever is written, also after reopening. */
export interface Page<M extends object = Metadata> {
  entries: StoredEntry<M>[];
  cursor: string | null;
}

/** A collection as plain data; JSON.stringify writes its vectors as arrays. */
export interface ExportV1<M extends object = Metadata> {
  format: 'ruvector-export';
  version: 1;
  options: CollectionOptions;
  entries: StoredEntry<M>[];
}
/** What importAll takes: an export, whose entries may also come one by one. */
export interface ImportData<M extends object = Metadata> extends Omit<ExportV1, 'options' | 'entries'> {
  options?: CollectionOptions;
  entries: Iterable<VectorEntry<M>> | AsyncIterable<VectorEntry<M>>;
}

/** What salvage saved and what it could not. */
export interface SalvageReport {
  /** Entries in the new database. */
  rows: number;
  /** Entries that could not be read; where not even their ids could, some of them may have been deleted since. */
  lost: number;
  damage: { file: string; detail: string }[];
}

/** What verify found. */
export interface Verification {
  ok: boolean;
  files: number;
  bytes: number;
  damage: { file: string; detail: string }[];
}

export interface SearchOptions<M extends object = Metadata> {
  /** Ends the search with ABORTED; WebAssembly looks at it only before it begins. */
  signal?: AbortSignal;
  /** Ends the search with TIMEOUT. */
  timeoutMs?: number;
  filter?: Filter<M>;
  /** Candidates looked at: more is slower and finds more. 1 … 65,536; at least k are looked at. INVALID_OPTION with index ivf. */
  efSearch?: number;
  /** With index ivf, instead of efSearch: lists read, 1 … 65,536; more until k rows, or with a filter 10 k + 540, that match are seen. INVALID_OPTION with others. */
  nprobe?: number;
  /**
   * Instead of both: the share of the true hits to find, above 0, at most 1. How many candidates or lists that takes is measured
   * when first asked for, with queries that lie among the entries, and, of graphs, kept with them (`stats().recall`), unless `rerank` was given.
   */
  recall?: number;
  /** Least similarity of a hit. */
  threshold?: number;
  /** Default false. */
  includeVectors?: boolean;
  /** Default true. */
  includeMetadata?: boolean;
  /** Compares every row instead of walking the graph. */
  exact?: boolean;
}
/** What was done for a search. */
export interface Explanation {
  /** How many it found. */
  hits: number;
  segments: {
    /** In memory, where rows are added; else on disk. */
    growing: boolean;
    rows: number;
    /** Rows that are there and match the filter. */
    matches: number;
    /** scan: every match is measured. codeScan: by its codes, the closest again by their vectors. walk: the graph is followed. filteredWalk: until enough matches are found. probe: lists are read. none: there are none. */
    strategy: 'none' | 'scan' | 'codeScan' | 'walk' | 'filteredWalk' | 'probe';
    /** Candidates of the walk; 0 without one. */
    efSearch: number;
    /** Lists that were read; 0 without any. */
    nprobe: number;
    /** What the walk or probe went by: 'none' for the vectors themselves, 'scalar8' and so on. */
    codes: string;
    /** Distances of rows estimated or measured. */
    distances: number;
    /** Those of the walk or probe that were measured again by their vectors. */
    reranked: number;
  }[];
  filter: {
    /** Fields whose index answered. */
    indexed: string[];
    /** Entries whose metadata was read. */
    textsRead: number;
  };
  /** The walks found fewer than k, so every match was measured. */
  scannedAgain: boolean;
}

export interface SearchQuery<M extends object = Metadata> extends SearchOptions<M> {
  /** Either this … */
  vector?: Vec;
  /** … or the id of an entry: what is like it, without itself. */
  like?: string | number;
  /** 1 … 65,536, default 10; fewer hits come back only where fewer rows match. */
  k?: number;
}
export interface SearchResult<M extends object = Metadata> {
  id: string;
  /** The distance, or the similarity with scoreMode 'similarity'. */
  score: number;
  distance: number;
  similarity: number;
  vector?: Float32Array;
  metadata?: M;
}
/** `queryId` (non-enumerable) names the query for later feedback. */
export type Hits<M extends object = Metadata> = SearchResult<M>[] & { readonly queryId: string };

export type RawSearchOptions<M extends object = Metadata> = Omit<SearchOptions<M>, 'includeVectors' | 'includeMetadata'>;
/** The hits of query q of n: ids[q * k … ] and distances[q * k … ], counts[q] of them, the closest first; NaN beyond. */
export interface RawHits {
  /** [n × k] */
  ids: Float64Array;
  /** [n × k] */
  distances: Float32Array;
  /** [n] */
  counts: Uint32Array;
}

export interface ProjectionOptions<M extends object = Metadata> {
  /** 1 … 1,048,576, default 10,000. Where more match, every so many-th is taken. */
  limit?: number;
  filter?: Filter<M>;
  /** Ends the call with ABORTED; WebAssembly looks at it only before it begins. */
  signal?: AbortSignal;
  /** Ends the call with TIMEOUT. */
  timeoutMs?: number;
}
/** Entry i of `ids`, which are in order of insertion, is at (x[i], y[i]): ⟨vector, direction⟩ - origin of each axis. Under cosine vectors are taken with length 1. */
export interface Projection {
  ids: string[];
  x: Float32Array;
  y: Float32Array;
  /** `direction` has length 1, or is 0 where entries do not differ in another direction; `explained` is its share of the variance, 0 … 1. */
  axes: [ProjectionAxis, ProjectionAxis];
  /** Entries that match. */
  total: number;
}
export interface ProjectionAxis {
  /** [dimensions] */
  direction: Float32Array;
  origin: number;
  explained: number;
}

export interface DbStats {
  count: number;
  dimensions: number;
  metric: Metric;
  /** 'hnsw' once a graph serves searches, 'ivf' once lists do. */
  indexType: 'flat' | 'hnsw' | 'ivf';
  /** Lists of all segments. */
  nlist: number;
  /** What was asked for, or what auto begins with, and in `coded` the codes that rows of graphs and lists really have. */
  quantization: Coding & { rerank?: number; coded: (Coding & { rows: number })[] };
  /** Bytes of process memory; memory-mapped files are not counted. */
  memoryUsage: number;
  diskUsage: number;
  /** As asked for when the database was opened. */
  vectorsInMemory: boolean;
  /** Rows that are deleted or replaced and still take room. */
  deleted: number;
  segments: number;
  /** Rows that wait for their links; searches scan them meanwhile. */
  pending: number;
  walBytes: number;
  /** Of segments where it was measured: rows in the graph or lists then, and [efSearch or nprobe, recall@10, recall@100 (0: not measured)]. */
  recall: { linked: number; points: [efSearch: number, at10: number, at100: number][] }[];
  /** What opening found: bytes of a torn last transaction, cut off, and transactions replayed from the log. */
  recovery: { cutBytes: number; replayedTransactions: number };
  /** What work in the background (merging, shortening the log) failed with last; nothing acknowledged is touched by it. */
  maintenanceError?: string;
}

export type ErrorCode =
  | 'DIMENSION_MISMATCH'
  | 'INVALID_VECTOR'
  | 'ZERO_VECTOR'
  | 'INVALID_K'
  | 'INVALID_OPTION'
  | 'INVALID_FILTER'
  | 'NOT_FOUND'
  | 'NOT_READY'
  | 'CLOSED'
  | 'LOCKED'
  | 'READ_ONLY'
  | 'CORRUPT'
  | 'IO'
  | 'EMBEDDER_REQUIRED'
  | 'UNSUPPORTED_ALGORITHM'
  | 'NO_EXPERIENCE'
  | 'ALREADY_EXISTS'
  | 'CONFLICT'
  | 'ABORTED'
  | 'TIMEOUT'
  | 'MEMORY_LIMIT'
  | 'QUOTA'
  | 'UNSUPPORTED'
  | 'INTERNAL';

/** The one error of this library: what was expected, what came, where. */
export declare class RuvectorError extends Error {
  readonly code: ErrorCode;
  /** The method that failed: "insert". */
  readonly method: string;
  constructor(code: ErrorCode, message: string, method: string);
}

/**
 * A named set of vectors with dimensions and metric of its own. Writes take effect in the order they were called; every read sees the state
 * between two writes. The methods ending in Sync are the same, at once; on WebAssembly they need `VectorDB.open` (or any awaited call) first,
 * else NOT_READY.
 */
export interface Collection<M extends object = Metadata> {
  /** NOT_READY before an existing collection whose dimensions were left out is open. */
  readonly dimensions: number;
  readonly metric: Metric;

  /** Adds, or replaces the entry of that id. Resolves to the id. */
  insert(entry: VectorEntry<M>): Promise<string>;
  /** All or nothing. */
  insertBatch(entries: readonly VectorEntry<M>[] | VectorMatrix<M>, options?: LongCall): Promise<string[]>;
  search(query: SearchQuery<M>): Promise<Hits<M>>;
  search(vector: Vec, k?: number, options?: SearchOptions<M>): Promise<Hits<M>>;
  /** All of one state, spread over `threads`. */
  searchBatch(queries: readonly SearchQuery<M>[]): Promise<Hits<M>[]>;
  /**
   * searchBatch without an object per hit, for a matrix of queries [n × dimensions] and entries whose ids are whole numbers, given as such or as
   * their text. UNSUPPORTED where the id of a hit is none. k: default 10.
   */
  searchRaw(queries: Float32Array, k?: number, options?: RawSearchOptions<M>): Promise<RawHits>;
  /** Runs a search and tells how it was answered. */
  explain(query: SearchQuery<M>): Promise<Explanation>;
  get(id: string | number): Promise<StoredEntry<M> | null>;
  /** In the order of the ids. */
  getMany(ids: readonly (string | number)[]): Promise<(StoredEntry<M> | null)[]>;
  has(id: string | number): Promise<boolean>;
  /** Replaces the parts given; false where there is no such id. */
  update(id: string | number, entry: { vector?: Vec; metadata?: M }): Promise<boolean>;
  /** Replaces the whole metadata. */
  updateMetadata(id: string | number, metadata: M): Promise<boolean>;
  delete(id: string | number): Promise<boolean>;
  /** Resolves to how many there were. */
  deleteBatch(ids: readonly (string | number)[]): Promise<number>;
  deleteWhere(filter: Filter<M>): Promise<number>;
  len(): Promise<number>;
  isEmpty(): Promise<boolean>;
  count(filter?: Filter<M>): Promise<number>;
  clear(): Promise<void>;
  stats(): Promise<DbStats>;
  /** Entries as points of a plane, to draw them: their first two principal components, learned from up to 4,096 of them. */
  projection(options?: ProjectionOptions<M>): Promise<Projection>;
  /**
   * In order of insertion. Entries that are there all the time are seen exactly once, whatever is written meanwhile; one that is replaced
   * meanwhile goes to the end and may be seen again.
   */
  entries(options?: { filter?: Filter<M>; batchSize?: number }): AsyncIterableIterator<StoredEntry<M>>;
  keys(): AsyncIterableIterator<string>;
  /** The same a page at a time: for pages of an application. limit: 1 … 65,536, default 100. */
  page(options?: { filter?: Filter<M>; limit?: number; cursor?: string | null }): Promise<Page<M>>;

  exportAll(options?: LongCall): Promise<ExportV1<M>>;
  /** Adds the entries of an export, all or nothing. Resolves to how many they are. */
  importAll(data: ImportData<M>, options?: LongCall): Promise<number>;

  // Of the whole database, also when called on a collection:

  /** Puts everything acknowledged on disk, and shortens a long log. */
  flush(): Promise<void>;
  /**
   * Rewrites the files without what was deleted or replaced before: no byte of it is left in them. Reads and writes go on meanwhile. Not needed
   * for good searches: merging in the background keeps up by itself.
   */
  compact(options?: LongCall): Promise<void>;
  /** Reads every byte of the files and names what is damaged. */
  verify(options?: LongCall): Promise<Verification>;
  /** To a read-only database: shows what others have written since. Resolves to whether there was anything. */
  refresh(): Promise<boolean>;
  /** The whole database as one run of bytes: a `.rvf` file. */
  toBytes(): Promise<Uint8Array>;

  insertSync(entry: VectorEntry<M>): string;
  insertBatchSync(entries: readonly VectorEntry<M>[] | VectorMatrix<M>): string[];
  /** With a Float32Array and includeMetadata: false this costs a few microseconds over the search itself. */
  searchSync(query: SearchQuery<M>): Hits<M>;
  searchSync(vector: Vec, k?: number, options?: SearchOptions<M>): Hits<M>;
  searchBatchSync(queries: readonly SearchQuery<M>[]): Hits<M>[];
  searchRawSync(queries: Float32Array, k?: number, options?: RawSearchOptions<M>): RawHits;
  explainSync(query: SearchQuery<M>): Explanation;
  getSync(id: string | number): StoredEntry<M> | null;
  pageSync(options?: { filter?: Filter<M>; limit?: number; cursor?: string | null }): Page<M>;
  refreshSync(): boolean;
  getManySync(ids: readonly (string | number)[]): (StoredEntry<M> | null)[];
  hasSync(id: string | number): boolean;
  updateSync(id: string | number, entry: { vector?: Vec; metadata?: M }): boolean;
  updateMetadataSync(id: string | number, metadata: M): boolean;
  deleteSync(id: string | number): boolean;
  deleteBatchSync(ids: readonly (string | number)[]): number;
  deleteWhereSync(filter: Filter<M>): number;
  lenSync(): number;
  isEmptySync(): boolean;
  countSync(filter?: Filter<M>): number;
  clearSync(): void;
  statsSync(): DbStats;
  projectionSync(options?: ProjectionOptions<M>): Projection;
  flushSync(): void;
  toBytesSync(): Uint8Array;

  /** Aliases of older packages: len, delete, stats, flush. */
  size(): Promise<number>;
  remove(id: string | number): Promise<boolean>;
  getStats(): Promise<DbStats>;
  save(): Promise<void>;
}

/** Writes that wait for their transaction's commit; a wrong one throws at once. */
export interface TransactionCollection<M extends object = Metadata> {
  /** Returns the id. */
  insert(entry: VectorEntry<M>): string;
  insertBatch(entries: readonly VectorEntry<M>[] | VectorMatrix<M>): string[];
  delete(id: string | number): void;
  deleteBatch(ids: readonly (string | number)[]): void;
  clear(): void;
}
export interface Transaction<M extends object = Metadata> extends TransactionCollection<M> {
  /** An existing collection, else the commit throws NOT_FOUND. */
  collection<N extends object = Metadata>(name: string): TransactionCollection<N>;
}

/**
 * A database of vectors: its own collection, and others by name. Every promise that resolves after a write means: on disk (see durability).
 * M is the type of the metadata; filters are checked against it. What JSON does not keep does not belong in it: a Date comes back as a string.
 * @example
 * const db = new VectorDB({ dimensions: 384, storagePath: './memory' });
 * await db.insert({ id: 'a', vector, metadata: { topic: 'cats' } });
 * const hits = await db.search({ vector: query, k: 10, filter: { topic: 'cats' } });
 * @example
 * interface Note { topic: string; year: number }
 * const notes = new VectorDB<Note>({ dimensions: 384 });
 * await notes.count({ year: { $gte: 2020 } }); // { yaer: … } does not compile
 */
export declare class VectorDB<M extends object = Metadata> {
  /** Checks the options at once, opens at the first call. A number means dimensions. */
  constructor(options: DbOptions | number, maxElements?: number);
  /** Opens now. */
  static open<M extends object = Metadata>(options: DbOptions | number): Promise<VectorDB<M>>;
  static withDimensions<M extends object = Metadata>(dimensions: number): VectorDB<M>;
  /** A copy in memory of what toBytes returned. */
  static fromBytes<M extends object = Metadata>(bytes: Uint8Array | ArrayBuffer, options?: DbOptions): Promise<VectorDB<M>>;
  /**
   * Saves what can be read of the damaged database in the folder `from`, which stays as it is, into a new one in the folder `to`. CORRUPT when
   * nothing can.
   */
  static salvage(from: string, to: string, options?: Pick<DbOptions, 'backend' | 'wasm'>): Promise<SalvageReport>;

  /** 'native (AVX2)', 'wasm-simd' or 'wasm-scalar'; NOT_READY before WebAssembly is loaded. */
  readonly backend: string;

  /** The collection of that name (any text of at most 255 bytes); its first call makes it if the options name dimensions, else NOT_FOUND. Options of one that exists must be its own. */
  collection<N extends object = Metadata>(name: string, options?: CollectionOptions): Collection<N>;
  /** Names; this database's own is 'default'. */
  collections(): Promise<string[]>;
  /** With all its entries; false where there is none. */
  dropCollection(name: string): Promise<boolean>;
  /**
   * Commits all that `run` writes through its argument at once, over any number of collections: all of it or, when anything throws, nothing.
   * Resolves to what `run` returned.
   * @example
   * await db.transaction((t) => {
   *   t.collection('done').insert(entry);
   *   t.collection('open').delete(entry.id);
   * });
   */
  transaction<T>(run: (transaction: Transaction<M>) => T | Promise<T>): Promise<T>;
  /** A copy of the database as of now: a folder, or one file if the path ends in `.rvf`; ALREADY_EXISTS where something is there. Reads and writes go on meanwhile. */
  snapshot(path: string, options?: LongCall): Promise<void>;
  /** Waits for the calls under way and releases the lock. Every later call throws CLOSED; closing twice is fine. */
  close(): Promise<void>;
  collectionsSync(): string[];
  dropCollectionSync(name: string): boolean;
  transactionSync<T>(run: (transaction: Transaction<M>) => T): T;
  closeSync(): void;
  [Symbol.asyncDispose](): Promise<void>;
  [Symbol.dispose](): void;
}
export interface VectorDB<M extends object = Metadata> extends Collection<M> {}
export { VectorDB as VectorDb };
export declare function createVectorDb<M extends object = Metadata>(options: DbOptions): Promise<VectorDB<M>>;

/** `memoryBudget` and `threads` are of each shard. */
export interface ShardedOptions extends Omit<DbOptions, 'inThread'> {
  /** 1 … 64; default: as many as there are cores. Fixed when a database is created. */
  shards?: number;
}
/** Sums over all shards, and each one's own. */
export type ShardedStats = Pick<
  DbStats,
  'count' | 'dimensions' | 'metric' | 'memoryUsage' | 'diskUsage' | 'deleted' | 'segments' | 'pending' | 'walBytes'
> & { shards: DbStats[] };

/**
 * One database over several workers (Web Workers, or worker threads of Node), each with a part of the rows: a search asks all of them at once
 * and gives what one database would. A write of several rows is all or nothing in each shard, not over all of them. A worker that crashes is
 * started again with what is on disk; a read that it owed is asked again, a write throws IO. (On pages that are no secure context nothing tells of
 * a crash.)
 * @example
 * const db = await ShardedVectorDB.open({ dimensions: 384, storagePath: 'idb://notes', shards: 4 });
 */
export declare class ShardedVectorDB<M extends object = Metadata> {
  static open<M extends object = Metadata>(options: ShardedOptions): Promise<ShardedVectorDB<M>>;
  protected constructor(shards: never);
  readonly shards: number;
  readonly dimensions: number;
  readonly backend: string;
  insert(entry: VectorEntry<M>): Promise<string>;
  insertBatch(entries: readonly VectorEntry<M>[] | VectorMatrix<M>, options?: LongCall): Promise<string[]>;
  update(id: string | number, entry: { vector?: Vec; metadata?: M }): Promise<boolean>;
  updateMetadata(id: string | number, metadata: M): Promise<boolean>;
  delete(id: string | number): Promise<boolean>;
  deleteBatch(ids: readonly (string | number)[]): Promise<number>;
  deleteWhere(filter: Filter<M>): Promise<number>;
  clear(): Promise<void>;
  search(query: SearchQuery<M>): Promise<Hits<M>>;
  searchBatch(queries: readonly SearchQuery<M>[]): Promise<Hits<M>[]>;
  get(id: string | number): Promise<StoredEntry<M> | null>;
  getMany(ids: readonly (string | number)[]): Promise<(StoredEntry<M> | null)[]>;
  has(id: string | number): Promise<boolean>;
  count(filter?: Filter<M>): Promise<number>;
  len(): Promise<number>;
  isEmpty(): Promise<boolean>;
  /** Shard after shard. */
  entries(options?: { filter?: Filter<M>; batchSize?: number }): AsyncIterableIterator<StoredEntry<M>>;
  keys(): AsyncIterableIterator<string>;
  stats(): Promise<ShardedStats>;
  verify(options?: LongCall): Promise<Verification>;
  refresh(): Promise<boolean>;
  flush(): Promise<void>;
  compact(options?: LongCall): Promise<void>;
  close(): Promise<void>;
}

/** Turns texts into vectors. */
export interface Embedder {
  readonly id: string;
  readonly dimensions: number;
  embed(texts: readonly string[]): Promise<Float32Array[]> | Float32Array[];
}

/**
 * Hashes words and parts of words into vectors of length 1. Lexical, not semantic: texts are near each other when they share words ("index",
 * "indexing"), never because they mean the same. No model, no download; nothing uses it unless it is named.
 * @example
 * const [vector] = new HashEmbedder().embed(['How do I read a file?']);
 */
export declare class HashEmbedder implements Embedder {
  /** A number means dimensions: 1 … 65,536, default 384. */
  constructor(options?: { dimensions?: number } | number);
  readonly id: string;
  readonly dimensions: number;
  /** Throws ZERO_VECTOR for a text without a letter or digit. */
  embed(texts: readonly string[]): Float32Array[];
}
