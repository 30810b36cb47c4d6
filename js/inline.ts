// Public exports of ruvector/inline: the same for pages and Web Workers, with WebAssembly inside. Types: types/api.d.ts.
import type { VectorDB as Declared, ShardedVectorDB as DeclaredSharded } from '../types/api.js';
import { inlinePlatform } from './platform_inline.js';
import { defineShardedVectorDB } from './sharded_platform.js';
import { defineVectorDB } from './vector_db.js';

export { RuvectorError } from './errors.js';
export { HashEmbedder } from './hash_embedder.js';

export const VectorDB = defineVectorDB(inlinePlatform) satisfies typeof Declared;
export const VectorDb = VectorDB;
export const ShardedVectorDB = defineShardedVectorDB(
  VectorDB.open,
  () => navigator.hardwareConcurrency,
) as unknown as typeof DeclaredSharded;
export const createVectorDb = VectorDB.open;
