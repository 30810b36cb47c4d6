// What a compiled core offers, natively and in WebAssembly alike.

/** What the core answers: a text of JSON, and what is too large for it. */
export type Reply = readonly [json: string, ...buffers: ArrayBuffer[]];

export interface FastHits {
  readonly ids: readonly string[];
  /** Length at least ids.length; valid until the next search. */
  readonly distances: Float32Array;
}

export interface Backend {
  /** 'native (AVX2)', 'wasm-simd' or 'wasm-scalar'. */
  readonly name: string;
  /** Natively on another thread; in WebAssembly on this one. Never rejects: errors are in the reply. */
  call(method: string, json: string, buffers: readonly ArrayBufferView[]): Promise<Reply>;
  callSync(method: string, json: string, buffers: readonly ArrayBufferView[]): Reply;
  /** Lets other work of this thread have its turn, where calls keep it busy. */
  pause(): Promise<void>;
  /** The typed fast path of a search; the text of an error reply on failure. k: 1 … 65,536; efSearch 0: the default. */
  search(handle: number, query: Float32Array, k: number, efSearch: number, exact: boolean): FastHits | string;
  /** Where the backend is one database's own: gives back what it has. */
  end?(): void;
  /** Whether it ended by itself. */
  readonly crashed?: boolean;
}

/** How a JavaScript environment comes by its backends. */
export interface Platform {
  /** Whether storagePath may be idb://name. */
  readonly hasIndexedDb: boolean;
  /** The native addon, or null where there is none by nature (a browser). Throws when it should be there and is not. */
  native(): Backend | null;
  /** The instantiated WebAssembly module if it is there already. */
  wasmNow(source: WasmSource | undefined): Backend | null;
  wasm(source: WasmSource | undefined): Promise<Backend>;
  /** Begins what a db.open to come needs no core for; returns what gives it up, if that never comes. */
  begin?(request: string): () => void;
  /** A core on a thread of its own, for one database: that of the db.open to come. */
  worker(backend: unknown, source: WasmSource | undefined, request: string): Promise<Backend>;
  /** What `inThread` is where nobody says. */
  readonly inThread: boolean;
  /** Overrides backend: 'auto'. */
  preferred(): string | undefined;
  warn(message: string): void;
}

/** Where the WebAssembly bytes come from; the default lies beside the package. An object gives one for each variant. */
export type WasmSource =
  | URL
  | string
  | BufferSource
  | WebAssembly.Module
  | {
      readonly simd?: URL | string | BufferSource | WebAssembly.Module;
      readonly scalar?: URL | string | BufferSource | WebAssembly.Module;
    };
