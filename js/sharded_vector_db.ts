// One database over several workers: rows are spread by a hash of their id, searches go to all and are merged. Documented in types/api.d.ts.
import type {
  DbStats,
  Filter,
  Hits,
  LongCall,
  Metadata,
  SearchQuery,
  ShardedStats,
  StoredEntry,
  Vec,
  VectorEntry,
  VectorMatrix,
  Verification,
} from '../types/api.js';
import { isVector, newId, packBatch, toId } from './entries.js';
import { RuvectorError } from './errors.js';
import { mergeHits } from './hits.js';
import { type Bag, isObject, normalizeQuery, show } from './options.js';
import type { Shard, ShardDatabase } from './shard.js';
import { shardOf } from './shard_of_id.js';

type Id = string | number;

/** What each core would refuse of its own part only. */
function requireSound(vectors: Float32Array, dimensions: number, directions: boolean): void {
  for (let first = 0; first < vectors.length; first += dimensions) {
    let zero = true;
    for (let i = first; i < first + dimensions; i++) {
      const x = vectors[i] as number;
      zero &&= x === 0;
      if (Number.isFinite(x)) continue;
      const where = `entry ${first / dimensions}: vector has ${x} at index ${i - first}`;
      throw new RuvectorError('INVALID_VECTOR', `${where}, expected finite numbers`, 'insertBatch');
    }
    if (zero && directions) {
      throw new RuvectorError('ZERO_VECTOR', `entry ${first / dimensions}: vector is zero, which has no direction`, 'insertBatch');
    }
  }
}

function copyQuery(query: unknown): Bag {
  const bag = normalizeQuery(query, 'search');
  if (isVector(bag.vector)) bag.vector = bag.vector.slice();
  return bag;
}

/** Everything but how shards are opened, which index.ts and browser.ts bring. */
export class ShardedVectorDBBase<M extends object = Metadata> {
  readonly shards: number;
  readonly dimensions: number;
  readonly #shards: readonly Shard<M>[];
  #closing: Promise<void> | undefined;

  constructor(shards: readonly Shard<M>[]) {
    this.#shards = shards;
    this.shards = shards.length;
    this.dimensions = (shards[0] as Shard<M>).dimensions;
  }

