// What env.ts is in Node, in Chromium: databases with a storagePath are in IndexedDB.
import { type DbOptions, VectorDB } from 'ruvector';
import { afterEach, inject } from 'vitest';
import { browserCore } from '../../js/platform_browser.js';
import type { Calls } from '../../types/calls.js';
import type { Target } from './env.js';

export const target: Target = inject('target');
export const hasFolders: boolean = false;
// Stands for an engine without SIMD.
if (target === 'wasm-scalar') WebAssembly.validate = () => false;

const optionsOf = new WeakMap<VectorDB, DbOptions>();
const open = new Set<VectorDB>();
let paths = 0;

/** In the thread, as contract tests call Sync methods too; what workers do is in test/browser. */
export function backendOptions(): { backend: 'wasm'; inThread: true } {
  return { backend: 'wasm', inThread: true };
}

export async function openDb(options: DbOptions | { [key: string]: unknown }): Promise<VectorDB> {
  const full = { ...options, ...backendOptions() } as DbOptions;
  return register(await VectorDB.open(full), full);
}

export function register(db: VectorDB, options: DbOptions): VectorDB {
  optionsOf.set(db, options);
  open.add(db);
  return db;
}

export async function reopenDb(db: VectorDB, options?: DbOptions | { [key: string]: unknown }): Promise<VectorDB> {
  const before = optionsOf.get(db);
  if (before?.storagePath === undefined) throw new Error('reopenDb needs a database of openDb with a storagePath');
  await db.close();
  open.delete(db);
  return openDb(options ? { storagePath: before.storagePath, ...options } : { ...before });
}

export function tempPath(): string {
  return `idb://test-${Date.now()}-${paths++}`;
}

export async function coreInfo(): Promise<Calls['meta.info']['reply']> {
  const [json] = await (await browserCore.wasm(undefined)).call('meta.info', '{}', []);
  return JSON.parse(json);
}

afterEach(async () => {
  for (const db of open) await db.close();
  open.clear();
  for (const { name } of await indexedDB.databases()) indexedDB.deleteDatabase(name as string);
});

await (await VectorDB.open({ dimensions: 1, ...backendOptions() })).close();
