// Which WebAssembly bytes to load: the caller's choice, or what lies beside the package.
import type { Backend, WasmSource } from './backend.js';
import { RuvectorError } from './errors.js';
import { bestVariant, type Glue, instantiate, type WasmVariant } from './wasm_module.js';

type OneSource = URL | string | BufferSource | WebAssembly.Module;
export type ReadBytes = (url: URL | string) => Promise<BufferSource>;

export interface WasmEnvironment {
  readonly read: ReadBytes;
  readonly files?: object;
  /** Which variant to load, when not the best one this engine runs. */
  forced?(): string | undefined;
  glue(variant: WasmVariant): Promise<{ default: Glue }>;
  url(variant: WasmVariant): URL;
}

function isOneSource(source: WasmSource): source is OneSource {
  return (
    typeof source === 'string' ||
    source instanceof URL ||
    source instanceof ArrayBuffer ||
    ArrayBuffer.isView(source) ||
    source instanceof WebAssembly.Module
  );
}

/** Loads once for each source; every database without a source of its own shares one instance. */
export class WasmLoader {
  #environment: WasmEnvironment;
  #pending = new Map<unknown, Promise<Backend>>();
  #ready = new Map<unknown, Backend>();

  constructor(environment: WasmEnvironment) {
    this.#environment = environment;
  }

  now(source: WasmSource | undefined): Backend | null {
    return this.#ready.get(source) ?? null;
  }

  load(source: WasmSource | undefined): Promise<Backend> {
    let pending = this.#pending.get(source);
    if (!pending) {
      pending = this.#instantiate(source).then((backend) => {
        this.#ready.set(source, backend);
        return backend;
      });
      pending.catch(() => this.#pending.delete(source)); // the next open tries again
      this.#pending.set(source, pending);
    }
    return pending;
  }

  async #instantiate(source: WasmSource | undefined): Promise<Backend> {
    const { read, files, glue, url } = this.#environment;
    const forced = this.#environment.forced?.();
    if (forced !== undefined && forced !== 'simd' && forced !== 'scalar') {
      throw new RuvectorError('INVALID_OPTION', `RUVECTOR_WASM is "${forced}", expected simd or scalar`, 'open');
    }
    const variant = (forced as WasmVariant | undefined) ?? bestVariant();
    const chosen = source === undefined ? url(variant) : isOneSource(source) ? source : (source[variant] ?? url(variant));
    try {
      const wasm = typeof chosen === 'string' || chosen instanceof URL ? await read(chosen) : chosen;
      return await instantiate((await glue(variant)).default, wasm, variant, files);
    } catch (error) {
      const what = typeof chosen === 'string' || chosen instanceof URL ? String(chosen) : 'the given bytes';
      throw new RuvectorError('UNSUPPORTED', `cannot load WebAssembly from ${what}: ${(error as Error).message}`, 'open');
    }
  }
}
