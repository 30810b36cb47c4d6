// One open database of one backend: opens at first use, keeps writes in order, turns error replies into errors.
import type { ErrorCode, Metric } from '../types/api.js';
import type { Backend, FastHits, Platform, Reply, WasmSource } from './backend.js';
import { RuvectorError } from './errors.js';
import { type Bag, normalizeOptions, show } from './options.js';

/** A call made ready: what to send, and how to read what comes back. */
export interface Plan<T> {
  readonly call: string;
  readonly args: Bag;
  readonly buffers: readonly ArrayBufferView[];
  // biome-ignore lint/suspicious/noExplicitAny: the value of a reply has the shape that types/calls.d.ts gives its method
  read(value: any, buffers: readonly ArrayBuffer[]): T;
}

interface Opened {
  readonly backend: Backend;
  readonly handle: number;
  readonly dimensions: number;
  readonly metric: Metric;
  readonly scoreMode: 'distance' | 'similarity';
}

interface ErrorReply {
  readonly error?: { readonly code: ErrorCode; readonly message: string };
}

function parse(reply: Reply | string, method: string): unknown {
  const value = JSON.parse(typeof reply === 'string' ? reply : reply.json) as ErrorReply | null;
  if (value?.error) throw new RuvectorError(value.error.code, value.error.message, method);
  return value;
}

/** Under this key fromBytes passes the bytes to open instead of a path: no user's option can be called so. */
export const containerBytes = Symbol('containerBytes');

export class Connection {
  readonly options: Bag;
  #platform: Platform;
  #wasmSource: WasmSource | undefined;
  #wanted: 'auto' | 'native' | 'wasm';
  #backend: Backend | null = null;
  #opened: Opened | null = null;
  #opening: Promise<Opened> | null = null;
  #bytes: Uint8Array | undefined;
  #closed = false;
  #writes: Promise<unknown> = Promise.resolve();
  #writesUnderWay = 0;

