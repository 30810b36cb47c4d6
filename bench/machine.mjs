// What a report says of where and how it was made.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, platform, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { VectorDB } from '../dist/index.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();

export async function machine() {
  const probe = await VectorDB.open(1);
  const backend = probe.backend;
  await probe.close();
  let commit = null;
  try {
    commit =
      git('rev-parse', '--short=12', 'HEAD') +
      (git('status', '--porcelain', '--untracked-files=no', '--', '.', ':!bench/results') ? ' with changes' : '');
  } catch {
    // Not a clone.
  }
  return {
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    commit,
    version: JSON.parse(readFileSync(`${root}/package.json`, 'utf8')).version,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()}`,
    node: process.version,
    backend,
  };
}

/** Load of the last minute for each core: what others asked of the machine, when taken before the run. */
export const load = () => Number((loadavg()[0] / cpus().length).toFixed(2));
