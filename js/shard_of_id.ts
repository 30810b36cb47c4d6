// Where a row lives. Never to change: databases are on disk by it.
const encoder = new TextEncoder();

/** FNV-1a with 32 bits of the id's UTF-8, mixed by MurmurHash3's finalizer, modulo the number of shards. */
export function shardOf(id: string, shards: number): number {
  let hash = 0x811c9dc5;
  for (const byte of encoder.encode(id)) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % shards;
}
