// A search in the thread that has the database, as a worker of the user's own would do it.
import { VectorDB } from '/dist/browser.js';

self.onmessage = async ({ data: { dimensions, efSearch, queries } }) => {
  const db = await VectorDB.open({ storagePath: 'idb://rows' });
  const spent = [];
  for (let first = 0; first < queries.length; first += dimensions) {
    const query = queries.subarray(first, first + dimensions);
    const begin = performance.now();
    db.searchSync(query, 10, { efSearch, includeMetadata: false });
    spent.push(performance.now() - begin);
  }
  await db.close();
  self.postMessage(spent.toSorted((a, b) => a - b)[spent.length >> 1]);
};
