// How the shards of a database are opened, and how their number is kept.
import type { DbOptions, ShardedOptions } from '../types/api.js';
import { RuvectorError } from './errors.js';
import { normalizeOptions, show } from './options.js';
import { type OpenShard, Shard, type ShardDatabase } from './shard.js';

const mostShards = 64;
/** A collection of the first shard, whose one entry says how many there are. */
const recordName = 'ruvector.shards';

function pathOf(storagePath: unknown, shard: number): { storagePath?: unknown } {
  if (storagePath === undefined || storagePath === ':memory:') return {};
  if (typeof storagePath !== 'string') return { storagePath }; // to be refused
  return { storagePath: storagePath.startsWith('idb:') ? `${storagePath}.shard-${shard}` : `${storagePath}/shard-${shard}` };
}

function requireShards(shards: unknown): void {
  if (Number.isInteger(shards) && (shards as number) >= 1 && (shards as number) <= mostShards) return;
  throw new RuvectorError('INVALID_OPTION', `shards is ${show(shards)}, expected a whole number from 1 to ${mostShards}`, 'open');
}

/** How many the database was made with; undefined: it is new. */
async function readCount<M extends object>(first: ShardDatabase<M>): Promise<number | undefined> {
  if (!(await first.collections()).includes(recordName)) return undefined;
  const record = await first.collection<{ shards: number }>(recordName).get('shards');
  return record?.metadata?.shards;
}

async function writeCount<M extends object>(first: ShardDatabase<M>, shards: number): Promise<void> {
  const records = first.collection<{ shards: number }>(recordName, { dimensions: 1, distanceMetric: 'euclidean' });
  await records.insert({ id: 'shards', vector: [0], metadata: { shards } });
  // Whatever the durability: without it rows would be looked for in other shards.
  await first.flush();
}

export async function openShards<M extends object>(how: OpenShard<M>, cores: number, given: ShardedOptions): Promise<Shard<M>[]> {
  const { shards, storagePath, ...options } = normalizeOptions(given, 'open');
  if (options.inThread !== undefined) {
    throw new RuvectorError('INVALID_OPTION', 'inThread is given, but every shard is in a worker', 'open');
  }
  if (shards !== undefined) requireShards(shards);
  const asked = shards as number | undefined;
  const open = (number: number) => Shard.open(how, { ...options, ...pathOf(storagePath, number), inThread: false } as DbOptions);
  const opened = [await open(0)];
  try {
    const [first] = opened as [Shard<M>];
    const stored = first.persistent ? await first.read((db) => readCount(db)) : undefined;
    if (stored !== undefined && asked !== undefined && stored !== asked) {
      throw new RuvectorError('INVALID_OPTION', `shards is ${asked}, but ${show(storagePath)} has ${stored}`, 'open');
    }
    const count = stored ?? asked ?? Math.min(Math.max(cores, 1), mostShards);
    const others = await Promise.allSettled(Array.from({ length: count - 1 }, (_, i) => open(i + 1)));
    for (const other of others) if (other.status === 'fulfilled') opened.push(other.value);
    const failed = others.find((other) => other.status === 'rejected');
    if (failed) throw failed.reason;
    if (first.persistent && stored === undefined && !options.readOnly) await first.write((db) => writeCount(db, count));
    return opened;
  } catch (error) {
    await Promise.allSettled(opened.map((shard) => shard.close()));
    throw error;
  }
}
