// Awaited calls in a process, or in its worker threads, that end in the middle of them. argv: what, and how long to wait before process.exit.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const open = async () => {
  const { VectorDB } = await import('../../dist/index.js');
  const db = await VectorDB.open({ dimensions: 32, backend: 'native', index: 'flat' });
  const vectors = Float32Array.from({ length: 2000 * 32 }, (_, i) => Math.sin(i + 1));
  await db.insertBatch({ vectors, ids: Array.from({ length: 2000 }, (_, i) => i) });
  return db;
};
const query = (i) => Float32Array.from({ length: 32 }, (_, j) => Math.cos(i + j));
const many = (db) => Array.from({ length: 500 }, (_, i) => db.search(query(i), 5));

const parts = {
  /** Exits with searches and a write under way. */
  async exit() {
    const db = await open();
    for (const search of many(db)) void search;
    void db.insert({ id: 'late', vector: query(1) });
    await new Promise((resolve) => setTimeout(resolve, Number(process.argv[3])));
    process.exit(7);
  },
  /** Nothing under way holds the process; something under way does. */
  async end() {
    const db = await open();
    void Promise.all(many(db)).then((all) => console.log(all.filter((hits) => hits.length === 5).length));
  },
  /** Threads that end in the middle; this one never loads the addon, so that its library goes with the last of them. */
  async threads() {
    for (let round = 0; round < 15; round++) {
      const workers = ['terminate', 'exit', 'throw'].map((how) => {
        const worker = new Worker(new URL(import.meta.url), { workerData: how });
        const ended = new Promise((resolve) => {
          worker.on('error', () => {});
          worker.on('exit', resolve);
        });
        const ready = new Promise((resolve) => worker.once('message', resolve));
        return { worker, ended, ready, how };
      });
      for (const { worker, ended, ready, how } of workers) {
        await Promise.race([ready, ended]);
        if (how === 'terminate') await worker.terminate();
        const code = await ended;
        if (how === 'exit' && code !== 5) throw new Error(`exit: ${code}`);
      }
    }
    console.log('done');
  },
};

if (isMainThread) {
  await parts[process.argv[2]]();
} else {
  const db = await open();
  for (const search of many(db)) search.catch(() => {});
  void db.insert({ id: 'late', vector: query(1) });
  parentPort.postMessage('under way');
  await new Promise((resolve) => setTimeout(resolve, 2));
  if (workerData === 'exit') process.exit(5);
  if (workerData === 'throw') throw new Error('on purpose');
  for (;;) await Promise.all(many(db));
}
