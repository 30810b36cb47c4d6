// A collection of a connection, as calls reach it: opens at first use, turns plans into requests and error replies into errors.
import type { Metric } from '../types/api.js';
import type { FastHits } from './backend.js';
import { CallSite } from './call_site.js';
import { type Connection, type Opened, readOpened } from './connection.js';
import { aborted, type Interruption } from './interruption.js';
import type { Bag } from './options.js';
import { buffersOf, parseReply } from './reply.js';

/** A call made ready: what to send, and how to read what comes back. */
export interface Plan<T> {
  readonly call: string;
  readonly args: Bag;
  readonly buffers: readonly ArrayBufferView[];
  // biome-ignore lint/suspicious/noExplicitAny: the value of a reply has the shape that types/calls.d.ts gives its method
  read(value: any, buffers: readonly ArrayBuffer[]): T;
  /** Signals that end the call early. */
  readonly signals?: readonly AbortSignal[];
}

/** A call that goes in steps. */
export interface LongPlan<T> {
  readonly kind: 'insert' | 'compact' | 'snapshot' | 'verify';
  readonly args?: Bag;
  /** What is sent before the first step, a piece at a time. */
  readonly pieces?: Iterable<Omit<Plan<unknown>, 'read'>> | AsyncIterable<Omit<Plan<unknown>, 'read'>>;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  read(value: any): T;
}

interface StepReply {
  readonly done: number;
  readonly total: number;
  readonly committed: boolean;
  readonly finished: boolean;
  readonly value?: unknown;
}

// Made at the time of the call: what the caller changes afterwards is not sent.
function sealed(args: Bag): (handle: number) => string {
  const json = JSON.stringify(args);
  return (handle) => (json === '{}' ? `{"handle":${handle}}` : `{"handle":${handle},${json.slice(1)}`);
}

function requireNotAborted(signals: readonly AbortSignal[] | undefined, method: string): void {
  const ended = signals?.find((signal) => signal.aborted);
  if (ended) throw aborted(ended, method);
}

let tokens = 0;

export class Endpoint {
  readonly connection: Connection;
  readonly #name: string | undefined;
  readonly #options: Bag;
  #opened: Opened | null = null;

  /** Without a name: the default collection. */
  constructor(connection: Connection, name?: string, options?: Bag) {
    this.connection = connection;
    this.#name = name;
    this.#options = options ?? connection.options;
  }

  /** Known from the options, or once open. */
  get dimensions(): number | undefined {
    return this.#opened?.dimensions ?? (this.#options.dimensions as number | undefined);
  }

  get metric(): Metric {
    return this.#opened?.metric ?? (this.#options.distanceMetric as Metric | undefined) ?? 'cosine';
  }

  get scoreMode(): 'distance' | 'similarity' {
    return this.connection.scoreMode;
  }

  // --- Opening

