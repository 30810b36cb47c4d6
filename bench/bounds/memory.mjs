// What a process that searches has more in memory than one that does not, per row: its own and what it has mapped of the files. Measured with many
// rows and with few, so that what is the same for any database (the library's own pages, JavaScript's memory) is told apart from what rows take.
import { mkdirSync } from 'node:fs';
import { dataset } from '../data/dataset.mjs';
import { Remote } from '../peers/remote.mjs';
import { median } from './context.mjs';

export const title = 'Memory and disk';
const many = 100_000;
const few = 1000;
const rounds = 7;

export async function measure(context) {
  const bytes = (b) => `${b.toFixed(0)} B`;
  const built = { vectorsInMemory: true };
  const kinds = [
    { what: 'vectors kept', database: built, bound: 800 },
    { what: 'codes only', database: { vectorsInMemory: false }, bound: 280 },
  ];
  const sets = [many, few].map((rows) => dataset('sift-easy', rows, 128));
  const inTurn = async (set, database, folder, ...operations) => {
    const peer = { name: 'ruvector', adapter: 'ruvector', options: { backend: 'native', calls: 'sync', database } };
    const remote = new Remote(set, peer, folder, 2);
    try {
      let last;
      for (const operation of ['open', ...operations]) last = await remote.call(operation, {}, 600);
      return last;
    } finally {
      await remote.end();
    }
  };
  const folderOf = (set) => context.path(`memory-${set.rows}`);
  for (const set of sets) {
    mkdirSync(folderOf(set));
    await inTurn(set, built, folderOf(set), 'build', 'save');
  }
  for (const { what, database, bound } of kinds) {
    const totals = [];
    for (const set of sets) {
      // The collector leaves now more, now less.
      const runs = [];
      for (let round = 0; round < rounds; round++) runs.push(await inTurn(set, database, folderOf(set), 'load'));
      const of = (key) => median(runs.map((run) => run[key])) * set.rows;
      totals.push({ own: of('ownBytes'), mapped: of('mappedBytes') });
    }
    const [large, small] = totals;
    const own = (large.own - small.own) / (many - few);
    const mapped = (large.mapped - small.mapped) / (many - few);
    const mb = (b) => `${(b / 2 ** 20).toFixed(1)} MB`;
    context.note(
      `${sets[0].name}, ${what}: ${bytes(own)} own, ${bytes(mapped)} mapped and touched; ${mb(small.own)} and ${mb(small.mapped)} with ${few} rows`,
    );
    context.atMost(`bytes in memory a row, ${sets[0].name}, ${what}`, own + mapped, bound, bytes);
  }
}
