// What a process that searches has more in memory than one that does not, per row: its own and what it has mapped of the files.
import { mkdirSync } from 'node:fs';
import { dataset } from '../data/dataset.mjs';
import { Remote } from '../peers/remote.mjs';

export const title = 'Memory and disk';
export async function measure(context) {
  const set = dataset('sift-easy', context.rows, 128);
  const bytes = (b) => `${b.toFixed(0)} B`;
  const options = { backend: 'native', calls: 'sync' };
  const kinds = [
    { what: 'vectors kept', options, bound: 800 },
    { what: 'codes only', options: { ...options, database: { vectorsInMemory: false } }, bound: 280 },
  ];
  for (const { what, options, bound } of kinds) {
    const label = `bytes in memory a row, ${set.name}, ${what}`;
    const peer = { name: 'ruvector', adapter: 'ruvector', options };
    const folder = context.path(`memory-${bound}`);
    mkdirSync(folder);
    const inTurn = async (...operations) => {
      const remote = new Remote(set, peer, folder, 2);
      try {
        let last;
        for (const operation of ['open', ...operations]) last = await remote.call(operation, {}, 600);
        return last;
      } finally {
        await remote.end();
      }
    };
    try {
      await inTurn('build', 'save');
      const { ownBytes, mappedBytes } = await inTurn('load');
      context.note(`${set.name}, ${what}: ${bytes(ownBytes)} own, ${bytes(mappedBytes)} mapped and touched`);
      context.atMost(label, ownBytes + mappedBytes, bound, bytes);
    } catch (error) {
      context.line(label, 'not there yet', `≤ ${bytes(bound)}`, false);
      context.note(error.message.split('\n')[0]);
    }
  }
}
