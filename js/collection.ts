// The rows of one collection: every method checks what cannot be sent, copies its arguments, and hands a plan on. Documented in types/api.d.ts.
import type {
  DbStats,
  Explanation,
  ExportV1,
  Filter,
  Hits,
  ImportData,
  LongCall,
  Metadata,
  Metric,
  Page,
  Projection,
  ProjectionOptions,
  RawHits,
  RawSearchOptions,
  SearchOptions,
  SearchQuery,
  StoredEntry,
  Vec,
  VectorEntry,
  VectorMatrix,
  Verification,
} from '../types/api.js';
import type { Endpoint, Plan } from './endpoint.js';
import { isVector, packBatch } from './entries.js';
import { RuvectorError } from './errors.js';
import { readExport, requireSameShape, toExport } from './exports.js';
import { toHits } from './hits.js';
import { Interruption } from './interruption.js';
import { agentdbPositional, requireObject, show } from './options.js';
import * as plans from './plans.js';
import { projection } from './projection_plan.js';
import * as searches from './search_plans.js';

type Id = string | number;
type PageOptions<M extends object> = { filter?: Filter<M>; limit?: number; cursor?: string | null };
type Part<M extends object> = { vector?: Vec; metadata?: M };

const maxK = 65536;
const scanBatch = 1000;
// Rows from which a batch goes in steps, so that the event loop has its turns.
const longBatch = 2000;

