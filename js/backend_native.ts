// Finds and wraps the Node-API addon.
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Backend, FastHits, Reply } from './backend.js';
import { RuvectorError } from './errors.js';

interface Addon {
  readonly target: string;
  call(method: string, json: string, buffers: readonly ArrayBufferView[]): Promise<Reply>;
  callSync(method: string, json: string, buffers: readonly ArrayBufferView[]): Reply;
  search(handle: number, query: Float32Array, k: number, efSearch: number, exact: boolean, distances: Float32Array): string[] | string;
}

const require = createRequire(import.meta.url);
const packageRoot = new URL('../', import.meta.url);

function candidates(): string[] {
  const forced = process.env.RUVECTOR_NATIVE_PATH;
  if (forced) return [resolve(forced)];
  return [
    `@ruvector/${process.platform}-${process.arch}`,
    fileURLToPath(new URL('build/native/ruvector.node', packageRoot)),
    fileURLToPath(new URL('build/Release/ruvector.node', packageRoot)),
  ];
}

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
  const tried: string[] = [];
  for (const path of candidates()) {
    try {
      backend = new NativeBackend(require(path) as Addon);
      return backend;
    } catch (error) {
      const message = error instanceof Error ? (error.message.split('\n')[0] as string) : String(error);
      tried.push(`  ${path}: ${message}`);
    }
  }
  throw new RuvectorError(
    'UNSUPPORTED',
    `no native addon for ${process.platform}-${process.arch}; tried\n${tried.join('\n')}\n` +
      "1. reinstall with optional dependencies: npm install --include=optional ruvector\n2. or choose WebAssembly: { backend: 'wasm' }",
    'open',
  );
}
