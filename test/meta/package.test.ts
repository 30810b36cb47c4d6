// The packed package, as tools judge it and as Node, TypeScript and bundlers for Node load it.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runInNewContext } from 'node:vm';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { build } from 'esbuild';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installPacked } from '../support/packed.js';

const work = mkdtempSync(join(tmpdir(), 'ruvector-packed-'));
const addon = fileURLToPath(new URL('../../build/native/ruvector.node', import.meta.url));
const installed = join(work, 'node_modules/ruvector');
let tarball: Buffer;

beforeAll(() => {
  installPacked(work);
  tarball = readFileSync(join(work, readdirSync(work).find((name) => name.endsWith('.tgz')) as string));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** Runs a program there; what it prints as JSON. */
function run(name: string, code: string, flags: string[] = []): unknown {
  writeFileSync(join(work, name), code);
  const env = { ...process.env, RUVECTOR_NATIVE_PATH: addon };
  return JSON.parse(execFileSync(process.execPath, [...flags, name], { cwd: work, env, encoding: 'utf8' }));
}

test('publint finds nothing', async () => {
  const bytes = tarball.buffer.slice(tarball.byteOffset, tarball.byteOffset + tarball.byteLength) as ArrayBuffer;
  const { messages, pkg } = await publint({ pack: { tarball: bytes }, strict: true });
  expect(messages.map((message) => formatMessage(message, pkg as Record<string, unknown>, { color: false }))).toEqual([]);
});

test('the page of ruvector studio is in it, with all that it asks for', () => {
  const page = join(installed, 'dist/studio/page');
  const asked = [...readFileSync(join(page, 'index.html'), 'utf8').matchAll(/(?:src|href)="([\w.]+)"/g)].map((match) => match[1]);
  expect(asked.toSorted()).toEqual(['main.js', 'panels.css', 'style.css']);
  expect(readdirSync(page)).toEqual(expect.arrayContaining(asked));
});

test('the types are right, for every way of finding them', async () => {
  const result = await checkPackage(createPackageFromTarballData(tarball), { entrypoints: ['.', './inline'] });
  expect(result.types).toBeTruthy();
  const problems = 'problems' in result ? result.problems : [];
  // TypeScript's oldest way knows no "exports".
  const old = problems.filter(
    (problem) => problem.kind === 'NoResolution' && problem.entrypoint === './inline' && problem.resolutionKind === 'node10',
  );
  expect(problems.filter((problem) => !old.includes(problem))).toEqual([]);
});

const use = `
  (async () => {
    const out = [];
    for (const backend of ['native', 'wasm']) {
      const db = await ruvector.VectorDB.open({ dimensions: 2, backend });
      await db.insertBatch([{ id: 'a', vector: [1, 0], metadata: { n: 1 } }, { id: 'b', vector: [0, 1], metadata: { n: 2 } }]);
      const error = await db.insert({ vector: [1] }).catch((reason) => reason);
      out.push([
        db.backend.split(' ')[0],
        (await db.search({ vector: [1, 0], k: 2, filter: { n: { $gte: 1 } } })).map((hit) => hit.id).join(),
        error instanceof ruvector.RuvectorError && error.code,
        new ruvector.HashEmbedder({ dimensions: 64 }).dimensions,
      ]);
      await db.close();
    }
    console.log(JSON.stringify({ out, names: Object.keys(ruvector).sort(), own: ruvector.VectorDB.name }));
  })();`;
const names = ['HashEmbedder', 'RuvectorError', 'ShardedVectorDB', 'VectorDB', 'VectorDb', 'createVectorDb'];
const expected = {
  out: [
    ['native', 'a,b', 'DIMENSION_MISMATCH', 64],
    ['wasm-simd', 'a,b', 'DIMENSION_MISMATCH', 64],
  ],
  names,
  own: 'VectorDB',
};

describe.each([[[]], [['--conditions=browser']]])('Node with %j', (flags) => {
  test('import', () => expect(run('use.mjs', `import * as ruvector from 'ruvector';${use}`, flags)).toEqual(expected));
  test('require', () => expect(run('use.cjs', `const ruvector = require('ruvector');${use}`, flags)).toEqual(expected));
  test('names of the CommonJS build', () =>
    expect(
      run(
        'names.mjs',
        `import { createRequire } from 'node:module';
         const file = createRequire(import.meta.url).resolve('ruvector');
         const { VectorDB } = await import(file);
         console.log(JSON.stringify([file.endsWith('index.cjs'), VectorDB.name]));`,
        flags,
      ),
    ).toEqual([true, 'VectorDB']));
});

test.each([
  ['import', 'mjs', "import { VectorDB } from 'ruvector';"],
  ['require', 'cjs', "const { VectorDB } = require('ruvector');"],
])('a database on a thread of its own: %s', (_, ending, load) => {
  const code = `${load}
    VectorDB.open({ dimensions: 2, inThread: false }).then(async (db) => {
      await db.insert({ id: 'a', vector: [1, 0] });
      console.log(JSON.stringify((await db.search([1, 0])).map((hit) => hit.id)));
      await db.close();
    });`;
  expect(run(`thread.${ending}`, code)).toEqual(['a']);
});

test.each(['esm', 'cjs'] as const)('a program bundled for Node: %s', async (format) => {
  const file = join(work, `bundled.${format === 'esm' ? 'mjs' : 'cjs'}`);
  await build({
    stdin: { contents: `import * as ruvector from 'ruvector';${use.replace("'native', 'wasm'", "'native'")}`, resolveDir: work },
    outfile: file,
    bundle: true,
    platform: 'node',
    format,
    logLevel: 'silent',
  });
  expect(run(basename(file), readFileSync(file, 'utf8'))).toMatchObject({ out: expected.out.slice(0, 1) });
});

describe('where there is no window', () => {
  const imported = (name: string) => `
    import(${JSON.stringify(join(installed, name))}).then((module) => console.log(JSON.stringify(Object.keys(module).sort())));`;
  test.each(['dist/browser.js', 'dist/inline.js'])('%s is imported', (name) => {
    expect(run('ssr.mjs', imported(name))).toEqual(names);
  });

  test('the script runs', () => {
    const context: { names?: string[]; [global: string]: unknown } = { URL, TextEncoder, TextDecoder };
    runInNewContext(`${readFileSync(join(installed, 'wasm/dist/ruvector.iife.js'), 'utf8')};names = Object.keys(ruvector);`, context);
    expect([...(context.names ?? [])].sort()).toEqual(names);
  });

  test.each([
    ['import', 'mjs', "import * as ruvector from 'ruvector/inline';"],
    ['require', 'cjs', "const ruvector = require('ruvector/inline');"],
  ])('ruvector/inline works all the same: %s', (_, ending, load) => {
    const { out } = run(`inline.${ending}`, `${load}${use.replace("'native', 'wasm'", "'auto'")}`) as typeof expected;
    expect(out).toEqual(expected.out.slice(1));
  });

  test('ruvector/inline says that it has no worker', () => {
    const code = `import { VectorDB } from 'ruvector/inline';
      const error = await VectorDB.open({ dimensions: 2, inThread: false }).catch((reason) => reason);
      console.log(JSON.stringify([error.code, error.message]));`;
    expect(run('worker.mjs', code)).toEqual(['UNSUPPORTED', expect.stringContaining('inThread: true')]);
  });
});
