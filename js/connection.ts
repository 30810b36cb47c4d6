// One open database of one backend: opens at first use, keeps writes in order, closes.
import type { Metric } from '../types/api.js';
import type { Backend, Platform, Reply, WasmSource } from './backend.js';
import { nativeIfWanted } from './backend_choice.js';
import { RuvectorError } from './errors.js';
import { mountPathOf } from './indexed_db/mounted_files.js';
import { type Bag, checkWithoutCore, normalizeOptions, show } from './options.js';
import { parseReply } from './reply.js';

export interface Opened {
  readonly backend: Backend;
  readonly handle: number;
  readonly dimensions: number;
  readonly metric: Metric;
}

/** What db.open and db.collection answer, as the rest of this library wants it. */
export function readOpened(backend: Backend, reply: Reply, method: string): Opened & { scoreMode?: 'distance' | 'similarity' } {
  const { distanceMetric, ...rest } = parseReply(reply, method) as Omit<Opened, 'backend' | 'metric'> & { distanceMetric: Metric };
  return { ...rest, backend, metric: distanceMetric };
}

// A database that nobody holds any more is closed, so that its lock goes.
const forgotten =
  typeof FinalizationRegistry === 'undefined'
    ? null
    : new FinalizationRegistry<{ backend: Backend; handle: number }>(({ backend, handle }) => {
        void backend.call('db.close', JSON.stringify({ handle }), []).then(() => backend.end?.());
      });

/** Under this key fromBytes passes the bytes to open instead of a path: no user's option can be called so. */
export const containerBytes = Symbol('containerBytes');

// Half of what `durability: 'batch'` promises.
const syncDelay = 50;

export class Connection {
  readonly options: Bag;
  #platform: Platform;
  #wasmSource: WasmSource | undefined;
  #askedBackend: unknown;
  #inThread: boolean;
  #backend: Backend | null = null;
  #opened: Opened | null = null;
  #opening: Promise<Opened> | null = null;
  #scoreMode: 'distance' | 'similarity';
  #bytes: Uint8Array | undefined;
  #closing: Promise<void> | null = null;
  #writes: Promise<unknown> = Promise.resolve();
  #writesUnderWay = 0;
  #longCalls = new Set<Promise<unknown>>();
  #callsUnderWay = 0;
  #callsEnded: (() => void) | undefined;
  #syncTimer: ReturnType<typeof setTimeout> | undefined;

