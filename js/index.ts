// Public exports for Node, Bun and Electron. Types: types/api.d.ts.
import type { VectorDB as Declared } from '../types/api.js';
import { nodePlatform } from './platform_node.js';
import { defineVectorDB } from './vector_db.js';

export { RuvectorError } from './errors.js';
export { HashEmbedder } from './hash_embedder.js';

export const VectorDB = defineVectorDB(nodePlatform) satisfies typeof Declared;
export const VectorDb = VectorDB;
export const createVectorDb = VectorDB.open;
