// Filtered searches against measuring every matching row (exact: true with the same filter).
import { inTurns, recallOf, VectorDB } from './context.mjs';

export const title = 'Filters';
export async function measure(context) {
  const { set, path, queries } = await context.large();
  const db = await VectorDB.open({ dimensions: 384, distanceMetric: 'euclidean', storagePath: path, readOnly: true });
  const few = queries.slice(0, 200);
  for (const percent of [1, 10, 50]) {
    const options = { includeMetadata: false, filter: { bucket: { $lt: percent } } };
    const matches = await db.count(options.filter);
    let short = 0;
    const recall = await recallOf(
      set,
      few,
      (query) => {
        const hits = db.searchSync(query, 10, options);
        if (new Set(hits.map(({ id }) => id)).size !== Math.min(10, matches)) short++;
        return hits;
      },
      percent,
    );
    const spent = await inTurns(5, {
      filtered: () => {
        for (const query of few) db.searchSync(query, 10, options);
      },
      exact: () => {
        for (const query of few) db.searchSync(query, 10, { ...options, exact: true });
      },
    });
    const us = (ms) => `${((ms * 1000) / few.length).toFixed(0)} µs`;
    context.note(`${set.name}, ${percent} % match (${matches}): ${us(spent.filtered)}; all matches measured ${us(spent.exact)}`);
    context.atLeast(`recall@10 with a filter of ${percent} %`, recall, 0.95, (r) => r.toFixed(4));
    context.line(`queries of ${few.length} with fewer than min(k, matches) rows, ${percent} %`, String(short), '0', short === 0);
    context.atMost(`time against measuring all matches, ${percent} %`, spent.filtered / spent.exact, 1.2);
  }
  await db.close();
}
