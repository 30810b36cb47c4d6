// How long the event loop waits while 1,000 searches are under way, the last hundred of them given up.
import { VectorDB } from './context.mjs';

export const title = 'Event loop';
export async function measure(context) {
  const { set, path, queries } = await context.large();
  const db = await VectorDB.open({ dimensions: 384, distanceMetric: 'euclidean', storagePath: path, readOnly: true });
  const count = 1000;
  for (const query of queries.slice(0, 100)) await db.search(query, 10, { includeMetadata: false });
  // How late timers are that ask for every millisecond.
  const late = [];
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    late.push(Math.max(0, now - last - 1));
    last = now;
  }, 1);
  let given = 0;
  const searches = Array.from({ length: count }, (_, i) => {
    const controller = new AbortController();
    // Long enough that they are under way while timers are asked for.
    const search = db.search(queries[i % queries.length], 10, { includeMetadata: false, efSearch: 400, signal: controller.signal });
    if (i >= 900) {
      given++;
      controller.abort();
    }
    return search;
  });
  // The loop above is the caller's own.
  await new Promise((resolve) => setImmediate(resolve));
  late.length = 0;
  last = performance.now();
  const settled = await Promise.allSettled(searches);
  clearInterval(timer);
  await db.close();
  const answered = settled.filter(({ status, value }) => status === 'fulfilled' && value.length === 10).length;
  const aborted = settled.filter(({ reason }) => reason?.code === 'ABORTED').length;
  late.sort((a, b) => a - b);
  const p99 = late[Math.floor(late.length * 0.99)] ?? Number.NaN;
  context.note(
    `${count} searches of ${set.name} at once, ${given} given up: ${answered} answered, ${aborted} ABORTED; ${late.length} timers`,
  );
  context.atMost('delay of the event loop, p99, 1,000 searches in flight', p99, 5, (ms) => `${ms.toFixed(1)} ms`);
  context.line(
    'searches lost, and aborted ones that were answered all the same',
    `${count - answered - aborted}, ${given - aborted}`,
    '0, 0',
    answered + aborted === count && aborted === given,
  );
}
