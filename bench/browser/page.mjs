// What bench/bounds/browser.mjs measures, on the page.
import { ShardedVectorDB, VectorDB } from '/dist/browser.js';

const floats = async (name) => new Float32Array(await (await fetch(`/data/${name}`)).arrayBuffer());
const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];
const options = { distanceMetric: 'euclidean' };
const k = 10;

/** The longest time between two turns of the page's event loop. */
function watch() {
  let busiest = 0;
  let last = performance.now();
  const channel = new MessageChannel();
  channel.port1.onmessage = () => {
    const now = performance.now();
    busiest = Math.max(busiest, now - last);
    last = now;
    channel.port2.postMessage(0);
  };
  channel.port2.postMessage(0);
  return () => {
    channel.port1.close();
    return busiest;
  };
}

export async function insert(dimensions) {
  const vectors = await floats('rows.f32');
  const queries = await floats('queries.f32');
  const db = await VectorDB.open({ ...options, dimensions, storagePath: 'idb://rows' });
  await new Promise((resolve) => setTimeout(resolve, 100));
  const busiest = watch();
  let steps = 0;
  const start = performance.now();
  // In pieces, as an application would that has its rows one after another.
  const rows = vectors.length / dimensions;
  const piece = 5000;
  for (let first = 0; first < rows; first += piece) {
    const part = vectors.subarray(first * dimensions, Math.min(first + piece, rows) * dimensions);
    const ids = Array.from({ length: part.length / dimensions }, (_, i) => String(first + i));
    await db.insertBatch({ ids, vectors: part }, { onProgress: () => steps++ });
  }
  const seconds = (performance.now() - start) / 1000;
  for (let q = 0; q < 100; q++) await db.search(queries.subarray(q * dimensions, (q + 1) * dimensions), k);
  await db.flush();
  const longest = busiest();
  await db.compact();
  await db.close();
  return { seconds, steps, busiest: longest };
}

async function recallAt(db, queries, bounds, dimensions, efSearch) {
  let right = 0;
  const count = 200;
  for (let q = 0; q < count; q++) {
    const hits = await db.search(queries.subarray(q * dimensions, (q + 1) * dimensions), k, { efSearch, includeMetadata: false });
    // Of a query bounds.f32 has squared distances at six ranks; the second is that of the tenth row.
    for (const { distance } of hits) if (distance ** 2 <= bounds[q * 6 + 1] * (1 + 1e-5)) right++;
  }
  return right / (count * k);
}

export async function search(dimensions) {
  const start = performance.now();
  const db = await VectorDB.open({ ...options, dimensions, storagePath: 'idb://rows' });
  const queries = await floats('queries.f32');
  await db.search(queries.subarray(0, dimensions), k);
  const first = performance.now() - start;
  const bounds = await floats('bounds.f32');
  let efSearch = 10;
  let recall = 0;
  for (; efSearch < 1000; efSearch = Math.ceil(efSearch * 1.3)) {
    recall = await recallAt(db, queries, bounds, dimensions, efSearch);
    if (recall >= 0.95) break;
  }
  const count = queries.length / dimensions;
  const spent = [];
  for (let q = 0; q < count; q++) {
    const query = queries.subarray(q * dimensions, (q + 1) * dimensions);
    const begin = performance.now();
    await db.search(query, k, { efSearch, includeMetadata: false });
    spent.push(performance.now() - begin);
  }
  await db.close();
  const worker = new Worker('/bench/browser/worker.mjs', { type: 'module' });
  const inWorker = await new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage({ dimensions, efSearch, queries });
  });
  worker.terminate();
  return { recall, efSearch, first, onPage: median(spent), inWorker };
}

const rowOf = (i) => Float32Array.from({ length: 256 }, (_, d) => Math.sin(i * 0.7 + d * d));

async function storedBytes() {
  const request = indexedDB.open('/ruvector/large');
  const db = await new Promise((resolve) => {
    request.onsuccess = () => resolve(request.result);
  });
  const all = await new Promise((resolve) => {
    const get = db.transaction('FILE_DATA').objectStore('FILE_DATA').getAll();
    get.onsuccess = () => resolve(get.result);
  });
  db.close();
  return all.reduce((sum, { contents }) => sum + (contents?.byteLength ?? 0), 0);
}

export async function commits(megabytes) {
  // In the page's thread, where what is put can be counted.
  const db = await VectorDB.open({ dimensions: 256, storagePath: 'idb://large', index: 'flat', inThread: true });
  const rows = Math.ceil((megabytes * 2 ** 20) / 1024);
  for (let first = 0; first < rows; first += 8192) {
    const count = Math.min(8192, rows - first);
    const vectors = new Float32Array(count * 256);
    for (let i = 0; i < count; i++) vectors.set(rowOf(first + i), i * 256);
    await db.insertBatch({ ids: Array.from({ length: count }, (_, i) => String(first + i)), vectors });
  }
  await db.compact();
  const change = 1024;
  let written = 0;
  const { put } = IDBObjectStore.prototype;
  IDBObjectStore.prototype.put = function (value, key) {
    written += value.contents.byteLength;
    return put.call(this, value, key);
  };
  const spent = [];
  const beyond = [];
  for (let i = 0; i < 200; i++) {
    written = 0;
    const begin = performance.now();
    await db.insert({ id: `new ${i}`, vector: rowOf(1e6 + i) });
    spent.push(performance.now() - begin);
    beyond.push(written - change);
  }
  IDBObjectStore.prototype.put = put;
  await db.flush();
  await db.close();
  return { megabytes: (await storedBytes()) / 2 ** 20, count: spent.length, change, p50: median(spent), beyond: Math.max(...beyond) };
}

export async function reload() {
  const start = performance.now();
  const db = await VectorDB.open({ storagePath: 'idb://large' });
  await db.search(rowOf(77), k);
  const first = performance.now() - start;
  await db.close();
  return { first };
}

export async function shards(dimensions) {
  const vectors = await floats('rows.f32');
  const queries = await floats('queries.f32');
  const rows = Math.min(20_000, vectors.length / dimensions);
  const batch = Array.from({ length: 100 }, (_, q) => ({ vector: queries.subarray(q * dimensions, (q + 1) * dimensions), k, exact: true }));
  const spent = { one: [], two: [] };
  const databases = {
    one: await ShardedVectorDB.open({ ...options, dimensions, shards: 1 }),
    two: await ShardedVectorDB.open({ ...options, dimensions, shards: 2 }),
  };
  for (const db of Object.values(databases)) await db.insertBatch({ vectors: vectors.subarray(0, rows * dimensions) });
  for (let round = 0; round < 6; round++) {
    for (const [name, db] of Object.entries(databases)) {
      const begin = performance.now();
      await db.searchBatch(batch);
      if (round > 0) spent[name].push(performance.now() - begin);
    }
  }
  for (const db of Object.values(databases)) await db.close();
  return { one: median(spent.one), two: median(spent.two) };
}
