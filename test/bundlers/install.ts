// Installs the bundlers beside this file, once for each version of their lock file.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const done = join(here, 'node_modules/.ruvector-bundlers');

export function installBundlers(): void {
  const key = createHash('sha256')
    .update(readFileSync(join(here, 'package-lock.json')))
    .digest('hex');
  if (existsSync(done) && readFileSync(done, 'utf8') === key) return;
  // Not `npm ci`: it refuses a lock file without the binaries of other platforms, which not every registry has.
  execFileSync('npm', ['install', '--ignore-scripts', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: here,
    shell: process.platform === 'win32',
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  writeFileSync(done, key);
}