  /** Checks the options as far as it can be done at once. */
  constructor(platform: Platform, given: unknown) {
    const bytes = (given as { [containerBytes]?: Uint8Array } | null)?.[containerBytes];
    const { backend, wasm, inThread, ...options } = normalizeOptions(given, 'open');
    if (inThread !== undefined && typeof inThread !== 'boolean') {
      throw new RuvectorError('INVALID_OPTION', `inThread is ${show(inThread)}, expected true or false`, 'open');
    }
    this.#platform = platform;
    if (mountPathOf(options.storagePath) !== undefined && !platform.hasIndexedDb) {
      throw new RuvectorError('UNSUPPORTED', `storagePath "${options.storagePath}" is for browsers; expected a folder here`, 'open');
    }
    this.#wasmSource = wasm as WasmSource | undefined;
    this.options = options;
    this.#scoreMode = (options.scoreMode as 'distance' | 'similarity' | undefined) ?? 'distance';
    this.#bytes = bytes;
    this.#askedBackend = backend;
    this.#inThread = inThread ?? platform.inThread;
    const native = nativeIfWanted(platform, backend, 'open');
    if (this.#inThread) this.#backend = native ?? platform.wasmNow(this.#wasmSource);
    if (bytes !== undefined) return;
    if (this.#backend === null) checkWithoutCore(options);
    else parseReply(this.#backend.callSync('db.validate', JSON.stringify(options), []), 'open');
  }

  get backendName(): string {
    if (this.#backend === null) throw new RuvectorError('NOT_READY', 'WebAssembly is not loaded yet; await VectorDB.open', 'backend');
    return this.#backend.name;
  }

  get scoreMode(): 'distance' | 'similarity' {
    return this.#scoreMode;
  }

  get crashed(): boolean {
    return this.#backend?.crashed === true;
  }

  requireNotClosed(method: string): void {
    if (this.#closing) throw new RuvectorError('CLOSED', 'the database is closed', method);
  }

  // --- Opening

  #openRequest(): [string, string, ArrayBufferView[]] {
    return [this.#bytes ? 'db.fromBytes' : 'db.open', JSON.stringify(this.options), this.#bytes ? [this.#bytes] : []];
  }

  #finishOpening(backend: Backend, reply: Reply, method: string): Opened {
    const opened = readOpened(backend, reply, method);
    this.#scoreMode = opened.scoreMode ?? this.#scoreMode;
    this.#opened = opened;
    this.#bytes = undefined;
    forgotten?.register(this, { backend, handle: opened.handle }, this);
    return opened;
  }

  open(method: string): Promise<Opened> {
    if (this.#opened) return Promise.resolve(this.#opened);
    if (!this.#opening) {
      this.#opening = this.#openNow(method);
      // A failed opening (a lock, say) may succeed when tried again.
      this.#opening.catch(() => {
        this.#opening = null;
      });
    }
    return this.#opening;
  }

  async #openNow(method: string): Promise<Opened> {
    const backend = this.#backend ?? (await this.#startBackend());
    try {
      const opened = this.#finishOpening(backend, await backend.call(...this.#openRequest()), method);
      this.#backend = backend;
      return opened;
    } catch (error) {
      // In the thread it is there for all databases, and checks options at once from now on.
      if (this.#inThread) this.#backend = backend;
      else backend.end?.();
      throw error;
    }
  }

  #startBackend(): Promise<Backend> {
    const { worker } = this.#platform;
    // Of bytes, which are a database in memory, nothing can begin.
    const request = this.#bytes ? '{}' : JSON.stringify(this.options);
    return this.#inThread ? this.#startInThread(request) : worker(this.#askedBackend, this.#wasmSource, request);
  }

  async #startInThread(request: string): Promise<Backend> {
    const giveUp = this.#platform.begin?.(request);
    try {
      return await this.#platform.wasm(this.#wasmSource);
    } catch (error) {
      giveUp?.();
      throw error;
    }
  }

  openSync(method: string): Opened {
    this.requireNotClosed(method);
    if (this.#opened) return this.#opened;
    if (!this.#inThread) {
      throw new RuvectorError('UNSUPPORTED', 'a database in a worker has no Sync methods; open with inThread: true for them', method);
    }
    if (this.#opening) throw new RuvectorError('NOT_READY', 'the database is being opened; await that call first', method);
    this.#backend ??= this.#platform.wasmNow(this.#wasmSource);
    if (this.#backend === null) {
      throw new RuvectorError('NOT_READY', 'WebAssembly is not loaded yet; await VectorDB.open before the Sync methods', method);
    }
    return this.#finishOpening(this.#backend, this.#backend.callSync(...this.#openRequest()), method);
  }

  // --- The order of writes

  requireNoWrites(method: string): void {
    this.requireNotClosed(method);
    const waits = method === 'flushSync' || (this.options.durability ?? 'sync') === 'sync';
    if (waits && mountPathOf(this.options.storagePath) !== undefined) {
      const instead = `await ${method.replace(/Sync$/, '')}${method === 'flushSync' ? '' : ", or open with durability: 'batch'"}`;
      throw new RuvectorError('UNSUPPORTED', `${method} cannot wait until IndexedDB has what it writes; ${instead}`, method);
    }
    if (this.#writesUnderWay > 0) {
      throw new RuvectorError('NOT_READY', 'writes are under way; await them before a Sync write', method);
    }
  }

  /** Runs a write after those called before; the first of them starts at once. */
  inOrder<T>(start: () => Promise<T>): Promise<T> {
    const result = this.#writesUnderWay === 0 ? start() : this.#writes.then(start, start);
    this.#writesUnderWay++;
    const done = () => {
      this.#writesUnderWay--;
    };
    this.#writes = result.then(done, done);
    return result;
  }

  /** A call that closing waits for, though it is no write. */
  track<T>(call: Promise<T>): Promise<T> {
    const ended = () => {
      this.#longCalls.delete(done);
    };
    const done: Promise<unknown> = call.then(ended, ended);
    this.#longCalls.add(done);
    return call;
  }

  /** Closing waits for the end of a call; closeSync does not: a read ends with CLOSED then, or with its answer. */
  beginCall(): void {
    this.#callsUnderWay++;
  }
  endCall(): void {
    if (--this.#callsUnderWay === 0) this.#callsEnded?.();
  }

  /** After a write with durability 'batch': native databases sync on a thread of their own, the others here. */
  syncSoon({ backend, handle }: Opened): void {
    if (this.options.durability !== 'batch' || !backend.name.startsWith('wasm') || this.#syncTimer !== undefined) return;
    this.#syncTimer = setTimeout(() => {
      this.#syncTimer = undefined;
      // Should it fail, the next write is refused and says why.
      if (!this.#closing) void backend.call('db.sync', JSON.stringify({ handle }), []);
    }, syncDelay);
    (this.#syncTimer as { unref?(): void }).unref?.();
  }

  // --- Closing

  close(): Promise<void> {
    this.#closing ??= this.#closeNow();
    return this.#closing;
  }

  async #closeNow(): Promise<void> {
    await this.#writes;
    await Promise.all(this.#longCalls);
    if (this.#callsUnderWay > 0) {
      await new Promise<void>((resolve) => {
        this.#callsEnded = resolve;
      });
    }
    const opened = this.#opened ?? (await this.#opening?.catch(() => null));
    if (opened === null || opened === undefined) return;
    try {
      parseReply(await opened.backend.call(...this.#closeRequest(opened)), 'close');
    } finally {
      opened.backend.end?.();
    }
  }

  closeSync(): void {
    if (this.#closing) return;
    if (!this.#inThread) {
      throw new RuvectorError('UNSUPPORTED', 'the database is in a worker, which closeSync cannot wait for; await close()', 'closeSync');
    }
    if (mountPathOf(this.options.storagePath) !== undefined) {
      throw new RuvectorError('UNSUPPORTED', 'closeSync cannot wait for IndexedDB; await close()', 'closeSync');
    }
    if (this.#writesUnderWay > 0 || this.#longCalls.size > 0 || (this.#opening && !this.#opened)) {
      throw new RuvectorError('NOT_READY', 'calls are under way; await close() instead', 'closeSync');
    }
    this.#closing = Promise.resolve();
    const opened = this.#opened;
    if (opened) parseReply(opened.backend.callSync(...this.#closeRequest(opened)), 'closeSync');
  }

  #closeRequest({ handle }: Opened): [string, string, ArrayBufferView[]] {
    clearTimeout(this.#syncTimer);
    forgotten?.unregister(this);
    return ['db.close', JSON.stringify({ handle }), []];
  }
}
