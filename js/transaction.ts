// Writes collected for one commit, over any number of collections. Documented in types/api.d.ts.
import type { Metadata, VectorEntry, VectorMatrix } from '../types/api.js';
import type { Connection } from './connection.js';
import { Endpoint, type Plan } from './endpoint.js';
import { packBatch, packEntry } from './entries.js';
import { RuvectorError } from './errors.js';
import type { Bag } from './options.js';
import { toIds } from './plans.js';

interface Part {
  readonly endpoint: Endpoint;
  readonly args: Bag;
  readonly buffer?: Float32Array;
}

/** What is collected, until it is sent. */
export class TransactionLog {
  readonly method: string;
  #parts: Part[] | null = [];

  constructor(method: string) {
    this.method = method;
  }

  add(part: Part): void {
    if (this.#parts === null) throw new RuvectorError('CLOSED', 'the transaction has ended', this.method);
    this.#parts.push(part);
  }

  end(): readonly Part[] {
    const parts = this.#parts ?? [];
    this.#parts = null;
    return parts;
  }
}

export class TransactionCollection<M extends object = Metadata> {
  #log: TransactionLog;
  #endpoint: Endpoint;

  constructor(log: TransactionLog, endpoint: Endpoint) {
    this.#log = log;
    this.#endpoint = endpoint;
  }

  insert(entry: VectorEntry<M>): string {
    return this.#put(packEntry(entry, this.#endpoint.dimensions, this.#log.method))[0] as string;
  }
  insertBatch(batch: readonly VectorEntry<M>[] | VectorMatrix<M>): string[] {
    return this.#put(packBatch(batch, this.#endpoint.dimensions, this.#log.method));
  }
  delete(id: string | number): void {
    this.deleteBatch([id]);
  }
  deleteBatch(ids: readonly (string | number)[]): void {
    this.#log.add({ endpoint: this.#endpoint, args: { kind: 'delete', ids: toIds(ids, this.#log.method) } });
  }
  clear(): void {
    this.#log.add({ endpoint: this.#endpoint, args: { kind: 'clear' } });
  }

  #put({ ids, metadata, vectors }: ReturnType<typeof packBatch>): string[] {
    this.#log.add({ endpoint: this.#endpoint, args: { kind: 'put', ids, ...(metadata ? { metadata } : {}) }, buffer: vectors });
    return ids;
  }
}

export class Transaction<M extends object = Metadata> extends TransactionCollection<M> {
  #log: TransactionLog;
  #connection: Connection;

  constructor(log: TransactionLog, connection: Connection, endpoint: Endpoint) {
    super(log, endpoint);
    this.#log = log;
    this.#connection = connection;
  }

  collection<N extends object = Metadata>(name: string): TransactionCollection<N> {
    return new TransactionCollection(this.#log, new Endpoint(this.#connection, name, {}));
  }
}

/** `handleOf` each part's collection. */
export function writePlan(parts: readonly Part[], handleOf: (endpoint: Endpoint) => number): Plan<void> {
  return {
    call: 'db.write',
    args: { parts: parts.map(({ endpoint, args }) => ({ handle: handleOf(endpoint), ...args })) },
    buffers: parts.flatMap(({ buffer }) => (buffer ? [buffer] : [])),
    read: () => undefined,
  };
}
