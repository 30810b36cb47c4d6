// One database over several worker threads: node examples/04_sharded/run.mjs [rows] [shards]
import { availableParallelism } from 'node:os';
import { ShardedVectorDB, VectorDB } from 'ruvector';
import { describe, measure } from './measure.js';

const [rows = 100_000, shards = Math.max(2, availableParallelism())] = process.argv.slice(2).map(Number);
const progress = (done) => process.stderr.write(`\r${done} of ${rows}${done === rows ? '\n' : ''}`);
const measured = await measure({ ShardedVectorDB, VectorDB }, rows, progress, { shards });
for (const [what, howMuch] of describe(measured)) console.log(`${what.padEnd(16)} ${howMuch}`);
