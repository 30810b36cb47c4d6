// A worker thread that does what workerData.what says to a database. `shared` counts what was acknowledged.
import { parentPort, workerData } from 'node:worker_threads';
import { VectorDB } from '../../dist/index.js';

const { what, path, backend, shared, count } = workerData;
const counter = new Int32Array(shared);
const vector = (i) => [i + 1, i % 7, i % 3, 1];
const acknowledge = () => {
  Atomics.add(counter, 0, 1);
  Atomics.notify(counter, 0);
};

const parts = {
  /** Its own database: `count` calls. */
  async own() {
    const db = await VectorDB.open({ dimensions: 4, storagePath: path, backend });
    for (let i = 0; i < count; i++) {
      await db.insert({ id: `${i}`, vector: vector(i), metadata: { i } });
      if (i % 10 === 0) await db.search(vector(i), 3);
    }
    await db.close();
  },

  /** Writes until it is terminated. */
  async write() {
    const db = await VectorDB.open({ dimensions: 4, storagePath: path, backend, index: 'hnsw' });
    for (let i = 0; ; i++) {
      const entries = Array.from({ length: 20 }, (_, j) => ({ id: `${i}-${j}`, vector: vector(i + j), metadata: { i } }));
      await db.insertBatch(entries);
      acknowledge();
      if (i % 50 === 49) await db.compact();
    }
  },

  /** Opens for writing, and says how that ended. */
  async lock() {
    const opened = await VectorDB.open({ dimensions: 4, storagePath: path, backend }).catch((error) => error.code);
    parentPort.postMessage(typeof opened === 'string' ? opened : 'open');
    if (typeof opened !== 'string') await opened.close();
  },

  /** Reads what a writer elsewhere commits, until all `count` rows carry one and the same last number. */
  async read() {
    const db = await VectorDB.open({ storagePath: path, readOnly: true, backend });
    const seen = { refreshed: 0, reads: 0, last: -1 };
    while (seen.last < count) {
      if (await db.refresh()) seen.refreshed++;
      const page = await db.page({ limit: 1000 });
      const numbers = new Set(page.entries.map(({ metadata }) => metadata.n));
      if (numbers.size !== 1) throw new Error(`a read saw ${[...numbers].join()} at once`);
      const [n] = numbers;
      if (n < seen.last) throw new Error(`${n} after ${seen.last}`);
      const [hit] = await db.search({ vector: [n + 1, 1, 0, 0], k: 1, exact: true });
      if (hit.metadata.n !== n) throw new Error(`a search found ${hit.metadata.n}, the state was ${n}`);
      seen.reads++;
      seen.last = n;
      if (counter[0] === 0) acknowledge();
    }
    await db.close();
    parentPort.postMessage(seen);
  },
};
await parts[what]();
