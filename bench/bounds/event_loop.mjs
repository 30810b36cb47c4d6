// How long the event loop waits while 1,000 searches are under way, the last hundred of them given up.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { VectorDB } from './context.mjs';

export const title = 'Event loop';
export async function measure(context) {
  const { set, path, queries } = await context.large();
  const db = await VectorDB.open({ dimensions: 384, distanceMetric: 'euclidean', storagePath: path, readOnly: true });
  const count = 1000;
  for (const query of queries.slice(0, 100)) await db.search(query, 10, { includeMetadata: false });
  const delay = monitorEventLoopDelay({ resolution: 1 });
  await new Promise((resolve) => setTimeout(resolve, 50));
  delay.enable();
  let given = 0;
  const searches = Array.from({ length: count }, (_, i) => {
    const options = { includeMetadata: false };
    if (i >= 900) {
      const controller = new AbortController();
      options.signal = controller.signal;
      given++;
      setImmediate(() => controller.abort());
    }
    return db.search(queries[i % queries.length], 10, options);
  });
  const settled = await Promise.allSettled(searches);
  delay.disable();
  await db.close();
  const answered = settled.filter(({ status, value }) => status === 'fulfilled' && value.length === 10).length;
  const aborted = settled.filter(({ reason }) => reason?.code === 'ABORTED').length;
  const p99 = delay.percentile(99) / 1e6;
  context.note(
    `${count} searches of ${set.name} at once, ${given} given up: ${answered} answered, ${aborted} ABORTED; timers asked for every 1 ms`,
  );
  context.atMost('delay of the event loop, p99, 1,000 searches in flight', p99, 5, (ms) => `${ms.toFixed(1)} ms`);
  context.line(
    'searches lost, and aborted ones that were answered all the same',
    `${count - answered - aborted}, ${given - aborted}`,
    '0, 0',
    answered + aborted === count && aborted === given,
  );
}
