// A process that does what argv[2] says to the database in the folder argv[3]; the test looks at what is left.
import { readdirSync, writeSync } from 'node:fs';
import { VectorDB } from '../../dist/index.js';

const [what, path, backend, durability, ending] = process.argv.slice(2);
const options = { dimensions: 4, storagePath: path, backend, durability };
const vector = (i) => [i + 1, i % 7, i % 3, 1];
const say = (value) => writeSync(1, `${JSON.stringify(value)}\n`);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const parts = {
  /** Writes, and ends without closing. */
  async exit() {
    const db = await VectorDB.open(options);
    await db.insertBatch(Array.from({ length: 50 }, (_, i) => ({ id: `${i}`, vector: vector(i), metadata: { i } })));
    await db.insert({ id: '1', vector: vector(100), metadata: { i: 100 } });
    await db.deleteBatch(['2', '3']);
    await db.collection('other', { dimensions: 4 }).insert({ id: 'o', vector: vector(1) });
    say('acknowledged');
    if (ending === 'exit') process.exit(3);
    if (ending === 'throw') throw new Error('on purpose');
    if (ending === 'under way') {
      void db.insertBatch(Array.from({ length: 20_000 }, (_, i) => ({ id: `late ${i}`, vector: vector(i) })));
      await pause(1);
      process.exit(3);
    }
  },

  /** Forgets databases; says how often they could be opened again. */
  async forget() {
    const open = () => VectorDB.open(options);
    const forgetOne = async (i) => {
      const db = await open();
      await db.insert({ id: `${i}`, vector: vector(i) });
    };
    const reopened = async () => {
      for (let tries = 0; tries < 200; tries++) {
        globalThis.gc();
        await pause(10);
        const db = await open().catch((error) => {
          if (error.code !== 'LOCKED') throw error;
        });
        if (db) return db;
      }
      throw new Error('it stays locked');
    };
    for (let i = 0; i < 5; i++) {
      await forgetOne(i);
      const db = await reopened();
      if ((await db.len()) !== i + 1) throw new Error(`${await db.len()} rows after ${i + 1}`);
      await db.close();
    }
    // Whoever holds a collection holds its database.
    const other = await (async () => (await open()).collection('other', { dimensions: 4 }))();
    for (let i = 0; i < 20; i++) {
      globalThis.gc();
      await pause(5);
    }
    await other.insert({ id: 'o', vector: vector(1) });
    const { code } = await open().catch((error) => error);
    say({ code, len: await other.len() });
  },

  /** Opens and closes 200 times. */
  async reopen() {
    const count = () => ({ fds: readdirSync('/proc/self/fd').length, threads: readdirSync('/proc/self/task').length });
    for (let i = 0; i < 200; i++) {
      const db = await VectorDB.open(options);
      await db.insertBatch(Array.from({ length: 10 }, (_, j) => ({ id: `${j}`, vector: vector(i + j) })));
      await db.search(vector(i), 3);
      const reader = await VectorDB.open({ ...options, readOnly: true });
      await reader.len();
      if (i % 5 === 0) await db.compact();
      await (i % 2 ? db.close() : reader.close());
      await (i % 2 ? reader.close() : db.close());
      if (i === 20) say(count());
    }
    say(count());
  },

  /** Forgets databases with much or little memory of their own, and never asks for a collection; says how many were collected. */
  async pressure() {
    let collected = 0;
    const registry = new FinalizationRegistry(() => {
      collected++;
    });
    const forgetOne = async (maxElements) => {
      const db = await VectorDB.open({ dimensions: 256, backend, hnswConfig: { maxElements } });
      await db.insert({ vector: Array(256).fill(1) });
      registry.register(db);
      return (await db.stats()).memoryUsage;
    };
    for (const maxElements of [1, 100_000]) {
      collected = 0;
      let bytes = 0;
      for (let i = 0; i < 40; i++) {
        bytes = await forgetOne(maxElements);
        await pause(1);
      }
      say({ bytes, collected });
    }
  },
};
await parts[what]();
