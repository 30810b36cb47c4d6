// Makes the tarball of the package itself, in build/packages. Its optional dependencies are the packages of platforms that lie there, of the
// same version: the package.json of the repository names none, as npm ci would look for packages that are made of this very source.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const shell = process.platform === 'win32';
const out = join(root, 'build/packages');

function pack(folder, to) {
  const options = { cwd: folder, encoding: 'utf8', shell, stdio: ['ignore', 'pipe', 'inherit'] };
  return execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', to], options).trim().split('\n').at(-1);
}

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const platforms = readdirSync(out)
  .filter((name) => name.startsWith('ruvector-') && /^-\w+-\w+(-musl)?-/.test(name.slice('ruvector'.length)))
  .map((name) => JSON.parse(execFileSync('tar', ['-xzOf', name, 'package/package.json'], { cwd: out, encoding: 'utf8' })));
if (platforms.length === 0) throw new Error('no package of a platform in build/packages: node .ci/pack_platform.mjs');
for (const { name, version: other } of platforms) {
  if (other !== version) throw new Error(`build/packages has ${name} ${other}, expected ${version}`);
}

const folder = mkdtempSync(join(tmpdir(), 'ruvector-pack-'));
try {
  execFileSync('tar', ['-xzf', pack(root, folder)], { cwd: folder });
  const file = join(folder, 'package/package.json');
  // Whoever installs the package has no use for what builds it.
  const { scripts: _, devDependencies: __, ...manifest } = JSON.parse(readFileSync(file, 'utf8'));
  manifest.optionalDependencies = Object.fromEntries(platforms.map(({ name }) => [name, version]));
  writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`);
  console.log(`build/packages/${pack(join(folder, 'package'), out)} (${Object.keys(manifest.optionalDependencies).join(', ')})`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
