// Public exports for pages and Web Workers. Types: types/api.d.ts.
import type { VectorDB as Declared, ShardedVectorDB as DeclaredSharded } from '../types/api.js';
import type { Platform } from './backend.js';
import { openChannel } from './channel_browser.js';
import { browserCore } from './platform_browser.js';
import { defineShardedVectorDB } from './sharded_platform.js';
import { defineVectorDB } from './vector_db.js';
import { WorkerBackend, withAddresses } from './worker_backend.js';

export { RuvectorError } from './errors.js';
export { HashEmbedder } from './hash_embedder.js';

const fromHere = (address: URL | string) => new URL(address, typeof document === 'undefined' ? self.location.href : document.baseURI).href;

const platform: Platform = {
  ...browserCore,
  worker: (backend, source, request) => WorkerBackend.start(openChannel, backend, withAddresses(source, fromHere), request),
};

export const VectorDB = defineVectorDB(platform) satisfies typeof Declared;
export const VectorDb = VectorDB;
export const ShardedVectorDB = defineShardedVectorDB(
  VectorDB.open,
  () => navigator.hardwareConcurrency,
) as unknown as typeof DeclaredSharded;
export const createVectorDb = VectorDB.open;
