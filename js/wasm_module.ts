// The WebAssembly core: one instance, its memory, and the way of a message through it. The same in Node, on pages and in workers.
import type { Backend, FastHits, Reply } from './backend.js';

export type WasmVariant = 'simd' | 'scalar';

/** What the Emscripten glue gives back. Views change when memory grows: read them anew after every call. */
export interface WasmExports {
  readonly HEAPU8: Uint8Array;
  readonly HEAPU32: Uint32Array;
  readonly HEAPF32: Float32Array;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  _ruvector_call(method: number, methodBytes: number, json: number, jsonBytes: number, buffers: number, bufferCount: number): number;
  _ruvector_search(handle: number, query: number, values: number, k: number, efSearch: number, exact: number, distances: number): number;
  _ruvector_reply_words(reply: number): number;
  _ruvector_free_reply(reply: number): void;
}

export type Glue = (module: {
  instantiateWasm: (imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance, module?: WebAssembly.Module) => void) => object;
  ruvectorFiles?: object;
}) => Promise<WasmExports>;

// A function of one SIMD instruction: valid where SIMD128 is.
const simdProbe = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
]);

export function bestVariant(): WasmVariant {
  return WebAssembly.validate(simdProbe) ? 'simd' : 'scalar';
}

// wasm32: a block is at most what a 32-bit size can say.
const maxBlock = 0xfffffff0;
const outOfMemory = '{"error":{"code":"MEMORY_LIMIT","message":"out of WebAssembly memory; nothing was changed"}}';
const encoder = new TextEncoder();
const decoder = new TextDecoder();

// Exports give addresses beyond 2 GB as negative numbers.
function address(pointer: number): number {
  return pointer >>> 0;
}

// Only a fault of ours traps; the host lives on.
function trapped(error: unknown): string {
  const message = `WebAssembly stopped: ${(error as Error).message}; close and reopen the database`;
  return JSON.stringify({ error: { code: 'INTERNAL', message } });
}

class WasmBackend implements Backend {
  readonly name: string;
  #module: WasmExports;
  #scratch = { pointer: 0, bytes: 0 };

  constructor(module: WasmExports, variant: WasmVariant) {
    this.#module = module;
    this.name = `wasm-${variant}`;
  }

  async call(method: string, json: string, buffers: readonly ArrayBufferView[]): Promise<Reply> {
    return this.callSync(method, json, buffers);
  }

  pause(): Promise<void> {
    return new Promise((resolve) => {
      setTimeout(resolve);
    });
  }

  callSync(method: string, json: string, buffers: readonly ArrayBufferView[]): Reply {
    try {
      return this.#call(method, json, buffers);
    } catch (error) {
      return [trapped(error)];
    }
  }

  #call(method: string, json: string, buffers: readonly ArrayBufferView[]): Reply {
    const module = this.#module;
    const parts: Uint8Array[] = [encoder.encode(method), encoder.encode(json)];
    for (const buffer of buffers) parts.push(new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength));
    // One block: the (pointer, bytes) pairs, then each part at a multiple of 8.
    let total = buffers.length * 8;
    const offsets = parts.map((part) => {
      const offset = Math.ceil(total / 8) * 8;
      total = offset + part.byteLength;
      return offset;
    });
    const block = total > maxBlock ? 0 : address(module._malloc(total + 8));
    if (block === 0) return [outOfMemory];
    parts.forEach((part, i) => {
      module.HEAPU8.set(part, block + (offsets[i] as number));
    });
    const at = (i: number) => block + (offsets[i] as number);
    const size = (i: number) => (parts[i] as Uint8Array).byteLength;
    for (let i = 0; i < buffers.length; i++) {
      module.HEAPU32[(block >>> 2) + 2 * i] = at(i + 2);
      module.HEAPU32[(block >>> 2) + 2 * i + 1] = size(i + 2);
    }
    const reply = module._ruvector_call(at(0), size(0), at(1), size(1), block, buffers.length);
    module._free(block);
    return this.#read(reply);
  }

  search(handle: number, query: Float32Array, k: number, efSearch: number, exact: boolean): FastHits | string {
    try {
      return this.#search(handle, query, k, efSearch, exact);
    } catch (error) {
      return trapped(error);
    }
  }

  #search(handle: number, query: Float32Array, k: number, efSearch: number, exact: boolean): FastHits | string {
    const module = this.#module;
    const needed = (query.length + k) * 4;
    if (this.#scratch.bytes < needed) {
      module._free(this.#scratch.pointer);
      this.#scratch = { pointer: address(module._malloc(needed)), bytes: needed };
      if (this.#scratch.pointer === 0) {
        this.#scratch.bytes = 0;
        return outOfMemory;
      }
    }
    const { pointer } = this.#scratch;
    module.HEAPF32.set(query, pointer >>> 2);
    const out = pointer + query.length * 4;
    const [json] = this.#read(module._ruvector_search(handle, pointer, query.length, k, efSearch, exact ? 1 : 0, out));
    if (json.startsWith('{')) return json;
    const ids = JSON.parse(json) as string[];
    return { ids, distances: module.HEAPF32.slice(out >>> 2, (out >>> 2) + ids.length) };
  }

  #read(reply: number): Reply {
    const module = this.#module;
    const words = module._ruvector_reply_words(reply) >>> 2;
    const heap = module.HEAPU32;
    const bytes = (pointer: number, length: number) => module.HEAPU8.slice(pointer, pointer + length);
    const json = decoder.decode(bytes(heap[words] as number, heap[words + 1] as number));
    const buffers: ArrayBuffer[] = [];
    for (let i = 0; i < (heap[words + 2] as number); i++) {
      buffers.push(bytes(heap[words + 3 + 2 * i] as number, heap[words + 4 + 2 * i] as number).buffer);
    }
    module._ruvector_free_reply(reply);
    return [json === '' ? outOfMemory : json, ...buffers];
  }
}

/** Instantiates the glue with bytes or a module that the caller fetched. */
export async function instantiate(
  glue: Glue,
  wasm: BufferSource | WebAssembly.Module,
  variant: WasmVariant,
  files?: object,
): Promise<Backend> {
  const compiled = wasm instanceof WebAssembly.Module ? wasm : await WebAssembly.compile(wasm);
  return new Promise((resolve, reject) => {
    glue({
      ...(files ? { ruvectorFiles: files } : {}),
      instantiateWasm(imports, done) {
        WebAssembly.instantiate(compiled, imports)
          .then((instance) => done(instance, compiled))
          .catch(reject);
        return {};
      },
    }).then((module) => resolve(new WasmBackend(module, variant)), reject);
  });
}
