// What pages and Web Workers have in common, wherever their WebAssembly comes from.
import type { Platform } from './backend.js';
import { MountedFiles } from './indexed_db/mounted_files.js';
import { Openings } from './indexed_db/openings.js';
import { PersistentBackend } from './indexed_db/persistent_backend.js';
import { type ReadBytes, type WasmEnvironment, WasmLoader } from './wasm_source.js';

export const fetchBytes: ReadBytes = async (url) => {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response.arrayBuffer();
};

/** Without workers: a worker's script has none, or bundlers would bundle it into itself. */
export type WebCore = Omit<Platform, 'worker'>;

export function webCore(environment: Pick<WasmEnvironment, 'read' | 'glue' | 'url'>): WebCore {
  const files = new MountedFiles();
  const openings = new Openings(files);
  const loader = new WasmLoader({ ...environment, files, wrap: (backend) => new PersistentBackend(backend, files, openings) });
  return {
    hasIndexedDb: true,
    native: () => null,
    wasmNow: (source) => loader.now(source),
    wasm: (source) => loader.load(source),
    begin: (request) => openings.begin(request),
    // A page is for its user; whoever made a worker has a thread to give.
    inThread: typeof document === 'undefined',
    preferred: () => undefined,
    warn: (message) => console.warn(message),
  };
}
