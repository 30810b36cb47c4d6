// Public exports for pages and Web Workers. Types: types/api.d.ts.
import type { VectorDB as Declared } from '../types/api.js';
import { browserPlatform } from './platform_browser.js';
import { defineVectorDB } from './vector_db.js';

export { RuvectorError } from './errors.js';
export { HashEmbedder } from './hash_embedder.js';

export const VectorDB = defineVectorDB(browserPlatform) satisfies typeof Declared;
export const VectorDb = VectorDB;
export const createVectorDb = VectorDB.open;
