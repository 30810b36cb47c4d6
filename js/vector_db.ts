// The face: every method checks what cannot be sent, copies its arguments, and hands a plan to the connection. Documented in types/api.d.ts.
import type {
  DbOptions,
  DbStats,
  Filter,
  Hits,
  Metadata,
  Metric,
  SearchOptions,
  SearchQuery,
  StoredEntry,
  Vec,
  VectorEntry,
  VectorMatrix,
} from '../types/api.js';
import type { Platform } from './backend.js';
import { Connection, containerBytes } from './connection.js';
import { isVector } from './entries.js';
import { RuvectorError } from './errors.js';
import { toHits } from './hits.js';
import { agentdbPositional, requireObject, show } from './options.js';
import * as plans from './plans.js';

type Id = string | number;
type Part = { vector?: Vec; metadata?: Metadata };

const maxK = 65536;
const scanBatch = 1000;
const opened = Symbol('opened');

// Engines without `await using` have no such symbol.
const asyncDispose: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose');

/** Everything but the platform, which index.ts and browser.ts bring. */
abstract class VectorDBBase {
  #connection: Connection;

  constructor(platform: Platform, options: DbOptions | number, maxElements?: number) {
    const given =
      typeof options === 'number'
        ? { dimensions: options, ...(maxElements === undefined ? {} : { hnswConfig: { maxElements } }) }
        : options;
    this.#connection = new Connection(platform, given);
  }

  async [opened](): Promise<this> {
    await this.#connection.open('open');
    return this;
  }

  get dimensions(): number {
    const { dimensions } = this.#connection;
    if (dimensions === undefined) {
      throw new RuvectorError('NOT_READY', 'the dimensions are not known before the database is open', 'dimensions');
    }
    return dimensions;
  }

  get metric(): Metric {
    return this.#connection.metric;
  }

  get backend(): string {
    return this.#connection.backendName;
  }

  #shape = (): plans.Shape => this.#connection;

  // --- Writing

  async insert(entry: VectorEntry): Promise<string> {
    return this.#connection.write(plans.insert(entry, this.#connection, 'insert'), 'insert');
  }
  insertSync(entry: VectorEntry): string {
    return this.#connection.writeSync(plans.insert(entry, this.#connection, 'insertSync'), 'insertSync');
  }
  async insertBatch(batch: readonly VectorEntry[] | VectorMatrix, options?: object): Promise<string[]> {
    refuseLongCallOptions(options, 'insertBatch');
    return this.#connection.write(plans.insertBatch(batch, this.#connection, 'insertBatch'), 'insertBatch');
  }
  insertBatchSync(batch: readonly VectorEntry[] | VectorMatrix): string[] {
    return this.#connection.writeSync(plans.insertBatch(batch, this.#connection, 'insertBatchSync'), 'insertBatchSync');
  }
  async update(id: Id, entry: Part): Promise<boolean> {
    return this.#connection.write(plans.update(id, entry, this.#connection, 'update'), 'update');
  }
  updateSync(id: Id, entry: Part): boolean {
    return this.#connection.writeSync(plans.update(id, entry, this.#connection, 'updateSync'), 'updateSync');
  }
  async updateMetadata(id: Id, metadata: Metadata): Promise<boolean> {
    return this.#connection.write(plans.update(id, { metadata }, this.#connection, 'updateMetadata'), 'updateMetadata');
  }
  updateMetadataSync(id: Id, metadata: Metadata): boolean {
    return this.#connection.writeSync(plans.update(id, { metadata }, this.#connection, 'updateMetadataSync'), 'updateMetadataSync');
  }
  async delete(id: Id): Promise<boolean> {
    return this.#connection.write(plans.deleteOne(id, 'delete'), 'delete');
  }
  deleteSync(id: Id): boolean {
    return this.#connection.writeSync(plans.deleteOne(id, 'deleteSync'), 'deleteSync');
  }
  async deleteBatch(ids: readonly Id[]): Promise<number> {
    return this.#connection.write(plans.deleteBatch(ids, 'deleteBatch'), 'deleteBatch');
  }
  deleteBatchSync(ids: readonly Id[]): number {
    return this.#connection.writeSync(plans.deleteBatch(ids, 'deleteBatchSync'), 'deleteBatchSync');
  }
  async deleteWhere(filter: Filter): Promise<number> {
    return this.#connection.write(plans.deleteWhere(filter, 'deleteWhere'), 'deleteWhere');
  }
  deleteWhereSync(filter: Filter): number {
    return this.#connection.writeSync(plans.deleteWhere(filter, 'deleteWhereSync'), 'deleteWhereSync');
  }
  async clear(): Promise<void> {
    return this.#connection.write(plans.clear, 'clear');
  }
  clearSync(): void {
    this.#connection.writeSync(plans.clear, 'clearSync');
  }

