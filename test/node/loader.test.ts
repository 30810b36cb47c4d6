// Which backend runs, and how plainly it says so. Children run the built package (dist/), as users do.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { type DbOptions, RuvectorError, VectorDB, type WasmSource } from 'ruvector';
import { describe, expect, test } from 'vitest';

const root = new URL('../../', import.meta.url);
const entry = new URL('dist/index.js', root).href;
const wasmUrl = (variant: string) => new URL(`wasm/dist/ruvector-${variant}.wasm`, root);

/** Runs a module body with { VectorDB } at hand; what it prints as JSON, and stderr. */
async function run(body: string, env: Record<string, string>): Promise<{ out: unknown; stderr: string }> {
  const code = `import { VectorDB } from ${JSON.stringify(entry)};\n${body}`;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], {
    env: { ...process.env, RUVECTOR_WASM: '', ...env, ...(env.RUVECTOR_WASM ? {} : { RUVECTOR_WASM: undefined }) },
  });
  return { out: JSON.parse(stdout), stderr };
}

const openTwo = `
  const names = [];
  for (let i = 0; i < 2; i++) {
    const db = await VectorDB.open({ dimensions: 2 });
    await db.insert({ id: 'a', vector: [1, 0] });
    names.push(db.backend + ' ' + (await db.search([1, 0], 1))[0].id);
  }
  console.log(JSON.stringify(names));`;
const tryOpen = (options: string) => `
  try { const db = await VectorDB.open(${options}); console.log(JSON.stringify({ backend: db.backend })); }
  catch (e) { console.log(JSON.stringify({ name: e.name, code: e.code, message: e.message })); }`;

describe('auto', () => {
  test('is the addon', async () => {
    const { out, stderr } = await run(openTwo, {});
    expect(out).toEqual([expect.stringMatching(/^native \([A-Z0-9_]+\) a$/), expect.stringMatching(/^native/)]);
    expect(stderr).toBe('');
  });

  test('is WebAssembly, with one warning, where the addon does not load', async () => {
    const { out, stderr } = await run(openTwo, { RUVECTOR_NATIVE_PATH: '/nowhere/ruvector.node' });
    expect(out).toEqual(['wasm-simd a', 'wasm-simd a']);
    expect(stderr.match(/RuvectorWarning/g)?.length).toBe(1);
    expect(stderr).toContain('/nowhere/ruvector.node');
    expect(stderr).toContain('using WebAssembly instead');
  });

  test('is what RUVECTOR_BACKEND says', async () => {
    expect((await run(openTwo, { RUVECTOR_BACKEND: 'wasm' })).out).toEqual(['wasm-simd a', 'wasm-simd a']);
    const env = { RUVECTOR_BACKEND: 'native', RUVECTOR_NATIVE_PATH: '/nowhere/ruvector.node' };
    expect((await run(tryOpen('{ dimensions: 2 }'), env)).out).toMatchObject({ code: 'UNSUPPORTED' });
    expect((await run(tryOpen("{ dimensions: 2, backend: 'wasm' }"), env)).out).toEqual({ backend: 'wasm-simd' });
    expect((await run(tryOpen('{ dimensions: 2 }'), { RUVECTOR_BACKEND: 'gpu' })).out).toMatchObject({ code: 'INVALID_OPTION' });
  });
});

test("backend: 'native' says what it tried and what to do", async () => {
  const env = { RUVECTOR_NATIVE_PATH: '/nowhere/ruvector.node' };
  const { out, stderr } = await run(tryOpen("{ dimensions: 2, backend: 'native' }"), env);
  expect(out).toMatchObject({ name: 'RuvectorError', code: 'UNSUPPORTED' });
  const { message } = out as { message: string };
  expect(message).toContain(`${process.platform}-${process.arch}`);
  expect(message).toContain('/nowhere/ruvector.node');
  expect(message).toMatch(/1\. .*\n2\. /);
  expect(stderr).toBe('');
});

test('RUVECTOR_NATIVE_PATH takes a relative path', async () => {
  const env = { RUVECTOR_NATIVE_PATH: 'build/native/ruvector.node' };
  expect((await run(tryOpen("{ dimensions: 2, backend: 'native' }"), env)).out).toMatchObject({
    backend: expect.stringMatching(/^native/),
  });
});