  async open(method: string): Promise<Opened> {
    if (this.#opened) return this.#opened;
    const database = await this.connection.open(method);
    if (this.#name === undefined) return this.#remember(database);
    const reply = await database.backend.call('db.collection', this.#openRequest(database), []);
    return this.#remember(readOpened(database.backend, reply, method));
  }

  openSync(method: string): Opened {
    this.connection.requireNotClosed(method);
    if (this.#opened) return this.#opened;
    const database = this.connection.openSync(method);
    if (this.#name === undefined) return this.#remember(database);
    const reply = database.backend.callSync('db.collection', this.#openRequest(database), []);
    return this.#remember(readOpened(database.backend, reply, method));
  }

  #remember(opened: Opened): Opened {
    this.#opened = opened;
    return opened;
  }

  #openRequest({ handle }: Opened): string {
    return JSON.stringify({ handle, name: this.#name, options: this.#options });
  }

  // --- Calling

  run<T>(plan: Plan<T>, method: string): Promise<T> {
    this.connection.requireNotClosed(method);
    return this.#run(plan, sealed(plan.args), method);
  }

  // Without a site the engine tells whose call failed: as long as all who wait for it await it.
  async #run<T>(plan: Plan<T>, json: (handle: number) => string, method: string, site?: CallSite): Promise<T> {
    this.connection.beginCall();
    try {
      const { backend, handle } = this.#opened ?? (await this.open(method));
      requireNotAborted(plan.signals, method);
      const reply = await backend.call(plan.call, json(handle), plan.buffers);
      return plan.read(parseReply(reply, method, site), buffersOf(reply));
    } finally {
      this.connection.endCall();
    }
  }

  runSync<T>(plan: Plan<T>, method: string): T {
    const { backend, handle } = this.openSync(method);
    const reply = backend.callSync(plan.call, sealed(plan.args)(handle), plan.buffers);
    return plan.read(parseReply(reply, method), buffersOf(reply));
  }

  /** Like run, but the core gives up when a signal says so. `withToken` puts the token into the plan. */
  async runAbortable<T>(withToken: (token: number) => Plan<T>, signals: readonly AbortSignal[], method: string): Promise<T> {
    const token = tokens++ & 0x7fffffff;
    const plan = { ...withToken(token), signals };
    const cancel = () => void this.#opened?.backend.callSync('call.cancel', JSON.stringify({ token }), []);
    for (const signal of signals) signal.addEventListener('abort', cancel, { once: true });
    try {
      const value = await this.run(plan, method);
      requireNotAborted(signals, method);
      return value;
    } catch (error) {
      requireNotAborted(signals, method);
      throw error;
    } finally {
      for (const signal of signals) signal.removeEventListener('abort', cancel);
    }
  }

  /** Like runSync, but never overtakes a write: while one is under way it throws NOT_READY. */
  writeSync<T>(plan: Plan<T>, method: string): T {
    this.connection.requireNoWrites(method);
    const value = this.runSync(plan, method);
    this.connection.syncSoon(this.openSync(method));
    return value;
  }

  /** Like run, after the writes called before. */
  write<T>(plan: Plan<T>, method: string): Promise<T> {
    this.connection.requireNotClosed(method);
    const json = sealed(plan.args);
    const site = new CallSite(this.write);
    return this.connection.inOrder(async () => {
      const value = await this.#run(plan, json, method, site);
      this.connection.syncSoon(this.#opened as Opened);
      return value;
    });
  }

  /** A long call that is a write. */
  writeLong<T>(plan: LongPlan<T>, interruption: Interruption, method: string): Promise<T> {
    this.connection.requireNotClosed(method);
    const site = new CallSite(this.writeLong);
    return this.connection.inOrder(async () => {
      const value = await this.#runLong(plan, interruption, method, site);
      this.connection.syncSoon(this.#opened as Opened);
      return value;
    });
  }

  /** A long call beside writes. */
  runLong<T>(plan: LongPlan<T>, interruption: Interruption, method: string): Promise<T> {
    this.connection.requireNotClosed(method);
    return this.connection.track(this.#runLong(plan, interruption, method, new CallSite(this.runLong)));
  }

  async #runLong<T>(plan: LongPlan<T>, interruption: Interruption, method: string, site: CallSite): Promise<T> {
    interruption.check();
    const { backend, handle } = await this.open(method);
    const call = async (name: string, args: Bag, buffers: readonly ArrayBufferView[] = []) => {
      const reply = await backend.call(name, JSON.stringify({ handle, ...args }), buffers);
      return parseReply(reply, method, site);
    };
    const { job } = (await call('job.begin', { kind: plan.kind, ...plan.args })) as { job: number };
    try {
      for await (const piece of plan.pieces ?? []) {
        interruption.check();
        await call(piece.call, { job, ...piece.args }, piece.buffers);
        await backend.pause();
      }
      for (let committed = false; ; ) {
        if (!committed) interruption.check();
        const step = (await call('job.step', { job })) as StepReply;
        interruption.progress(step.done, step.total);
        if (step.finished) return plan.read(step.value);
        committed = step.committed;
        await backend.pause();
      }
    } finally {
      await backend.call('job.end', JSON.stringify({ handle, job }), []);
    }
  }

  /** The typed fast path; k and efSearch are whole numbers in range. */
  searchFast(query: Float32Array, k: number, efSearch: number, exact: boolean, method: string): FastHits {
    const { backend, handle } = this.openSync(method);
    const found = backend.search(handle, query, k, efSearch, exact);
    if (typeof found === 'string') parseReply([found], method);
    return found as FastHits;
  }
}