  // --- Reading

  async search(query: SearchQuery | Vec, k?: number | object, options?: SearchOptions | string, threshold?: number): Promise<Hits> {
    return this.#connection.run(plans.search(this.#toQuery(query, k, options, threshold, 'search'), this.#shape, 'search'), 'search');
  }
  searchSync(query: SearchQuery | Vec, k?: number | object, options?: SearchOptions | string, threshold?: number): Hits {
    const fast = this.#searchFast(query, k, options);
    if (fast) return fast;
    const full = this.#toQuery(query, k, options, threshold, 'searchSync');
    return this.#connection.runSync(plans.search(full, this.#shape, 'searchSync'), 'searchSync');
  }
  async searchBatch(queries: readonly SearchQuery[]): Promise<Hits[]> {
    return this.#connection.run(plans.searchBatch(queries, this.#shape, 'searchBatch'), 'searchBatch');
  }
  searchBatchSync(queries: readonly SearchQuery[]): Hits[] {
    return this.#connection.runSync(plans.searchBatch(queries, this.#shape, 'searchBatchSync'), 'searchBatchSync');
  }

  #toQuery(query: unknown, k: unknown, options: unknown, threshold: unknown, method: string): unknown {
    if (!isVector(query)) {
      if (k !== undefined) {
        throw new RuvectorError('INVALID_OPTION', `the second argument is ${show(k)}, expected none after a query object`, method);
      }
      return query;
    }
    if (typeof options === 'string') {
      options = agentdbPositional(options, threshold, this.#connection.metric, method);
    } else if (options !== undefined) {
      for (const key of Object.keys(requireObject(options, 'options', method))) {
        if (key === 'vector' || (key === 'k' && k !== undefined)) {
          throw new RuvectorError('INVALID_OPTION', `options has ${key}, which is an argument already`, method);
        }
      }
    }
    return { ...(options as object | undefined), vector: query, ...(k === undefined ? {} : { k }) };
  }