  /** Checks the options as far as it can be done at once. */
  constructor(platform: Platform, given: unknown) {
    const bytes = (given as { [containerBytes]?: Uint8Array } | null)?.[containerBytes];
    const { backend = 'auto', wasm, ...options } = normalizeOptions(given, 'open');
    this.#platform = platform;
    this.#wasmSource = wasm as WasmSource | undefined;
    this.#wanted = this.#chooseBackend(backend);
    this.options = options;
    this.#bytes = bytes;
    if (this.#wanted !== 'wasm') {
      try {
        this.#backend = platform.native();
      } catch (error) {
        if (this.#wanted === 'native') throw error;
        platform.warn(`${(error as Error).message}\nusing WebAssembly instead`);
      }
      if (this.#backend === null && this.#wanted === 'native') {
        throw new RuvectorError('UNSUPPORTED', "backend 'native' needs Node, Bun or Electron", 'open');
      }
    }
    this.#backend ??= platform.wasmNow(this.#wasmSource);
    if (bytes === undefined && this.#backend !== null) {
      parse(this.#backend.callSync('db.validate', JSON.stringify(options), []), 'open');
    }
  }

  #chooseBackend(asked: unknown): 'auto' | 'native' | 'wasm' {
    const wanted = asked === 'auto' ? (this.#platform.preferred() ?? 'auto') : asked;
    if (wanted === 'auto' || wanted === 'native' || wanted === 'wasm') return wanted;
    throw new RuvectorError('INVALID_OPTION', `backend is ${show(wanted)}, expected "auto", "native" or "wasm"`, 'open');
  }

  get backendName(): string {
    if (this.#backend === null) throw new RuvectorError('NOT_READY', 'WebAssembly is not loaded yet; await VectorDB.open', 'backend');
    return this.#backend.name;
  }

  /** Known from the options, or once open. */
  get dimensions(): number | undefined {
    return this.#opened?.dimensions ?? (this.options.dimensions as number | undefined);
  }

  get metric(): Metric {
    return this.#opened?.metric ?? (this.options.distanceMetric as Metric | undefined) ?? 'cosine';
  }

  get scoreMode(): 'distance' | 'similarity' {
    return this.#opened?.scoreMode ?? (this.options.scoreMode as 'distance' | 'similarity' | undefined) ?? 'distance';
  }

  requireNotClosed(method: string): void {
    if (this.#closed) throw new RuvectorError('CLOSED', 'the database is closed', method);
  }

  // --- Opening

  #openRequest(): [string, string, ArrayBufferView[]] {
    return [this.#bytes ? 'db.fromBytes' : 'db.open', JSON.stringify(this.options), this.#bytes ? [this.#bytes] : []];
  }

  #finishOpening(backend: Backend, reply: Reply, method: string): Opened {
    const value = parse(reply, method) as Omit<Opened, 'backend' | 'metric'> & { distanceMetric: Metric };
    this.#opened = {
      backend,
      handle: value.handle,
      dimensions: value.dimensions,
      metric: value.distanceMetric,
      scoreMode: value.scoreMode,
    };
    this.#bytes = undefined;
    return this.#opened;
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
    const backend = this.#backend ?? (await this.#platform.wasm(this.#wasmSource));
    this.#backend = backend;
    return this.#finishOpening(backend, await backend.call(...this.#openRequest()), method);
  }

  #openSync(method: string): Opened {
    this.requireNotClosed(method);
    if (this.#opened) return this.#opened;
    if (this.#opening) throw new RuvectorError('NOT_READY', 'the database is being opened; await that call first', method);
    this.#backend ??= this.#platform.wasmNow(this.#wasmSource);
    if (this.#backend === null) {
      throw new RuvectorError('NOT_READY', 'WebAssembly is not loaded yet; await VectorDB.open before the Sync methods', method);
    }
    return this.#finishOpening(this.#backend, this.#backend.callSync(...this.#openRequest()), method);
  }

  // --- Calling

  async run<T>(plan: Plan<T>, method: string): Promise<T> {
    this.requireNotClosed(method);
    return this.#run(plan, method);
  }

  async #run<T>(plan: Plan<T>, method: string): Promise<T> {
    const { backend, handle } = this.#opened ?? (await this.open(method));
    const reply = await backend.call(plan.call, JSON.stringify({ handle, ...plan.args }), plan.buffers);
    return plan.read(parse(reply, method), reply.buffers);
  }

  runSync<T>(plan: Plan<T>, method: string): T {
    const { backend, handle } = this.#openSync(method);
    const reply = backend.callSync(plan.call, JSON.stringify({ handle, ...plan.args }), plan.buffers);
    return plan.read(parse(reply, method), reply.buffers);
  }

  /** Like run, after the writes called before; the first of them starts at once. */
  write<T>(plan: Plan<T>, method: string): Promise<T> {
    this.requireNotClosed(method);
    const start = () => this.#run(plan, method);
    const result = this.#writesUnderWay === 0 ? start() : this.#writes.then(start, start);
    this.#writesUnderWay++;
    const done = () => {
      this.#writesUnderWay--;
    };
    this.#writes = result.then(done, done);
    return result;
  }

  /** The typed fast path; k and efSearch are whole numbers in range. */
  searchFast(query: Float32Array, k: number, efSearch: number, exact: boolean, method: string): FastHits {
    const { backend, handle } = this.#openSync(method);
    const found = backend.search(handle, query, k, efSearch, exact);
    if (typeof found === 'string') parse(found, method);
    return found as FastHits;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#writes;
    const opened = this.#opened ?? (await this.#opening?.catch(() => null));
    if (opened) parse(await opened.backend.call('db.close', JSON.stringify({ handle: opened.handle }), []), 'close');
  }

  closeSync(): void {
    if (this.#closed) return;
    if (this.#writesUnderWay > 0 || (this.#opening && !this.#opened)) {
      throw new RuvectorError('NOT_READY', 'calls are under way; await close() instead', 'closeSync');
    }
    this.#closed = true;
    const opened = this.#opened;
    if (opened) parse(opened.backend.callSync('db.close', JSON.stringify({ handle: opened.handle }), []), 'closeSync');
  }
}
