// Public exports for Node, Bun, Deno and Electron. Types: types/api.d.ts.
import { availableParallelism } from 'node:os';
import type { VectorDB as Declared, ShardedVectorDB as DeclaredSharded } from '../types/api.js';
import { nodePlatform } from './platform_node.js';
import { defineShardedVectorDB } from './sharded_platform.js';
import { defineVectorDB } from './vector_db.js';

export { RuvectorError } from './errors.js';
export { HashEmbedder } from './hash_embedder.js';

export const VectorDB = defineVectorDB(nodePlatform) satisfies typeof Declared;
export const VectorDb = VectorDB;
export const ShardedVectorDB = defineShardedVectorDB(VectorDB.open, () => availableParallelism()) as unknown as typeof DeclaredSharded;
export const createVectorDb = VectorDB.open;