  // Plain queries only; whatever needs JSON, or a message about a wrong value, takes the other way.
  #searchFast(query: unknown, k: unknown, options: unknown): Hits | null {
    let vector: unknown = query;
    let asked = options as SearchOptions | undefined;
    if (!(query instanceof Float32Array)) {
      if (k !== undefined || typeof query !== 'object' || query === null) return null;
      const bag = query as SearchQuery;
      vector = bag.vector;
      k = bag.k;
      asked = bag;
      if (!(vector instanceof Float32Array)) return null;
    }
    if (typeof asked !== 'object' || asked === null || asked.includeMetadata !== false) return null;
    for (const key in asked) {
      if (key !== 'vector' && key !== 'k' && key !== 'includeMetadata' && key !== 'efSearch' && key !== 'exact') return null;
      if ((key === 'k' || key === 'vector') && asked === options) return null;
    }
    const { efSearch = 0, exact = false } = asked;
    const count = k === undefined ? 10 : (k as number);
    if (!isWhole(count, 1) || !isWhole(efSearch, asked.efSearch === undefined ? 0 : 1) || typeof exact !== 'boolean') return null;
    const connection = this.#connection;
    const found = connection.searchFast(vector as Float32Array, count, efSearch, exact, 'searchSync');
    return toHits({ ids: found.ids, distances: found.distances, offset: 0 }, connection.metric, connection.scoreMode, 0);
  }

  async get(id: Id): Promise<StoredEntry | null> {
    return this.#connection.run(plans.get(id, 'get'), 'get');
  }
  getSync(id: Id): StoredEntry | null {
    return this.#connection.runSync(plans.get(id, 'getSync'), 'getSync');
  }
  async has(id: Id): Promise<boolean> {
    return this.#connection.run(plans.has(id, 'has'), 'has');
  }
  hasSync(id: Id): boolean {
    return this.#connection.runSync(plans.has(id, 'hasSync'), 'hasSync');
  }
  async len(): Promise<number> {
    return this.#connection.run(plans.count(undefined, 'len'), 'len');
  }
  lenSync(): number {
    return this.#connection.runSync(plans.count(undefined, 'lenSync'), 'lenSync');
  }
  async isEmpty(): Promise<boolean> {
    return (await this.len()) === 0;
  }
  isEmptySync(): boolean {
    return this.lenSync() === 0;
  }
  async count(filter?: Filter): Promise<number> {
    return this.#connection.run(plans.count(filter, 'count'), 'count');
  }
  countSync(filter?: Filter): number {
    return this.#connection.runSync(plans.count(filter, 'countSync'), 'countSync');
  }
  async stats(): Promise<DbStats> {
    return this.#connection.run(plans.stats, 'stats');
  }
  statsSync(): DbStats {
    return this.#connection.runSync(plans.stats, 'statsSync');
  }

  async *entries(options: { filter?: Filter; batchSize?: number } = {}): AsyncIterableIterator<StoredEntry> {
    for (const key of Object.keys(requireObject(options, 'options', 'entries'))) {
      if (key !== 'filter' && key !== 'batchSize') {
        throw new RuvectorError('INVALID_OPTION', `unknown option "${key}", expected filter, batchSize`, 'entries');
      }
    }
    const { filter, batchSize = scanBatch } = options;
    if (!isWhole(batchSize, 1)) {
      throw new RuvectorError('INVALID_OPTION', `batchSize is ${show(batchSize)}, expected a whole number from 1 to ${maxK}`, 'entries');
    }
    let cursor: string | null = null;
    do {
      const page: { entries: StoredEntry[]; cursor: string | null } = await this.#connection.run(
        plans.scan(cursor, batchSize, filter, true, 'entries'),
        'entries',
      );
      yield* page.entries;
      cursor = page.cursor;
    } while (cursor !== null);
  }
  async *keys(): AsyncIterableIterator<string> {
    let cursor: string | null = null;
    do {
      const page: { ids: string[]; cursor: string | null } = await this.#connection.run(
        plans.scan(cursor, scanBatch, undefined, false, 'keys'),
        'keys',
      );
      yield* page.ids;
      cursor = page.cursor;
    } while (cursor !== null);
  }

  // --- Life cycle

  async flush(): Promise<void> {
    return this.#connection.write(plans.flush, 'flush');
  }
  flushSync(): void {
    this.#connection.writeSync(plans.flush, 'flushSync');
  }
  async toBytes(): Promise<Uint8Array> {
    return this.#connection.write(plans.toBytes, 'toBytes');
  }
  toBytesSync(): Uint8Array {
    return this.#connection.runSync(plans.toBytes, 'toBytesSync');
  }
  async close(): Promise<void> {
    return this.#connection.close();
  }
  closeSync(): void {
    this.#connection.closeSync();
  }
  async [asyncDispose](): Promise<void> {
    return this.close();
  }

  // --- Names of older packages

  async size(): Promise<number> {
    return this.len();
  }
  async remove(id: Id): Promise<boolean> {
    return this.delete(id);
  }
  async getStats(): Promise<DbStats> {
    return this.stats();
  }
  async save(): Promise<void> {
    return this.flush();
  }
}

function isWhole(value: unknown, least: number): value is number {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= maxK;
}

function refuseLongCallOptions(options: object | undefined, method: string): void {
  if (options === undefined) return;
  for (const key of Object.keys(requireObject(options, 'options', method))) {
    throw new RuvectorError('UNSUPPORTED', `${method} takes no option ${JSON.stringify(key)} in this version`, method);
  }
}

/** Methods of the contract that later versions bring: calling one says so. */
export const laterMethods = [
  'collection',
  'collections',
  'dropCollection',
  'compact',
  'optimize',
  'buildIndex',
  'snapshot',
  'exportAll',
  'importAll',
] as const;

for (const method of laterMethods) {
  Object.defineProperty(VectorDBBase.prototype, method, {
    configurable: true,
    writable: true,
    value: () => {
      throw new RuvectorError('UNSUPPORTED', `${method}() is not supported by this version`, method);
    },
  });
}

function copyBytes(bytes: unknown): Uint8Array {
  if (bytes instanceof ArrayBuffer || bytes instanceof Uint8Array) return new Uint8Array(bytes).slice();
  throw new RuvectorError('INVALID_OPTION', `bytes is ${show(bytes)}, expected a Uint8Array or an ArrayBuffer`, 'fromBytes');
}

/** The class for one platform. */
export function defineVectorDB(platform: Platform) {
  return class VectorDB extends VectorDBBase {
    constructor(options: DbOptions | number, maxElements?: number) {
      super(platform, options, maxElements);
    }
    static async open(options: DbOptions | number): Promise<VectorDB> {
      return new VectorDB(options)[opened]();
    }
    static withDimensions(dimensions: number): VectorDB {
      return new VectorDB(dimensions);
    }
    static async fromBytes(bytes: Uint8Array | ArrayBuffer, options: DbOptions = {}): Promise<VectorDB> {
      return VectorDB.open({ ...options, [containerBytes]: copyBytes(bytes) } as DbOptions);
    }
  };
}
