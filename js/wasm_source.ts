// Which WebAssembly bytes to load: the caller's choice, or what lies beside the package.
import type { Backend, WasmSource } from './backend.js';
import { RuvectorError } from './errors.js';
import { requireObject } from './options.js';
import { bestVariant, type Glue, instantiate, type WasmVariant } from './wasm_module.js';

type OneSource = URL | string | BufferSource | WebAssembly.Module;
export type ReadBytes = (url: URL | string) => Promise<BufferSource>;

export interface WasmEnvironment {
  readonly read: ReadBytes;
  readonly files?: object;
  /** What an instance is offered as. */
  wrap?(backend: Backend): Backend;
  /** Which variant to load, when not the best one this engine runs. */
  forced?(): string | undefined;
  glue(variant: WasmVariant): Promise<{ default: Glue }>;
  url(variant: WasmVariant): URL;
}

interface Choice {
  readonly variant: WasmVariant;
  readonly source: OneSource;
}

interface Loaded {
  readonly pending: Promise<Backend>;
  backend: Backend | null;
}

function isAddress(source: unknown): source is URL | string {
  return typeof source === 'string' || source instanceof URL;
}

function isOneSource(source: unknown): source is OneSource {
  return isAddress(source) || source instanceof ArrayBuffer || ArrayBuffer.isView(source) || source instanceof WebAssembly.Module;
}

/** Loads once for each address, array of bytes or module; the databases that share it share one instance. */
export class WasmLoader {
  #environment: WasmEnvironment;
  #byAddress = new Map<string, Loaded>();
  #byObject = new WeakMap<object, Loaded>();

  constructor(environment: WasmEnvironment) {
    this.#environment = environment;
  }

  /** Null while it is not loaded. Throws INVALID_OPTION for what is no source. */
  now(source: WasmSource | undefined): Backend | null {
    return this.#find(this.#choose(source))?.backend ?? null;
  }

  load(source: WasmSource | undefined): Promise<Backend> {
    const choice = this.#choose(source);
    const found = this.#find(choice);
    if (found) return found.pending;
    const loaded: Loaded = { pending: this.#instantiate(choice), backend: null };
    this.#keep(choice, loaded);
    loaded.pending.then(
      (backend) => {
        loaded.backend = backend;
      },
      () => this.#keep(choice, undefined), // the next open tries again
    );
    return loaded.pending;
  }

  #find({ variant, source }: Choice): Loaded | undefined {
    return isAddress(source) ? this.#byAddress.get(`${variant} ${source}`) : this.#byObject.get(source);
  }

  #keep({ variant, source }: Choice, loaded: Loaded | undefined): void {
    if (isAddress(source)) {
      if (loaded) this.#byAddress.set(`${variant} ${source}`, loaded);
      else this.#byAddress.delete(`${variant} ${source}`);
    } else if (loaded) this.#byObject.set(source, loaded);
    else this.#byObject.delete(source);
  }

  #choose(given: unknown): Choice {
    const forced = this.#environment.forced?.();
    if (forced !== undefined && forced !== 'simd' && forced !== 'scalar') {
      throw new RuvectorError('INVALID_OPTION', `RUVECTOR_WASM is "${forced}", expected simd or scalar`, 'open');
    }
    const variant = forced ?? bestVariant();
    if (isOneSource(given)) return { variant, source: given };
    const each = given === undefined ? {} : requireObject(given, 'wasm', 'open');
    for (const key of Object.keys(each)) {
      if ((key !== 'simd' && key !== 'scalar') || !isOneSource(each[key] ?? '')) {
        throw new RuvectorError('INVALID_OPTION', `wasm.${key} is no address, bytes or module for simd or scalar`, 'open');
      }
    }
    return { variant, source: (each[variant] as OneSource | undefined) ?? this.#environment.url(variant) };
  }

  async #instantiate({ variant, source }: Choice): Promise<Backend> {
    const { read, files, glue, wrap } = this.#environment;
    try {
      const wasm = isAddress(source) ? await read(source) : source;
      const backend = await instantiate((await glue(variant)).default, wasm, variant, files);
      return wrap ? wrap(backend) : backend;
    } catch (error) {
      const what = isAddress(source) ? String(source) : 'the given bytes';
      throw new RuvectorError('UNSUPPORTED', `cannot load WebAssembly from ${what}: ${(error as Error).message}`, 'open');
    }
  }
}
