// The only file that knows targets, with env_browser.ts, which stands for it in Chromium. A contract test opens its databases here and runs on all alike.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DbOptions, VectorDB } from 'ruvector';
import { afterEach, inject } from 'vitest';
import { nodePlatform } from '../../js/platform_node.js';
import type { Calls } from '../../types/calls.js';

export type Target = 'native' | 'wasm-simd' | 'wasm-scalar';

declare module 'vitest' {
  interface ProvidedContext {
    target: Target;
  }
}

export const target: Target = inject('target');
/** False in browsers: storagePath is in IndexedDB, for which nothing waits in a Sync method, and which takes no snapshots. */
export const hasFolders: boolean = true;

const optionsOf = new WeakMap<VectorDB, DbOptions>();
const open = new Set<VectorDB>();
const folders: string[] = [];

/** What chooses the target; vitest.config.ts sets RUVECTOR_WASM, which chooses the variant. */
export function backendOptions(): { backend: 'native' | 'wasm' } {
  return { backend: target === 'native' ? 'native' : 'wasm' };
}

/** Opens a database of the target. It is closed after the test. */
export async function openDb(options: DbOptions | { [key: string]: unknown }): Promise<VectorDB> {
  const full = { ...options, ...backendOptions() } as DbOptions;
  return register(await VectorDB.open(full), full);
}

/** Has a database closed after the test that did not come from openDb. */
export function register(db: VectorDB, options: DbOptions): VectorDB {
  optionsOf.set(db, options);
  open.add(db);
  return db;
}

/** Closes, and opens the same path with the same options, or those given. */
export async function reopenDb(db: VectorDB, options?: DbOptions | { [key: string]: unknown }): Promise<VectorDB> {
  const before = optionsOf.get(db);
  if (before?.storagePath === undefined) throw new Error('reopenDb needs a database of openDb with a storagePath');
  await db.close();
  open.delete(db);
  return openDb(options ? { storagePath: before.storagePath, ...options } : { ...before });
}

/** A path in a fresh folder, where nothing is yet. Removed after the test. */
export function tempPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ruvector-'));
  folders.push(folder);
  return join(folder, 'db');
}

/** What the core says of itself. */
export async function coreInfo(): Promise<Calls['meta.info']['reply']> {
  const core = target === 'native' ? nodePlatform.native() : await nodePlatform.wasm(undefined);
  const [json] = (await core?.call('meta.info', '{}', [])) ?? ['{}'];
  return JSON.parse(json);
}

afterEach(async () => {
  for (const db of open) await db.close();
  open.clear();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

// The constructor checks options through the core, which WebAssembly has only once it is loaded: load it now.
await (await VectorDB.open({ dimensions: 1, ...backendOptions() })).close();
