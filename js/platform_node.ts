// Node, Bun, Deno and Electron: the native addon, or WebAssembly over node:fs.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Platform } from './backend.js';
import { loadNative } from './backend_native.js';
import { openChannel } from './channel_node.js';
import { moduleUrl } from './module_url.js';
import { nodeFiles } from './node_files.js';
import type { Glue } from './wasm_module.js';
import { type ReadBytes, WasmLoader } from './wasm_source.js';
import { WorkerBackend, withAddresses } from './worker_backend.js';

const read: ReadBytes = async (url) => {
  const text = String(url);
  if (/^https?:/.test(text)) {
    const response = await fetch(text);
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return response.arrayBuffer();
  }
  return readFile(text.startsWith('file:') ? fileURLToPath(text) : text);
};

const loader = new WasmLoader({
  read,
  files: nodeFiles,
  forced: () => process.env.RUVECTOR_WASM,
  glue: (variant) => import(new URL(`../wasm/dist/ruvector-${variant}.mjs`, moduleUrl).href) as Promise<{ default: Glue }>,
  url: (variant) => new URL(`../wasm/dist/ruvector-${variant}.wasm`, moduleUrl),
});

export const nodePlatform: Platform = {
  hasIndexedDb: false,
  native: loadNative,
  wasmNow: (source) => loader.now(source),
  wasm: (source) => loader.load(source),
  worker: (backend, source, request) => WorkerBackend.start(openChannel, backend, withAddresses(source, String), request),
  inThread: true,
  preferred: () => process.env.RUVECTOR_BACKEND,
  warn: (message) => process.emitWarning(message, 'RuvectorWarning'),
};
