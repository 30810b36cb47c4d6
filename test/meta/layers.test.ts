// Includes go down the table of cpp/README.md, and each outside library stays in its room.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const cpp = join(root, 'cpp');

const files = readdirSync(cpp, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(h|cc)$/.test(name));
const includes = (name: string) =>
  [...readFileSync(join(cpp, name), 'utf8').matchAll(/^\s*#include\s+(["<])([^">]+)[">]/gm)].map((m) => ({
    quoted: m[1] === '"',
    path: m[2] as string,
  }));

/** folder → folders it may include, from the table. */
function table(): Map<string, Set<string>> {
  const rows = [...readFileSync(join(cpp, 'README.md'), 'utf8').matchAll(/^\| `(\w+)` \| .* \| (.*) \|$/gm)];
  const folders = rows.map((row) => row[1] as string);
  return new Map(
    rows.map((row) => {
      const words = (row[2] as string).split(/[^\w]+/);
      const named = words.includes('everything') ? folders : folders.filter((folder) => words.includes(folder));
      return [row[1] as string, new Set([...named, row[1] as string])];
    }),
  );
}

it('every folder of cpp is in the table, and the table has no others', () => {
  const folders = readdirSync(cpp, { withFileTypes: true }).filter((e) => e.isDirectory());
  expect([...table().keys()].sort()).toEqual(folders.map((e) => e.name).sort());
});

it('includes go down the table', () => {
  const allowed = table();
  const wrong: string[] = [];
  for (const name of files) {
    const folder = name.split('/')[0] as string;
    for (const { quoted, path } of includes(name)) {
      if (quoted && !allowed.get(folder)?.has(path.split('/')[0] as string)) wrong.push(`${name} includes ${path}`);
    }
  }
  expect(files.length).toBeGreaterThan(40);
  expect(wrong).toEqual([]);
});

it('each outside library is seen by its own files only', () => {
  const rooms: [RegExp, RegExp][] = [
    [/^hwy\//, /^simd\//],
    [/^hnswlib\//, /^index\/hnsw/],
    [/^rapidjson\//, /^core\/json/],
    [/^napi\.h$/, /^binding\/napi\.cc$/],
    [/^emscripten/, /^binding\/wasm\.cc$/],
    // 35 KB of WebAssembly, or worse.
    [/^(iostream|fstream|sstream|filesystem|regex|locale)$/, /^$/],
  ];
  const wrong: string[] = [];
  for (const name of files) {
    for (const { path } of includes(name)) {
      for (const [library, room] of rooms) if (library.test(path) && !room.test(name)) wrong.push(`${name} includes ${path}`);
    }
  }
  expect(wrong).toEqual([]);
});

it('every source is listed once in sources.txt, but for what only one of the packages holds', () => {
  const listed = readFileSync(join(cpp, 'sources.txt'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const transports = ['cpp/binding/napi.cc', 'cpp/binding/wasm.cc'];
  const sources = files.filter((name) => name.endsWith('.cc')).map((name) => relative(root, join(cpp, name)));
  expect([...listed].sort()).toEqual(sources.filter((name) => !transports.includes(name) && !name.startsWith('cpp/api/')).sort());
});

it('headers stay near 150 and sources near 400 lines', () => {
  const long = files
    .map((name) => ({ name, lines: readFileSync(join(cpp, name), 'utf8').split('\n').length }))
    .filter(({ name, lines }) => lines > (name.endsWith('.h') ? (name === 'api/ruvector.h' ? 380 : 260) : 550));
  expect(long).toEqual([]);
});
