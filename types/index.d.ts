export * from './api.js';
export { HashEmbedder } from '../dist/hash_embedder.js';
