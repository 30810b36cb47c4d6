// One database of several, in a worker of its own, which is started again when it crashes.
import type { DbOptions, VectorDB } from '../types/api.js';
import { RuvectorError } from './errors.js';

/** What a shard is made of. */
export type ShardDatabase<M extends object = object> = VectorDB<M>;
export interface OpenShard<M extends object> {
  open(options: DbOptions): Promise<ShardDatabase<M>>;
  /** Whether its worker is gone, and not by close. */
  hasCrashed(database: ShardDatabase<M>): boolean;
}

export class Shard<M extends object> {
  readonly persistent: boolean;
  readonly #open: OpenShard<M>;
  readonly #options: DbOptions;
  #database: ShardDatabase<M>;
  #restarting: Promise<void> | null = null;

  private constructor(open: OpenShard<M>, options: DbOptions, database: ShardDatabase<M>) {
    this.#open = open;
    this.#options = options;
    this.#database = database;
    this.persistent = options.storagePath !== undefined;
  }

  static async open<M extends object>(open: OpenShard<M>, options: DbOptions): Promise<Shard<M>> {
    return new Shard(open, options, await open.open(options));
  }

  get database(): ShardDatabase<M> {
    return this.#database;
  }
  get dimensions(): number {
    return this.#database.dimensions;
  }
  get backend(): string {
    return this.#database.backend;
  }

  async read<T>(read: (database: ShardDatabase<M>) => Promise<T>): Promise<T> {
    const database = this.#database;
    try {
      return await read(database);
    } catch (error) {
      if (!this.#open.hasCrashed(database)) throw error;
      await this.#restart(database);
      return read(this.#database);
    }
  }

  async write<T>(write: (database: ShardDatabase<M>) => Promise<T>): Promise<T> {
    // What one that crashed before has missed is no concern of this write.
    if (this.#open.hasCrashed(this.#database)) await this.#restart(this.#database);
    const database = this.#database;
    try {
      return await write(database);
    } catch (error) {
      if (!this.#open.hasCrashed(database)) throw error;
      await this.#restart(database);
      const { message, method } = error as RuvectorError;
      throw new RuvectorError('IO', `${message}; it was started again, and whether this was written is not known`, method);
    }
  }

  #restart(crashed: ShardDatabase<M>): Promise<void> {
    if (!this.persistent) {
      throw new RuvectorError('IO', 'a worker crashed, and with it the rows that it held in memory; open the database anew', 'open');
    }
    if (this.#database !== crashed) return this.#restarting ?? Promise.resolve();
    this.#restarting ??= this.#open.open(this.#options).then(
      (database) => {
        this.#database = database;
        this.#restarting = null;
      },
      (error) => {
        this.#restarting = null;
        throw error;
      },
    );
    return this.#restarting;
  }

  async close(): Promise<void> {
    await this.#restarting?.catch(() => {});
    if (this.#open.hasCrashed(this.#database)) return;
    await this.#database.close();
  }
}