test('RUVECTOR_WASM chooses the variant', async () => {
  const open = tryOpen("{ dimensions: 2, backend: 'wasm' }");
  for (const variant of ['simd', 'scalar']) {
    expect((await run(open, { RUVECTOR_WASM: variant })).out).toEqual({ backend: `wasm-${variant}` });
  }
  expect((await run(open, { RUVECTOR_WASM: 'best' })).out).toMatchObject({ code: 'INVALID_OPTION' });
});

test('an engine without SIMD gets the build without', async () => {
  const { out } = await run(`WebAssembly.validate = () => false;${openTwo}`, { RUVECTOR_BACKEND: 'wasm' });
  expect(out).toEqual(['wasm-scalar a', 'wasm-scalar a']);
});

describe('the wasm option', () => {
  const open = (wasm: unknown) => VectorDB.open({ dimensions: 2, backend: 'wasm', wasm: wasm as WasmSource });
  const bytes = readFileSync(wasmUrl('simd'));
  const sources: [string, WasmSource][] = [
    ['a URL', wasmUrl('simd')],
    ['a file: address', wasmUrl('simd').href],
    ['a path', fileURLToPath(wasmUrl('simd'))],
    ['bytes', bytes],
    ['an ArrayBuffer', new Uint8Array(bytes).buffer],
    ['a module', new WebAssembly.Module(bytes)],
    ['one for each variant', { simd: bytes, scalar: wasmUrl('scalar') }],
    ['one for the other variant', { scalar: wasmUrl('scalar') }],
  ];
  test.each(sources)('takes %s', async (_, wasm) => {
    const db = await open(wasm);
    await db.insert({ id: 'a', vector: [1, 0] });
    expect((await db.search([1, 0]))[0]?.id).toBe('a');
    await db.close();
  });

  test.each([5, true, [], { simd: 5 }, { sse: wasmUrl('simd') }])('refuses %o at once', (wasm) => {
    expect(() => new VectorDB({ dimensions: 2, backend: 'wasm', wasm } as unknown as DbOptions)).toThrow(RuvectorError);
  });

  test.each([
    ['a path where nothing is', '/nowhere/x.wasm'],
    ['bytes that are no WebAssembly', new Uint8Array(100)],
    ['an empty module', new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))],
  ])('says so for %s', async (_, wasm) => {
    await expect(open(wasm)).rejects.toMatchObject({ name: 'RuvectorError', code: 'UNSUPPORTED' });
    await expect(open(wasm)).rejects.toThrow(/cannot load WebAssembly/);
  });
});

test.each(['native', 'wasm'])('worker threads have databases of their own: %s', async (backend) => {
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    import(workerData.entry).then(async ({ VectorDB }) => {
      const db = await VectorDB.open({ dimensions: 2, backend: workerData.backend });
      for (let i = 0; i < 100; i++) await db.insert({ vector: [1, i + workerData.n] });
      parentPort.postMessage([db.backend, db.lenSync(), db.searchSync(new Float32Array([1, 1]), 1, { includeMetadata: false }).length]);
    });`;
  const workers = [0, 1, 2].map((n) => new Worker(code, { eval: true, workerData: { entry, backend, n } }));
  const answers = await Promise.all(
    workers.map(
      (worker) =>
        new Promise((resolve, reject) => {
          worker.on('message', resolve);
          worker.on('error', reject);
        }),
    ),
  );
  for (const answer of answers) expect(answer).toEqual([expect.stringContaining(backend), 100, 1]);
  await Promise.all(workers.map((worker) => worker.terminate()));
});

// In a child, since what it tests for is the end of the whole process.
test.each(['native', 'wasm'])('ending a thread with a call under way takes nothing with it: %s', async (backend) => {
  const thread = `
    import(${JSON.stringify(entry)}).then(async ({ VectorDB }) => {
      const db = await VectorDB.open({ dimensions: 64, index: 'hnsw', backend: '${backend}' });
      const vectors = Float32Array.from({ length: 64 * 3000 }, Math.random);
      db.insertBatch({ vectors });
      require('node:worker_threads').parentPort.postMessage('busy');
    });`;
  const { out } = await run(
    `import { Worker } from 'node:worker_threads';
     for (let round = 0; round < 4; round++) {
       const worker = new Worker(${JSON.stringify(thread)}, { eval: true, execArgv: [] });
       await new Promise((resolve) => worker.on('message', resolve));
       await new Promise((resolve) => setTimeout(resolve, round * 25));
       await worker.terminate();
     }
     console.log('"alive"');`,
    {},
  );
  expect(out).toBe('alive');
});
