// The package as npm would publish it, installed as npm would install it.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const shell = process.platform === 'win32';

/** Packs what is built; the path of the tarball, in `folder`. */
export function pack(folder: string): string {
  const printed = execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], {
    cwd: root,
    encoding: 'utf8',
    shell,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return join(folder, printed.trim().split('\n').at(-1) as string);
}

/** Makes `folder` a project that has the package installed. */
export function installPacked(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const tarball = pack(folder);
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  execFileSync('npm', ['install', '--ignore-scripts', '--offline', '--no-audit', '--no-fund', '--loglevel=error', tarball], {
    cwd: folder,
    shell,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