  get backend(): string {
    return (this.#shards[0] as Shard<M>).backend;
  }

  #requireOpen(method: string): void {
    if (this.#closing) throw new RuvectorError('CLOSED', 'the database is closed', method);
  }
  #of(id: Id, method: string): Shard<M> {
    this.#requireOpen(method);
    return this.#shards[shardOf(toId(id, '', method), this.shards)] as Shard<M>;
  }
  #readAll<T>(read: (db: ShardDatabase<M>, shard: number) => Promise<T>, method: string): Promise<T[]> {
    this.#requireOpen(method);
    return Promise.all(this.#shards.map((shard, number) => shard.read((db) => read(db, number))));
  }
  #writeAll<T>(write: (db: ShardDatabase<M>, shard: number) => Promise<T>, method: string): Promise<T[]> {
    this.#requireOpen(method);
    return Promise.all(this.#shards.map((shard, number) => shard.write((db) => write(db, number))));
  }
  /** Places of items, by shard. */
  #spread(ids: readonly string[]): number[][] {
    const places: number[][] = Array.from({ length: this.shards }, () => []);
    ids.forEach((id, place) => {
      places[shardOf(id, this.shards)]?.push(place);
    });
    return places;
  }

  // --- Writing

  async insert(entry: VectorEntry<M>): Promise<string> {
    const id = isObject(entry) && entry.id !== undefined && entry.id !== null ? toId(entry.id, '', 'insert') : newId();
    return this.#of(id, 'insert').write((db) => db.insert(isObject(entry) ? { ...entry, id } : entry));
  }

  async insertBatch(entries: readonly VectorEntry<M>[] | VectorMatrix<M>, options?: LongCall): Promise<string[]> {
    this.#requireOpen('insertBatch');
    const { dimensions } = this;
    // Checked as a whole, so that nothing of a batch with a wrong entry is written anywhere.
    const { ids, vectors, metadata } = packBatch(entries, dimensions, 'insertBatch');
    requireSound(vectors, dimensions, this.#shards[0]?.database.metric === 'cosine');
    const done = new Array<number>(this.shards).fill(0);
    const totals = new Array<number>(this.shards).fill(0);
    const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);
    const places = this.#spread(ids);
    places.forEach((own, shard) => {
      totals[shard] = own.length;
    });
    await this.#writeAll(async (db, shard) => {
      const own = places[shard] as number[];
      if (own.length === 0) return;
      const part = new Float32Array(own.length * dimensions);
      own.forEach((place, i) => {
        part.set(vectors.subarray(place * dimensions, (place + 1) * dimensions), i * dimensions);
      });
      const matrix: VectorMatrix<M> = { ids: own.map((place) => ids[place] as string), vectors: part };
      if (metadata) matrix.metadata = own.map((place) => metadata[place] as M | null);
      const onProgress = options?.onProgress && {
        onProgress: (ready: number, total: number) => {
          done[shard] = ready;
          totals[shard] = total;
          options.onProgress?.(sum(done), sum(totals));
        },
      };
      await db.insertBatch(matrix, { ...options, ...onProgress });
    }, 'insertBatch');
    return [...ids];
  }

  async update(id: Id, entry: { vector?: Vec; metadata?: M }): Promise<boolean> {
    return this.#of(id, 'update').write((db) => db.update(id, entry));
  }
  async updateMetadata(id: Id, metadata: M): Promise<boolean> {
    return this.#of(id, 'updateMetadata').write((db) => db.updateMetadata(id, metadata));
  }
  async delete(id: Id): Promise<boolean> {
    return this.#of(id, 'delete').write((db) => db.delete(id));
  }
  async deleteBatch(given: readonly Id[]): Promise<number> {
    if (!Array.isArray(given)) throw new RuvectorError('INVALID_OPTION', `ids is ${show(given)}, expected an array`, 'deleteBatch');
    const ids = given.map((id, i) => toId(id, `entry ${i}: `, 'deleteBatch'));
    const places = this.#spread(ids);
    const counts = await this.#writeAll(
      async (db, shard) => db.deleteBatch((places[shard] as number[]).map((place) => ids[place] as string)),
      'deleteBatch',
    );
    return counts.reduce((a, b) => a + b, 0);
  }
  async deleteWhere(filter: Filter<M>): Promise<number> {
    return (await this.#writeAll((db) => db.deleteWhere(filter), 'deleteWhere')).reduce((a, b) => a + b, 0);
  }
  async clear(): Promise<void> {
    await this.#writeAll((db) => db.clear(), 'clear');
  }

  // --- Reading

  async search(query: SearchQuery<M>): Promise<Hits<M>> {
    return (await this.searchBatch([query]))[0] as Hits<M>;
  }
  async searchBatch(queries: readonly SearchQuery<M>[]): Promise<Hits<M>[]> {
    if (!Array.isArray(queries)) throw new RuvectorError('INVALID_OPTION', `queries is ${show(queries)}, expected an array`, 'searchBatch');
    // Copied before anything is waited for: what the caller changes afterwards is not searched for.
    const copies = queries.map(copyQuery);
    const plain = await Promise.all(copies.map((query) => this.#withVector(query as SearchQuery<M>)));
    const found = await this.#readAll((db) => db.searchBatch(plain.map(({ query }) => query)), 'searchBatch');
    return plain.map(({ without, k }, q) =>
      mergeHits(
        found.map((hits) => hits[q] as Hits<M>),
        k,
        without,
      ),
    );
  }

  /** `like` names a row of one shard: the others are asked by its vector. */
  async #withVector(query: SearchQuery<M>): Promise<{ query: SearchQuery<M>; k: number; without?: string }> {
    const { like, ...rest } = query;
    const k = rest.k ?? 10;
    if (like === undefined) return { query, k };
    const id = toId(like, 'like: ', 'search');
    const entry = await this.get(id);
    if (entry === null) throw new RuvectorError('NOT_FOUND', `like: there is no entry ${show(id)}`, 'search');
    if (rest.vector !== undefined) {
      throw new RuvectorError('INVALID_OPTION', 'vector and like are both given, expected one of them', 'search');
    }
    return { query: { ...rest, k: k + 1, vector: entry.vector }, k, without: id };
  }

  async get(id: Id): Promise<StoredEntry<M> | null> {
    return this.#of(id, 'get').read((db) => db.get(id));
  }
  async has(id: Id): Promise<boolean> {
    return this.#of(id, 'has').read((db) => db.has(id));
  }
  async getMany(given: readonly Id[]): Promise<(StoredEntry<M> | null)[]> {
    if (!Array.isArray(given)) throw new RuvectorError('INVALID_OPTION', `ids is ${show(given)}, expected an array`, 'getMany');
    const ids = given.map((id, i) => toId(id, `entry ${i}: `, 'getMany'));
    const places = this.#spread(ids);
    const all = new Array<StoredEntry<M> | null>(ids.length).fill(null);
    await this.#readAll(async (db, shard) => {
      const own = places[shard] as number[];
      const found = own.length === 0 ? [] : await db.getMany(own.map((place) => ids[place] as string));
      own.forEach((place, i) => {
        all[place] = found[i] ?? null;
      });
    }, 'getMany');
    return all;
  }
  async count(filter?: Filter<M>): Promise<number> {
    return (await this.#readAll((db) => db.count(filter), 'count')).reduce((a, b) => a + b, 0);
  }
  async len(): Promise<number> {
    return (await this.#readAll((db) => db.len(), 'len')).reduce((a, b) => a + b, 0);
  }
  async isEmpty(): Promise<boolean> {
    return (await this.len()) === 0;
  }
  async *entries(options?: { filter?: Filter<M>; batchSize?: number }): AsyncIterableIterator<StoredEntry<M>> {
    this.#requireOpen('entries');
    for (const shard of this.#shards) {
      await shard.read((db) => db.len()); // one that has crashed is started again
      yield* shard.database.entries(options);
    }
  }
  async *keys(): AsyncIterableIterator<string> {
    for await (const { id } of this.entries()) yield id;
  }

  async stats(): Promise<ShardedStats> {
    const shards = await this.#readAll((db) => db.stats(), 'stats');
    const sum = (name: 'count' | 'memoryUsage' | 'diskUsage' | 'deleted' | 'segments' | 'pending' | 'walBytes') =>
      shards.reduce((total, stats) => total + stats[name], 0);
    const { dimensions, metric } = shards[0] as DbStats;
    return {
      ...{ count: sum('count'), dimensions, metric, memoryUsage: sum('memoryUsage'), diskUsage: sum('diskUsage') },
      ...{ deleted: sum('deleted'), segments: sum('segments'), pending: sum('pending'), walBytes: sum('walBytes'), shards },
    };
  }
  async verify(options?: LongCall): Promise<Verification> {
    const all = await this.#readAll((db) => db.verify(options), 'verify');
    return {
      ok: all.every(({ ok }) => ok),
      files: all.reduce((sum, { files }) => sum + files, 0),
      bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
      damage: all.flatMap(({ damage }) => damage),
    };
  }
  async refresh(): Promise<boolean> {
    return (await this.#readAll((db) => db.refresh(), 'refresh')).includes(true);
  }

  // --- Life cycle

  async flush(): Promise<void> {
    await this.#writeAll((db) => db.flush(), 'flush');
  }
  async compact(options?: LongCall): Promise<void> {
    await this.#writeAll((db) => db.compact(options), 'compact');
  }
  async close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }
  async #closeAll(): Promise<void> {
    const ends = await Promise.allSettled(this.#shards.map((shard) => shard.close()));
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed) throw failed.reason;
  }
}
