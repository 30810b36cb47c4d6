// Installs the peers beside this file, once for each version of their lock file. What cannot be installed or built is left to its adapter to
// report: the benchmarks go on with the others.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, 'node_modules');
const done = join(modules, '.ruvector-bench');
// Without a prebuilt binary in the package, and with scripts of packages switched off.
const built = ['hnswlib-node', 'better-sqlite3'];

function run(what, command, args) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd: here, encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (status === 0) return true;
  console.error(`${what} failed: ${error?.message ?? `${stdout}\n${stderr}`.trim().split('\n').slice(-12).join('\n')}`);
  return false;
}

/** The headers of this very Node, where it was installed with them; else node-gyp fetches them. */
function headers() {
  const root = join(dirname(process.execPath), '..');
  const file = join(root, 'include/node/node_version.h');
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'utf8');
  const part = (name) => text.match(new RegExp(`define NODE_${name}_VERSION (\\d+)`))?.[1];
  return `v${part('MAJOR')}.${part('MINOR')}.${part('PATCH')}` === process.version ? [`--nodedir=${root}`] : [];
}

export function installPeers() {
  const key = createHash('sha256')
    .update(readFileSync(join(here, 'package-lock.json')))
    .update(readFileSync(join(here, 'package.json')))
    .update(process.version)
    .digest('hex');
  if (existsSync(done) && readFileSync(done, 'utf8') === key) return;
  console.error('installing the peers (some 350 MB) and building two of them');
  // Not `npm ci`: it refuses a lock file without the binaries of other platforms, which not every registry has.
  run('npm install', 'npm', ['install', '--ignore-scripts', '--no-save', '--no-audit', '--no-fund', '--loglevel=error']);
  const gyp = join(here, '../../node_modules/node-gyp/bin/node-gyp.js');
  let complete = true;
  for (const name of built)
    complete =
      run(`building ${name}`, process.execPath, [gyp, 'rebuild', '--release', ...headers(), '-C', join(modules, name)]) && complete;
  mkdirSync(modules, { recursive: true });
  if (complete) writeFileSync(done, key);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) installPeers();
