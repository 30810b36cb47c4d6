// The job of every test program here: rows, a filter, an error, a search.
export async function search({ VectorDB, RuvectorError }, options) {
  const db = await VectorDB.open({ dimensions: 2, ...options });
  await db.insertBatch([
    { id: 'east', vector: [1, 0], metadata: { warm: true } },
    { id: 'north', vector: [0, 1], metadata: { warm: false } },
    { id: 'northeast', vector: [1, 1], metadata: { warm: false } },
  ]);
  const error = await db.insert({ vector: [1, 2, 3] }).catch((reason) => reason);
  const result = {
    backend: db.backend,
    hits: (await db.search([1, 0.1], 3)).map((hit) => hit.id),
    cold: (await db.search({ vector: [1, 0.1], k: 3, filter: { warm: false } })).map((hit) => hit.id),
    error: error instanceof RuvectorError ? error.code : String(error),
  };
  await db.close();
  return result;
}

/** In the package's own worker, and on the page. */
export const searchBoth = (ruvector) => Promise.all([search(ruvector, { inThread: false }), search(ruvector, { inThread: true })]);
