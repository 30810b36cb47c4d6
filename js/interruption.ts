// signal, timeoutMs and onProgress of a call, checked once and looked at between its steps.
import type { LongCall } from '../types/api.js';
import { RuvectorError } from './errors.js';
import { type Bag, requireObject, show } from './options.js';

const known = ['signal', 'timeoutMs', 'onProgress'];

export function requireSignal(value: unknown, method: string): AbortSignal | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value) return value as AbortSignal;
  throw new RuvectorError('INVALID_OPTION', `signal is ${show(value)}, expected an AbortSignal`, method);
}

export function requireTimeout(value: unknown, method: string): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number' && value > 0) return value;
  throw new RuvectorError('INVALID_OPTION', `timeoutMs is ${show(value)}, expected a number above 0`, method);
}

export class Interruption {
  readonly #signal: AbortSignal | undefined;
  readonly #timeoutMs: number | undefined;
  readonly #deadline: number;
  readonly #onProgress: LongCall['onProgress'];
  readonly #method: string;

  constructor(options: unknown, method: string) {
    const bag: Bag = options === undefined ? {} : requireObject(options, 'options', method);
    for (const key of Object.keys(bag)) {
      if (!known.includes(key)) {
        throw new RuvectorError('INVALID_OPTION', `unknown option ${JSON.stringify(key)} (expected one of ${known.join(', ')})`, method);
      }
    }
    this.#method = method;
    this.#signal = requireSignal(bag.signal, method);
    this.#timeoutMs = requireTimeout(bag.timeoutMs, method);
    this.#deadline = this.#timeoutMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + this.#timeoutMs;
    if (bag.onProgress !== undefined && typeof bag.onProgress !== 'function') {
      throw new RuvectorError('INVALID_OPTION', `onProgress is ${show(bag.onProgress)}, expected a function`, method);
    }
    this.#onProgress = bag.onProgress as LongCall['onProgress'];
  }

  /** Throws ABORTED, TIMEOUT. */
  check(): void {
    if (this.#signal?.aborted) throw aborted(this.#signal, this.#method);
    if (performance.now() > this.#deadline) {
      throw new RuvectorError('TIMEOUT', `not done within ${this.#timeoutMs} ms; nothing was changed`, this.#method);
    }
  }

  /** What `promise` gives; ABORTED or TIMEOUT as soon as that is due, also where it never settles. */
  async race<T>(promise: Promise<T>): Promise<T> {
    this.check();
    if (this.#signal === undefined && this.#timeoutMs === undefined) return promise;
    let stop = () => {};
    const ended = new Promise<void>((resolve) => {
      // Longer than a timer can wait is longer than anybody does.
      const left = Math.min(this.#deadline - performance.now() + 1, 2 ** 31 - 1);
      const timer = this.#timeoutMs === undefined ? undefined : setTimeout(resolve, left);
      const abort = () => resolve();
      this.#signal?.addEventListener('abort', abort);
      stop = () => {
        clearTimeout(timer);
        this.#signal?.removeEventListener('abort', abort);
      };
    });
    try {
      const first = await Promise.race([promise.then((value) => ({ value })), ended]);
      this.check();
      return first === undefined ? await promise : first.value;
    } finally {
      stop();
    }
  }

  progress(done: number, total: number): void {
    this.#onProgress?.(done, total);
  }
}

export function aborted(signal: AbortSignal, method: string): RuvectorError {
  const error = new RuvectorError('ABORTED', 'aborted by its signal', method);
  return Object.assign(error, { cause: signal.reason as unknown });
}
