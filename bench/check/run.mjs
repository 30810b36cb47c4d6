// npm run bench:check [-- --update]: what searches, linking, filters and opening do, counted instead of timed, against bench/check/baseline.json. Ends
// with code 1 when a figure is more than 5 % worse (or a recall lower); --update writes the figures of now.
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { compareFigures } from './compare.mjs';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const program = (name) => join(root, 'build/native', name);
const file = fileURLToPath(new URL('baseline.json', import.meta.url));
const update = process.argv.includes('--update');

/** Lists read and distances measured for a query, at a recall of 0.95: the same on every machine. */
async function counts() {
  const { stdout } = await run(program('bench_counts'));
  return Object.fromEntries(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.split('\t'))
      .map(([name, figure]) => [name, Number(figure)]),
  );
}

/** Instructions counted by callgrind: the same on every machine with these instructions, this compiler and this C library. */
async function instructions(part, folder) {
  const options = ['--tool=callgrind', '--callgrind-out-file=/dev/null', '--collect-atstart=no', '--toggle-collect=Measured'];
  const { stderr } = await run('valgrind', [...options, program('bench_instructions'), part, join(folder, part)]);
  return Number(stderr.match(/Collected : (\d+)/)[1]);
}
/** What the figures depend on, or null where valgrind is not to be had. */
function counted() {
  try {
    const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] };
    // Valgrind knows no AVX-512, so the kernels that run under it are those of AVX2 on nearly every machine.
    const target = execFileSync('valgrind', ['-q', '--tool=none', program('bench_instructions'), 'target'], options).trim();
    const cache = readFileSync(join(root, 'build/native/CMakeCache.txt'), 'utf8');
    const compiler = cache.match(/^CMAKE_CXX_COMPILER:[^=]*=(.*)$/m)[1];
    const version = execFileSync(compiler, ['--version'], options).split('\n')[0];
    const c = execFileSync('getconf', ['GNU_LIBC_VERSION'], options).trim();
    return `${target}; ${version}; ${c}`;
  } catch {
    return null;
  }
}

const folder = mkdtempSync(join(tmpdir(), 'ruvector-check-'));
const found = { counts: {}, instructions: {}, on: counted() };
try {
  const parts = ['link', 'search', 'filter', 'open'];
  const jobs = [async () => Object.assign(found.counts, await counts())];
  if (found.on !== null)
    jobs.push(...parts.map((part) => async () => Object.assign(found.instructions, { [part]: await instructions(part, folder) })));
  const worker = async () => {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) await job();
  };
  await Promise.all(Array.from({ length: cpus().length }, worker));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

if (update) {
  found.instructions = Object.fromEntries(Object.entries(found.instructions).sort());
  writeFileSync(file, `${JSON.stringify(found, null, 2)}\n`);
  console.log(`written: ${file}`);
} else {
  const baseline = JSON.parse(readFileSync(file, 'utf8'));
  const { lines, worse } = compareFigures(baseline, found);
  for (const line of lines) console.log(line);
  if (worse > 0) process.exitCode = 1;
}
