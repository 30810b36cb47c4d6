// npm run test:install: packs (.ci/pack), installs from a registry of its own in empty folders, and runs a program there on Node 20.0, this
// Node, Node 22, Bun and Deno, and on Node for arm64 in an emulator. x64 Linux; what it takes from npm the first time has 700 MB.
// --no-pack: with the tarballs that are in build/packages. --here: with those, on this machine, whatever it is, and this Node alone.
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual, promisify } from 'node:util';
import { serveRegistry } from './registry.mjs';

const folder = dirname(fileURLToPath(import.meta.url));
const root = join(folder, '../..');
const quietly = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
const shell = process.platform === 'win32';
const here = process.argv.includes('--here');

if (!here && `${process.platform}-${process.arch}` !== 'linux-x64') throw new Error('the other programs are for x64 Linux: --here');
if (!here && !process.argv.includes('--no-pack')) execFileSync('bash', [join(root, '.ci/pack')], { stdio: 'inherit' });
// --force: one of them is for another machine.
if (!here && !existsSync(join(folder, 'node_modules/.package-lock.json'))) {
  execFileSync('npm', ['ci', '--force', ...quietly], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
}

const program = (name, file) => join(folder, 'node_modules', name, file);
const emulator = '/usr/bin/qemu-aarch64-static';
const thisNode = [`Node ${process.versions.node}`, [process.execPath]];
const musl = process.platform === 'linux' && process.report.getReport().header.glibcVersionRuntime === undefined;
/** Where the package is installed, for which machine, and what runs it there. */
const places = here
  ? [{ machine: `${process.platform}-${process.arch}${musl ? '-musl' : ''}`, flags: [], runtimes: [thisNode] }]
  : [
      {
        machine: 'linux-x64',
        flags: [],
        runtimes: [
          ['Node 20.0', [program('node-20.0', 'bin/node')]],
          thisNode,
          ['Node 22', [program('node-22', 'bin/node')]],
          ['Bun', [program('@oven/bun-linux-x64', 'bin/bun')]],
          ['Deno', [program('@deno/linux-x64-glibc', 'deno'), 'run', '--allow-all', '--quiet']],
        ],
      },
      {
        machine: 'linux-arm64',
        flags: ['--cpu=arm64', '--os=linux', '--libc=glibc'],
        runtimes: [['Node 20 for arm64', [emulator, '-L', '/usr/aarch64-linux-gnu', program('node-20-arm64', 'bin/node')]]],
      },
    ];
const expected = { backends: ['native', 'wasm-simd'], hits: ['east', 'north'], error: 'DIMENSION_MISMATCH' };

let passed = 0;
let failed = 0;
function report(what, problem) {
  if (problem === undefined) passed++;
  else failed++;
  console.log(problem === undefined ? `ok     ${what}` : `FAILED ${what}: ${problem}`);
}

const registry = await serveRegistry(join(root, 'build/packages'));
const work = mkdtempSync(join(tmpdir(), 'ruvector-install-'));
try {
  for (const { machine, flags: where, runtimes } of places) {
    if (!registry.names.includes(`@ruvector/${machine}`) || (machine === 'linux-arm64' && !here && !existsSync(emulator))) {
      report(machine, 'no package or no emulator (Debian: g++-aarch64-linux-gnu, qemu-user-static)');
      continue;
    }
    const project = join(work, machine);
    mkdirSync(project);
    writeFileSync(join(project, 'package.json'), '{ "private": true }');
    const from = [`--registry=${registry.address}`, `--cache=${join(work, 'cache')}`];
    await promisify(execFile)('npm', ['install', ...from, ...where, ...quietly, 'ruvector'], { cwd: project, shell });
    const installed = readdirSync(join(project, 'node_modules/@ruvector')).join();
    report(`npm installs ${machine} and no other`, installed === machine ? undefined : `installed ${installed}`);

    for (const file of ['use.mjs', 'use.cjs']) cpSync(join(folder, file), join(project, file));
    for (const [name, [command, ...flags]] of runtimes) {
      for (const [file, how] of Object.entries({ 'use.mjs': 'import', 'use.cjs': 'require' })) {
        try {
          const { stdout, stderr } = await promisify(execFile)(command, [...flags, file], { cwd: project, timeout: 300_000 });
          const good = isDeepStrictEqual(JSON.parse(stdout), expected) && stderr === '';
          report(`${name}, ${how}`, good ? undefined : `printed ${stdout}${stderr}`);
        } catch (error) {
          report(`${name}, ${how}`, `${error.message}${error.stderr ?? ''}`);
        }
      }
    }
  }
} finally {
  registry.close();
  rmSync(work, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
