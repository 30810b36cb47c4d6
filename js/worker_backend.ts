// The core on a thread of its own: a backend whose calls are messages.
import type { Backend, FastHits, Reply, WasmSource } from './backend.js';
import { RuvectorError } from './errors.js';
import { parseReply } from './reply.js';
import type { Answer, Request } from './worker_messages.js';

/** A worker as both browsers and Node have it. */
export interface Channel {
  post(request: Request, transfer: ArrayBuffer[]): void;
  end(): void;
}
/** `failed`: it did not start, or crashed; nothing more comes from it. */
export type OpenChannel = (answered: (answer: Answer) => void, failed: (why: string) => void) => Channel;

function errorText(code: string, message: string): string {
  return JSON.stringify({ error: { code, message } });
}

const notHere = errorText(
  'UNSUPPORTED',
  'the database is in a worker, where nothing can be waited for; await the method without Sync, or open with inThread: true',
);

/** The source with `absolute` made of every address in it: a worker has another place to start from. */
export function withAddresses(source: WasmSource | undefined, absolute: (address: URL | string) => string): WasmSource | undefined {
  if (typeof source === 'string' || source instanceof URL) return absolute(source);
  if (typeof source !== 'object' || !('simd' in source || 'scalar' in source)) return source;
  const each = Object.entries(source).map(([variant, own]) => [variant, withAddresses(own, absolute)]);
  return Object.fromEntries(each) as WasmSource;
}

export class WorkerBackend implements Backend {
  name = '';
  readonly #channel: Channel;
  readonly #pending = new Map<number, (answer: Answer) => void>();
  #next = 1;
  #ended: string | undefined;
  #ending = false;

  private constructor(open: OpenChannel) {
    this.#channel = open(
      (answer) => {
        const settle = this.#pending.get(answer.id);
        this.#pending.delete(answer.id);
        settle?.(answer);
      },
      (why) => {
        this.#fail(errorText('IO', `the worker that holds the database ended: ${why}`));
        // It may live on, and would keep its locks.
        this.#channel.end();
      },
    );
  }

  /** Throws UNSUPPORTED where there is no worker to be had. */
  static async start(open: OpenChannel, backend: unknown, wasm: WasmSource | undefined, opening: string): Promise<WorkerBackend> {
    const worker = new WorkerBackend(open);
    let answer: Answer;
    try {
      answer = await worker.#ask({ id: worker.#next, backend, wasm, opening }, []);
    } catch (error) {
      worker.end();
      throw new RuvectorError('INVALID_OPTION', `wasm cannot be sent to a worker: ${(error as Error).message}`, 'open');
    }
    if ('name' in answer) {
      worker.name = answer.name;
      return worker;
    }
    worker.end();
    try {
      parseReply(answer.reply, 'open');
    } catch (error) {
      const { code, message } = error as RuvectorError;
      throw new RuvectorError(
        code === 'IO' ? 'UNSUPPORTED' : code,
        code === 'IO' ? `${message}; inThread: true does without one` : message,
        'open',
      );
    }
    throw new RuvectorError('INTERNAL', 'the worker answered something else', 'open');
  }

  #ask(request: Request, transfer: ArrayBuffer[]): Promise<Answer> {
    this.#next++;
    return new Promise((resolve) => {
      if (this.#ended !== undefined) return resolve({ id: request.id, reply: [this.#ended] });
      this.#pending.set(request.id, resolve);
      this.#channel.post(request, transfer);
    });
  }

  async call(method: string, json: string, buffers: readonly ArrayBufferView[]): Promise<Reply> {
    // Copies, as the caller's arrays stay the caller's; these go over without another.
    const copies = buffers.map((view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice());
    const answer = await this.#ask(
      { id: this.#next, method, json, buffers: copies },
      copies.map(({ buffer }) => buffer),
    );
    return (answer as { reply: Reply }).reply;
  }

  callSync(method: string, json: string): Reply {
    if (method !== 'call.cancel') return [notHere];
    void this.call(method, json, []);
    return ['{}'];
  }

  async pause(): Promise<void> {}

  search(): FastHits | string {
    return notHere;
  }

  /** The worker is gone, and not by end(). */
  get crashed(): boolean {
    return this.#ended !== undefined && !this.#ending;
  }

  #fail(reply: string): void {
    this.#ended ??= reply;
    for (const [id, settle] of this.#pending) settle({ id, reply: [reply] });
    this.#pending.clear();
  }

  end(): void {
    this.#ending = this.#ended === undefined;
    this.#fail(errorText('CLOSED', 'the database is closed'));
    this.#channel.end();
  }
}
