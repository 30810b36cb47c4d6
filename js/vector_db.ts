// A database: its default collection, the others by name, opening and closing. Documented in types/api.d.ts.
import type { CollectionOptions, DbOptions, LongCall, Metadata, SalvageReport } from '../types/api.js';
import type { Platform } from './backend.js';
import { Collection } from './collection.js';
import { Connection, containerBytes } from './connection.js';
import { Endpoint } from './endpoint.js';
import { RuvectorError } from './errors.js';
import { Interruption } from './interruption.js';
import { normalizeOptions, show } from './options.js';
import * as plans from './plans.js';
import { salvage } from './salvage.js';
import { Transaction, TransactionLog, writePlan } from './transaction.js';

const opened = Symbol('opened');
/** Of a database: whether the worker that held it is gone, and not by close. */
export const crashed = Symbol('crashed');

// Engines without `using` have no such symbols.
const dispose: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for('Symbol.dispose');
const asyncDispose: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose');

/** Everything but the platform, which index.ts and browser.ts bring. */
abstract class VectorDBBase<M extends object> extends Collection<M> {
  #connection: Connection;
  #endpoint: Endpoint;

  constructor(platform: Platform, options: DbOptions | number, maxElements?: number) {
    const given =
      typeof options === 'number'
        ? { dimensions: options, ...(maxElements === undefined ? {} : { hnswConfig: { maxElements } }) }
        : options;
    const connection = new Connection(platform, given);
    const endpoint = new Endpoint(connection);
    super(endpoint);
    this.#connection = connection;
    this.#endpoint = endpoint;
  }

  async [opened](): Promise<this> {
    await this.#endpoint.open('open');
    return this;
  }

  get backend(): string {
    return this.#connection.backendName;
  }
  get [crashed](): boolean {
    return this.#connection.crashed;
  }

  // --- Collections

  collection<N extends object = Metadata>(name: string, options?: CollectionOptions): Collection<N> {
    requireName(name, 'collection');
    this.#connection.requireNotClosed('collection');
    const given = options === undefined ? {} : normalizeOptions(options, 'collection');
    return new Collection(new Endpoint(this.#connection, name, given));
  }
  async collections(): Promise<string[]> {
    return await this.#endpoint.run(plans.collections, 'collections');
  }
  collectionsSync(): string[] {
    return this.#endpoint.runSync(plans.collections, 'collectionsSync');
  }
  async dropCollection(name: string): Promise<boolean> {
    requireName(name, 'dropCollection');
    return this.#endpoint.write(plans.dropCollection(name), 'dropCollection');
  }
  dropCollectionSync(name: string): boolean {
    requireName(name, 'dropCollectionSync');
    return this.#endpoint.writeSync(plans.dropCollection(name), 'dropCollectionSync');
  }

  async transaction<T>(run: (transaction: Transaction<M>) => T | Promise<T>): Promise<T> {
    const [log, value] = this.#collect(run, 'transaction');
    const result = await Promise.resolve(value).catch((error) => {
      log.end();
      throw error;
    });
    const parts = log.end();
    const handles = new Map<Endpoint, number>();
    for (const { endpoint } of parts) handles.set(endpoint, (await endpoint.open('transaction')).handle);
    if (parts.length > 0)
      await this.#endpoint.write(
        writePlan(parts, (endpoint) => handles.get(endpoint) as number),
        'transaction',
      );
    return result;
  }
  transactionSync<T>(run: (transaction: Transaction<M>) => T): T {
    const [log, value] = this.#collect(run, 'transactionSync');
    const parts = log.end();
    if (typeof (value as Promise<unknown> | null)?.then === 'function') {
      throw new RuvectorError(
        'INVALID_OPTION',
        'run returned a promise, expected a function that is done; or call transaction',
        'transactionSync',
      );
    }
    if (parts.length === 0) return value;
    this.#endpoint.writeSync(
      writePlan(parts, (endpoint) => endpoint.openSync('transactionSync').handle),
      'transactionSync',
    );
    return value;
  }
  #collect<T>(run: (transaction: Transaction<M>) => T, method: string): [TransactionLog, T] {
    if (typeof run !== 'function') throw new RuvectorError('INVALID_OPTION', `run is ${show(run)}, expected a function`, method);
    this.#connection.requireNotClosed(method);
    const log = new TransactionLog(method);
    try {
      return [log, run(new Transaction(log, this.#connection, this.#endpoint))];
    } catch (error) {
      log.end();
      throw error;
    }
  }

  // --- Life cycle

  async snapshot(path: string, options?: LongCall): Promise<void> {
    return this.#endpoint.runLong(plans.snapshot(path, 'snapshot'), new Interruption(options, 'snapshot'), 'snapshot');
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
  [dispose](): void {
    this.closeSync();
  }
}

function requireName(name: unknown, method: string): void {
  if (typeof name === 'string' && name !== '') return;
  throw new RuvectorError('INVALID_OPTION', `name is ${show(name)}, expected text`, method);
}

/** Methods of older packages that have no meaning here: calling one says so. */
export const laterMethods = ['optimize', 'buildIndex'] as const;

for (const method of laterMethods) {
  Object.defineProperty(VectorDBBase.prototype, method, {
    configurable: true,
    writable: true,
    value: () => {
      throw new RuvectorError('UNSUPPORTED', `${method}() is not supported: rows are linked as they come, compact() tidies up`, method);
    },
  });
}

function copyBytes(bytes: unknown): Uint8Array {
  if (bytes instanceof ArrayBuffer || bytes instanceof Uint8Array) return new Uint8Array(bytes).slice();
  throw new RuvectorError('INVALID_OPTION', `bytes is ${show(bytes)}, expected a Uint8Array or an ArrayBuffer`, 'fromBytes');
}

/** The class for one platform. */
export function defineVectorDB(platform: Platform) {
  return class VectorDB<M extends object = Metadata> extends VectorDBBase<M> {
    constructor(options: DbOptions | number, maxElements?: number) {
      super(platform, options, maxElements);
    }
    static async open<M extends object = Metadata>(options: DbOptions | number): Promise<VectorDB<M>> {
      return new VectorDB<M>(options)[opened]();
    }
    static async salvage(from: string, to: string, options?: Pick<DbOptions, 'backend' | 'wasm'>): Promise<SalvageReport> {
      return salvage(platform, from, to, options);
    }
    static withDimensions<M extends object = Metadata>(dimensions: number): VectorDB<M> {
      return new VectorDB<M>(dimensions);
    }
    static async fromBytes<M extends object = Metadata>(bytes: Uint8Array | ArrayBuffer, options: DbOptions = {}): Promise<VectorDB<M>> {
      return VectorDB.open({ ...options, [containerBytes]: copyBytes(bytes) } as DbOptions);
    }
  };
}
