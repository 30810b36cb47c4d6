// Runs on a page and, loaded as a module worker, in a Web Worker: the main job in memory, checked against a plain scan.
import { RuvectorError, VectorDB } from '/dist/browser.js';

const rowCount = 400;
const dimensions = 24;

function vectorOf(n) {
  return Float32Array.from({ length: dimensions }, (_, i) => Math.sin(n * 12.9898 + i * 78.233));
}

function cosineDistance(a, b) {
  let ab = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < a.length; i++) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return 1 - ab / Math.sqrt(aa * bb);
}

function nearest(query, k, keep) {
  const rows = [];
  for (let n = 0; n < rowCount; n++) if (keep(n)) rows.push([cosineDistance(query, vectorOf(n)), `row-${n}`]);
  return rows
    .sort((a, b) => a[0] - b[0])
    .slice(0, k)
    .map((row) => row[1]);
}

async function codeOf(call) {
  try {
    await call();
    return 'none';
  } catch (error) {
    return error instanceof RuvectorError ? error.code : String(error);
  }
}

/** What the test compares, as plain data. `simd: false` stands for an engine without it. */
export async function smoke(simd) {
  if (!simd) WebAssembly.validate = () => false;
  const beforeReady = await codeOf(() => new VectorDB({ dimensions, inThread: true }).lenSync());
  const wrongOption = await codeOf(() => new VectorDB({ dimensions, colour: 'red' }));
  const db = new VectorDB({ dimensions, inThread: true });
  const query = vectorOf(1000);
  const entries = Array.from({ length: rowCount }, (_, n) => ({
    id: `row-${n}`,
    vector: vectorOf(n),
    metadata: { even: n % 2 === 0, n },
  }));
  await db.insertBatch(entries);
  await db.delete('row-1');
  await db.insert({ id: 'row-1', vector: Array.from(vectorOf(1)), metadata: { even: false, n: 1 } });
  const ids = (hits) => hits.map((hit) => hit.id);
  const all = nearest(query, 10, () => true);
  const even = nearest(query, 10, (n) => n % 2 === 0);
  const bytes = await db.toBytes();
  const copy = await VectorDB.fromBytes(bytes, { inThread: true });
  let scanned = 0;
  for await (const entry of copy.entries({ batchSize: 150 })) if (entry.metadata.n >= 0) scanned++;
  const result = {
    backend: db.backend,
    beforeReady,
    wrongOption,
    search: String(ids(await db.search({ vector: query, k: 10 }))) === String(all),
    filtered: String(ids(await db.search({ vector: query, k: 10, filter: { even: true } }))) === String(even),
    sync: String(ids(db.searchSync(query, 10, { includeMetadata: false }))) === String(all),
    copied: String(ids(await copy.search(query, 10))) === String(all),
    copiedCount: await copy.len(),
    scanned,
    storagePath: await codeOf(() => VectorDB.open({ dimensions, storagePath: './memory', inThread: true })),
    native: await codeOf(() => new VectorDB({ dimensions, backend: 'native' })),
    nan: await codeOf(() => db.insert({ vector: new Float32Array(dimensions).fill(Number.NaN) })),
    address: (
      await VectorDB.open({
        dimensions,
        inThread: true,
        wasm: new URL(`/wasm/dist/ruvector-${simd ? 'simd' : 'scalar'}.wasm`, self.location.origin),
      })
    ).backend,
    missing: await codeOf(() => VectorDB.open({ dimensions, wasm: '/nowhere.wasm', inThread: true })),
    query: Array.from(query),
    expected: all,
    bytes: Array.from(bytes),
  };
  await db.close();
  return { ...result, closed: await codeOf(() => db.len()) };
}

if (typeof document === 'undefined') {
  self.onmessage = ({ data }) => {
    smoke(data).then(
      (result) => self.postMessage(result),
      (error) => self.postMessage({ error: String(error?.stack ?? error) }),
    );
  };
}
