// The sharded class over one platform's databases.
import type { DbOptions, Metadata, ShardedOptions } from '../types/api.js';
import { openShards } from './open_shards.js';
import type { OpenShard, ShardDatabase } from './shard.js';
import { ShardedVectorDBBase } from './sharded_vector_db.js';
import { crashed } from './vector_db.js';

export function defineShardedVectorDB(open: (options: DbOptions) => Promise<unknown>, cores: () => number) {
  return class ShardedVectorDB<M extends object = Metadata> extends ShardedVectorDBBase<M> {
    static async open<M extends object = Metadata>(options: ShardedOptions): Promise<ShardedVectorDB<M>> {
      const how: OpenShard<M> = {
        open: async (own) => (await open(own)) as ShardDatabase<M>,
        hasCrashed: (database) => (database as unknown as { [crashed]: boolean })[crashed],
      };
      return new ShardedVectorDB<M>(await openShards(how, cores(), options));
    }
  };
}