export class Collection<M extends object = Metadata> {
  #endpoint: Endpoint;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  get dimensions(): number {
    const { dimensions } = this.#endpoint;
    if (dimensions === undefined) {
      throw new RuvectorError('NOT_READY', 'the dimensions are not known before the database is open', 'dimensions');
    }
    return dimensions;
  }

  get metric(): Metric {
    return this.#endpoint.metric;
  }

  #shape = (): plans.Shape => this.#endpoint;

  // --- Writing

  async insert(entry: VectorEntry<M>): Promise<string> {
    return this.#endpoint.write(plans.insert(entry, this.#endpoint, 'insert'), 'insert');
  }
  insertSync(entry: VectorEntry<M>): string {
    return this.#endpoint.writeSync(plans.insert(entry, this.#endpoint, 'insertSync'), 'insertSync');
  }
  async insertBatch(batch: readonly VectorEntry<M>[] | VectorMatrix<M>, options?: object): Promise<string[]> {
    const interruption = new Interruption(options, 'insertBatch');
    const packed = packBatch(batch, this.#endpoint.dimensions, 'insertBatch');
    if (options === undefined && packed.ids.length <= longBatch) {
      return this.#endpoint.write(plans.insertPacked(packed), 'insertBatch');
    }
    return this.#endpoint.writeLong(plans.insertLong(packed), interruption, 'insertBatch');
  }
  insertBatchSync(batch: readonly VectorEntry<M>[] | VectorMatrix<M>): string[] {
    return this.#endpoint.writeSync(plans.insertPacked(packBatch(batch, this.#endpoint.dimensions, 'insertBatchSync')), 'insertBatchSync');
  }
  async update(id: Id, entry: Part<M>): Promise<boolean> {
    return this.#endpoint.write(plans.update(id, entry, this.#endpoint, 'update'), 'update');
  }
  updateSync(id: Id, entry: Part<M>): boolean {
    return this.#endpoint.writeSync(plans.update(id, entry, this.#endpoint, 'updateSync'), 'updateSync');
  }
  async updateMetadata(id: Id, metadata: M): Promise<boolean> {
    return this.#endpoint.write(plans.update(id, { metadata }, this.#endpoint, 'updateMetadata'), 'updateMetadata');
  }
  updateMetadataSync(id: Id, metadata: M): boolean {
    return this.#endpoint.writeSync(plans.update(id, { metadata }, this.#endpoint, 'updateMetadataSync'), 'updateMetadataSync');
  }
  async delete(id: Id): Promise<boolean> {
    return this.#endpoint.write(plans.deleteOne(id, 'delete'), 'delete');
  }
  deleteSync(id: Id): boolean {
    return this.#endpoint.writeSync(plans.deleteOne(id, 'deleteSync'), 'deleteSync');
  }
  async deleteBatch(ids: readonly Id[]): Promise<number> {
    return this.#endpoint.write(plans.deleteBatch(ids, 'deleteBatch'), 'deleteBatch');
  }
  deleteBatchSync(ids: readonly Id[]): number {
    return this.#endpoint.writeSync(plans.deleteBatch(ids, 'deleteBatchSync'), 'deleteBatchSync');
  }
  async deleteWhere(filter: Filter<M>): Promise<number> {
    return this.#endpoint.write(plans.deleteWhere(filter, 'deleteWhere'), 'deleteWhere');
  }
  deleteWhereSync(filter: Filter<M>): number {
    return this.#endpoint.writeSync(plans.deleteWhere(filter, 'deleteWhereSync'), 'deleteWhereSync');
  }
  async clear(): Promise<void> {
    return this.#endpoint.write(plans.clear, 'clear');
  }
  clearSync(): void {
    this.#endpoint.writeSync(plans.clear, 'clearSync');
  }

  // --- Reading

  async search(
    query: SearchQuery<M> | Vec,
    k?: number | object,
    options?: SearchOptions<M> | string,
    threshold?: number,
  ): Promise<Hits<M>> {
    const full = this.#toQuery(query, k, options, threshold, 'search');
    return await this.#search([full], (token) => searches.search(full, this.#shape, 'search', token), 'search');
  }
  searchSync(query: SearchQuery<M> | Vec, k?: number | object, options?: SearchOptions<M> | string, threshold?: number): Hits<M> {
    const fast = this.#searchFast(query, k, options);
    if (fast) return fast;
    const full = this.#toQuery(query, k, options, threshold, 'searchSync');
    return this.#endpoint.runSync(searches.search(full, this.#shape, 'searchSync'), 'searchSync');
  }
  async searchBatch(queries: readonly SearchQuery<M>[]): Promise<Hits<M>[]> {
    return await this.#search(queries, (token) => searches.searchBatch(queries, this.#shape, 'searchBatch', token), 'searchBatch');
  }
  searchBatchSync(queries: readonly SearchQuery<M>[]): Hits<M>[] {
    return this.#endpoint.runSync(searches.searchBatch(queries, this.#shape, 'searchBatchSync'), 'searchBatchSync');
  }
  async searchRaw(queries: Float32Array, k?: number, options?: RawSearchOptions<M>): Promise<RawHits> {
    return await this.#search(options, (token) => searches.searchRaw(queries, k, options, 'searchRaw', token), 'searchRaw');
  }
  searchRawSync(queries: Float32Array, k?: number, options?: RawSearchOptions<M>): RawHits {
    return this.#endpoint.runSync(searches.searchRaw(queries, k, options, 'searchRawSync'), 'searchRawSync');
  }

  async explain(query: SearchQuery<M>): Promise<Explanation> {
    return await this.#search([query], (token) => searches.explain(query, this.#shape, 'explain', token), 'explain');
  }
  explainSync(query: SearchQuery<M>): Explanation {
    return this.#endpoint.runSync(searches.explain(query, this.#shape, 'explainSync'), 'explainSync');
  }

  // Not async: one step less for each of a thousand searches in flight.
  #search<T>(queries: unknown, plan: (token?: number) => Plan<T>, method: string): Promise<T> {
    const start = () => this.#abortable(queries, plan, method);
    // Without a vector nothing tells how long one is.
    const likes = Array.isArray(queries) && queries.some((query) => (query as SearchQuery<M> | null)?.like !== undefined);
    return likes && this.#endpoint.dimensions === undefined ? this.#endpoint.open(method).then(start) : start();
  }

  #abortable<T>(bags: unknown, plan: (token?: number) => Plan<T>, method: string): Promise<T> {
    const signals = searches.signalsOf(bags);
    return signals.length === 0 ? this.#endpoint.run(plan(), method) : this.#endpoint.runAbortable(plan, signals, method);
  }

  #toQuery(query: unknown, k: unknown, options: unknown, threshold: unknown, method: string): unknown {
    if (!isVector(query)) {
      if (k !== undefined) {
        throw new RuvectorError('INVALID_OPTION', `the second argument is ${show(k)}, expected none after a query object`, method);
      }
      return query;
    }
    if (typeof options === 'string') {
      options = agentdbPositional(options, threshold, this.#endpoint.metric, method);
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
  #searchFast(query: unknown, k: unknown, options: unknown): Hits<M> | null {
    let vector: unknown = query;
    let asked = options as SearchOptions<M> | undefined;
    if (!(query instanceof Float32Array)) {
      if (k !== undefined || typeof query !== 'object' || query === null) return null;
      const bag = query as SearchQuery<M>;
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
    const endpoint = this.#endpoint;
    const found = endpoint.searchFast(vector as Float32Array, count, efSearch, exact, 'searchSync');
    return toHits({ ids: found.ids, distances: found.distances, first: 0, count: found.ids.length }, endpoint.metric, endpoint.scoreMode);
  }

  async get(id: Id): Promise<StoredEntry<M> | null> {
    return await this.#endpoint.run(plans.get(id, 'get'), 'get');
  }
  getSync(id: Id): StoredEntry<M> | null {
    return this.#endpoint.runSync(plans.get(id, 'getSync'), 'getSync');
  }
  async has(id: Id): Promise<boolean> {
    return await this.#endpoint.run(plans.has(id, 'has'), 'has');
  }
  hasSync(id: Id): boolean {
    return this.#endpoint.runSync(plans.has(id, 'hasSync'), 'hasSync');
  }
  async len(): Promise<number> {
    return await this.#endpoint.run(plans.count(undefined, 'len'), 'len');
  }
  lenSync(): number {
    return this.#endpoint.runSync(plans.count(undefined, 'lenSync'), 'lenSync');
  }
  async isEmpty(): Promise<boolean> {
    return (await this.len()) === 0;
  }
  isEmptySync(): boolean {
    return this.lenSync() === 0;
  }
  async count(filter?: Filter<M>): Promise<number> {
    return await this.#endpoint.run(plans.count(filter, 'count'), 'count');
  }
  countSync(filter?: Filter<M>): number {
    return this.#endpoint.runSync(plans.count(filter, 'countSync'), 'countSync');
  }
  async stats(): Promise<DbStats> {
    return await this.#endpoint.run(plans.stats, 'stats');
  }
  statsSync(): DbStats {
    return this.#endpoint.runSync(plans.stats, 'statsSync');
  }

  async projection(options?: ProjectionOptions<M>): Promise<Projection> {
    return await this.#abortable(options, (token) => projection(options, 'projection', token), 'projection');
  }
  projectionSync(options?: ProjectionOptions<M>): Projection {
    return this.#endpoint.runSync(projection(options, 'projectionSync'), 'projectionSync');
  }

  async getMany(ids: readonly Id[]): Promise<(StoredEntry<M> | null)[]> {
    return await this.#endpoint.run(plans.getMany(ids, 'getMany'), 'getMany');
  }
  getManySync(ids: readonly Id[]): (StoredEntry<M> | null)[] {
    return this.#endpoint.runSync(plans.getMany(ids, 'getManySync'), 'getManySync');
  }

  async page(options: PageOptions<M> = {}): Promise<Page<M>> {
    return await this.#endpoint.run(toPage(options, 'page'), 'page');
  }
  pageSync(options: PageOptions<M> = {}): Page<M> {
    return this.#endpoint.runSync(toPage(options, 'pageSync'), 'pageSync');
  }
  async *entries(options: { filter?: Filter<M>; batchSize?: number } = {}): AsyncIterableIterator<StoredEntry<M>> {
    const { filter, batchSize = scanBatch } = requireKnown(options, ['filter', 'batchSize'], 'entries');
    requireRows(batchSize, 'batchSize', 'entries');
    for await (const page of this.#pages(filter, batchSize, true, 'entries')) yield* page.entries;
  }
  async *keys(): AsyncIterableIterator<string> {
    for await (const page of this.#pages(undefined, scanBatch, false, 'keys')) yield* page.ids;
  }
  async *#pages(filter: unknown, limit: number, vectors: boolean, method: string) {
    let cursor: string | null = null;
    do {
      const page: plans.ScanPage<M> = await this.#endpoint.run(plans.scan(cursor, limit, filter, vectors, method), method);
      yield page;
      cursor = page.cursor;
    } while (cursor !== null);
  }

  // --- Copies

  async exportAll(options?: LongCall): Promise<ExportV1<M>> {
    const interruption = new Interruption(options, 'exportAll');
    const { dimensions, metric } = await this.#endpoint.open('exportAll');
    const total = await this.len();
    const entries: StoredEntry<M>[] = [];
    for await (const page of this.#pages(undefined, scanBatch, true, 'exportAll')) {
      entries.push(...page.entries);
      interruption.check();
      interruption.progress(Math.min(entries.length, total), total);
    }
    return toExport(dimensions, metric, entries);
  }
  async importAll(data: ImportData<M>, options?: LongCall): Promise<number> {
    const interruption = new Interruption(options, 'importAll');
    const entries = readExport(data, 'importAll');
    const { dimensions, metric } = await this.#endpoint.open('importAll');
    requireSameShape(data, dimensions, metric, 'importAll');
    return this.#endpoint.writeLong(plans.importEntries(entries, this.#endpoint, interruption, 'importAll'), interruption, 'importAll');
  }
  async toBytes(): Promise<Uint8Array> {
    return this.#endpoint.write(plans.toBytes, 'toBytes');
  }
  toBytesSync(): Uint8Array {
    return this.#endpoint.runSync(plans.toBytes, 'toBytesSync');
  }

  // --- Files

  async flush(): Promise<void> {
    return this.#endpoint.write(plans.flush, 'flush');
  }
  flushSync(): void {
    this.#endpoint.writeSync(plans.flush, 'flushSync');
  }
  async compact(options?: LongCall): Promise<void> {
    return this.#endpoint.runLong(plans.compact, new Interruption(options, 'compact'), 'compact');
  }
  async verify(options?: LongCall): Promise<Verification> {
    return this.#endpoint.runLong(plans.verify, new Interruption(options, 'verify'), 'verify');
  }
  async refresh(): Promise<boolean> {
    return await this.#endpoint.run(plans.refresh, 'refresh');
  }
  refreshSync(): boolean {
    return this.#endpoint.runSync(plans.refresh, 'refreshSync');
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

function requireRows(value: unknown, name: string, method: string): void {
  if (isWhole(value, 1)) return;
  throw new RuvectorError('INVALID_OPTION', `${name} is ${show(value)}, expected a whole number from 1 to ${maxK}`, method);
}

function toPage<M extends object>(options: PageOptions<M>, method: string): Plan<Page<M>> {
  const { filter, limit = 100, cursor = null } = requireKnown(options, ['filter', 'limit', 'cursor'], method);
  requireRows(limit, 'limit', method);
  if (cursor !== null && typeof cursor !== 'string') {
    throw new RuvectorError('INVALID_OPTION', `cursor is ${show(cursor)}, expected what page() gave`, method);
  }
  const plan = plans.scan<M>(cursor, limit, filter, true, method);
  return {
    ...plan,
    read(reply, buffers) {
      const { entries, cursor: next } = plan.read(reply, buffers);
      return { entries, cursor: next };
    },
  };
}

function requireKnown<T extends object>(options: T, known: readonly string[], method: string): T {
  for (const key of Object.keys(requireObject(options, 'options', method))) {
    if (!known.includes(key)) {
      throw new RuvectorError('INVALID_OPTION', `unknown option "${key}", expected ${known.join(', ')}`, method);
    }
  }
  return options;
}
