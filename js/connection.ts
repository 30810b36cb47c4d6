// One open database of one backend: opens at first use, keeps writes in order, turns error replies into errors.
import type { ErrorCode, Metric } from '../types/api.js';
import type { Backend, FastHits, Platform, Reply, WasmSource } from './backend.js';
import { RuvectorError } from './errors.js';
import { type Bag, checkWithoutCore, normalizeOptions, show } from './options.js';

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

function parse(json: string, method: string, site?: CallSite): unknown {
  const value = JSON.parse(json) as ErrorReply;
  if (value.error) {
    const error = new RuvectorError(value.error.code, value.error.message, method);
    site?.moveTo(error);
    throw error;
  }
  return value;
}

/** Where a call came from, kept before the first await: an error that comes back later knows only this library's frames. */
class CallSite {
  declare stack?: string;

  constructor(skip: (...args: never[]) => unknown) {
    (Error as { captureStackTrace?(to: object, skip: unknown): void }).captureStackTrace?.(this, skip);
  }

  moveTo(error: Error): void {
    const frames = this.stack?.slice(this.stack.indexOf('\n    at '));
    if (frames) error.stack = `${error.name}: ${error.message}${frames}`;
  }
}

// Made at the time of the call: what the caller changes afterwards is not sent.
function sealed(plan: Plan<unknown>): (handle: number) => string {
  const args = JSON.stringify(plan.args);
  return (handle) => (args === '{}' ? `{"handle":${handle}}` : `{"handle":${handle},${args.slice(1)}`);
}

let announced = false;

function announceFallback(platform: Platform, error: Error): void {
  if (!announced) platform.warn(`${error.message}\nusing WebAssembly instead`);
  announced = true;
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
  #closing: Promise<void> | null = null;
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
        announceFallback(platform, error as Error);
      }
      if (this.#backend === null && this.#wanted === 'native') {
        throw new RuvectorError('UNSUPPORTED', "backend 'native' needs Node, Bun or Electron", 'open');
      }
    }
    this.#backend ??= platform.wasmNow(this.#wasmSource);
    if (bytes !== undefined) return;
    if (this.#backend === null) checkWithoutCore(options);
    else parse(this.#backend.callSync('db.validate', JSON.stringify(options), []).json, 'open');
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
    if (this.#closing) throw new RuvectorError('CLOSED', 'the database is closed', method);
  }

  // --- Opening

  #openRequest(): [string, string, ArrayBufferView[]] {
    return [this.#bytes ? 'db.fromBytes' : 'db.open', JSON.stringify(this.options), this.#bytes ? [this.#bytes] : []];
  }

  #finishOpening(backend: Backend, reply: Reply, method: string): Opened {
    const value = parse(reply.json, method) as Omit<Opened, 'backend' | 'metric'> & { distanceMetric: Metric };
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

  run<T>(plan: Plan<T>, method: string): Promise<T> {
    this.requireNotClosed(method);
    return this.#run(plan, sealed(plan), method, new CallSite(this.run));
  }

  async #run<T>(plan: Plan<T>, json: (handle: number) => string, method: string, site: CallSite): Promise<T> {
    const { backend, handle } = this.#opened ?? (await this.open(method));
    const reply = await backend.call(plan.call, json(handle), plan.buffers);
    return plan.read(parse(reply.json, method, site), reply.buffers);
  }

  runSync<T>(plan: Plan<T>, method: string): T {
    const { backend, handle } = this.#openSync(method);
    const reply = backend.callSync(plan.call, sealed(plan)(handle), plan.buffers);
    return plan.read(parse(reply.json, method), reply.buffers);
  }

  /** Like runSync, but never overtakes a write: while one is under way it throws NOT_READY. */
  writeSync<T>(plan: Plan<T>, method: string): T {
    this.requireNotClosed(method);
    if (this.#writesUnderWay > 0) {
      throw new RuvectorError('NOT_READY', 'writes are under way; await them before a Sync write', method);
    }
    return this.runSync(plan, method);
  }

  /** Like run, after the writes called before; the first of them starts at once. */
  write<T>(plan: Plan<T>, method: string): Promise<T> {
    this.requireNotClosed(method);
    const json = sealed(plan);
    const site = new CallSite(this.write);
    const start = () => this.#run(plan, json, method, site);
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

  close(): Promise<void> {
    this.#closing ??= this.#closeNow();
    return this.#closing;
  }

  async #closeNow(): Promise<void> {
    await this.#writes;
    const opened = this.#opened ?? (await this.#opening?.catch(() => null));
    if (opened) parse((await opened.backend.call('db.close', JSON.stringify({ handle: opened.handle }), [])).json, 'close');
  }

  closeSync(): void {
    if (this.#closing) return;
    if (this.#writesUnderWay > 0 || (this.#opening && !this.#opened)) {
      throw new RuvectorError('NOT_READY', 'calls are under way; await close() instead', 'closeSync');
    }
    this.#closing = Promise.resolve();
    const opened = this.#opened;
    if (opened) parse(opened.backend.callSync('db.close', JSON.stringify({ handle: opened.handle }), []).json, 'closeSync');
  }
}
