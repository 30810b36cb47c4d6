// How long the event loop waits while 1,000 searches are under way, the last hundred of them given up.
import { median, VectorDB } from './context.mjs';

export const title = 'Event loop';
const count = 1000;
const givenUp = 100;

/** How late timers are that ask for every millisecond, from when the caller's own loop has ended until the last answer. */
async function once(db, queries, late) {
  const start = performance.now();
  const searches = Array.from({ length: count }, (_, i) => {
    const controller = new AbortController();
    // Long enough that they are under way while timers are asked for.
    const search = db.search(queries[i % queries.length], 10, { includeMetadata: false, efSearch: 400, signal: controller.signal });
    if (i >= count - givenUp) controller.abort();
    return search;
  });
  const asking = performance.now() - start;
  await new Promise((resolve) => setImmediate(resolve));
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    late.push(Math.max(0, now - last - 1));
    last = now;
  }, 1);
  const settled = await Promise.allSettled(searches);
  clearInterval(timer);
  return {
    asking,
    answered: settled.filter(({ status, value }) => status === 'fulfilled' && value.length === 10).length,
    aborted: settled.filter(({ reason }) => reason?.code === 'ABORTED').length,
  };
}

export async function measure(context) {
  const { set, path, queries } = await context.large();
  const db = await VectorDB.open({ dimensions: 384, distanceMetric: 'euclidean', storagePath: path, readOnly: true });
  await once(db, queries, []);
  // One round has too few timers for a hundredth of them to mean anything.
  const late = [];
  const rounds = [];
  for (let round = 0; round < 10; round++) rounds.push(await once(db, queries, late));
  await db.close();
  const total = (name) => rounds.reduce((sum, round) => sum + round[name], 0);
  late.sort((a, b) => a - b);
  const p99 = late[Math.floor(late.length * 0.99)] ?? Number.NaN;
  const asked = rounds.length * count;
  context.note(
    `${rounds.length} × ${count} searches of ${set.name} at once, ${givenUp} of them given up: ${total('answered')} answered, ` +
      `${total('aborted')} ABORTED; ${late.length} timers, the latest by ${late.at(-1)?.toFixed(1)} ms; ` +
      `asking for ${count} takes the caller ${median(rounds.map(({ asking }) => asking)).toFixed(1)} ms`,
  );
  context.atMost('delay of the event loop, p99, 1,000 searches in flight', p99, 5, (ms) => `${ms.toFixed(1)} ms`);
  context.line(
    'searches lost, and aborted ones that were answered all the same',
    `${asked - total('answered') - total('aborted')}, ${rounds.length * givenUp - total('aborted')}`,
    '0, 0',
    total('answered') + total('aborted') === asked && total('aborted') === rounds.length * givenUp,
  );
}
