// Loads and wraps the Node-API addon.
import { createRequire } from 'node:module';
import type { Backend, FastHits, Reply } from './backend.js';
import { RuvectorError } from './errors.js';
import { moduleUrl } from './module_url.js';
import { type Attempt, explainMissing, nativeFiles } from './native_files.js';

interface Addon {
  readonly target: string;
  call(method: string, json: string, buffers: readonly ArrayBufferView[]): Promise<Reply>;
  callSync(method: string, json: string, buffers: readonly ArrayBufferView[]): Reply;
  search(handle: number, query: Float32Array, k: number, efSearch: number, exact: boolean, distances: Float32Array): string[] | string;
}

const require = createRequire(moduleUrl);

class NativeBackend implements Backend {
  readonly name: string;
  #addon: Addon;
  #distances = new Float32Array(64);

  constructor(addon: Addon) {
    this.#addon = addon;
    this.name = `native (${addon.target})`;
  }

  call(method: string, json: string, buffers: readonly ArrayBufferView[]): Promise<Reply> {
    return this.#addon.call(method, json, buffers);
  }

  callSync(method: string, json: string, buffers: readonly ArrayBufferView[]): Reply {
    return this.#addon.callSync(method, json, buffers);
  }

  async pause(): Promise<void> {}

  search(handle: number, query: Float32Array, k: number, efSearch: number, exact: boolean): FastHits | string {
    if (this.#distances.length < k) this.#distances = new Float32Array(k);
    const ids = this.#addon.search(handle, query, k, efSearch, exact, this.#distances);
    return typeof ids === 'string' ? ids : { ids, distances: this.#distances };
  }
}

let backend: NativeBackend | undefined;

/** Throws UNSUPPORTED with what was tried and what to do. */
export function loadNative(): Backend {
  if (backend) return backend;
  const tried: Attempt[] = [];
  for (const file of nativeFiles()) {
    try {
      backend = new NativeBackend(require(file) as Addon);
      return backend;
    } catch (error) {
      tried.push({ file, error });
    }
  }
  throw new RuvectorError('UNSUPPORTED', explainMissing(tried), 'open');
}
