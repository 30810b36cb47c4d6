// Makes the package of one platform, which holds the addon and nothing else: node .ci/pack_platform.mjs [<platform>-<arch>[-musl] <addon>]
// Without arguments, of this machine. The tarball goes to build/packages.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const shell = process.platform === 'win32';
const out = join(root, 'build/packages');

// What Debian 12 gives. A release may be built on something older, never on something newer.
const newest = { GLIBC: '2.34', GLIBCXX: '3.4.30', CXXABI: '1.3.13' };

function thisMachine() {
  const musl = process.platform === 'linux' && process.report.getReport().header.glibcVersionRuntime === undefined;
  const addon = ['build/native/ruvector.node', 'build/Release/ruvector.node'].find((file) => existsSync(join(root, file)));
  if (addon === undefined) throw new Error('no addon in build/native or build/Release: npm run build:native');
  return [`${process.platform}-${process.arch}${musl ? '-musl' : ''}`, addon];
}

function isNewer(version, than) {
  const [a, b] = [version, than].map((text) => text.split('.').map(Number));
  const at = a.findIndex((part, i) => part !== (b[i] ?? 0));
  return at >= 0 && a[at] > (b[at] ?? 0);
}

/** Throws where the addon would not load on a system that the package is for. Gives what it needs. */
function checkLinux(addon, libc, arch) {
  const read = (...what) => execFileSync('readelf', ['-W', ...what, addon], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
  const text = read('-h', '-d', '-V');
  const symbols = read('--dyn-syms');
  const machine = text.includes('X86-64') ? 'x64' : text.includes('AArch64') ? 'arm64' : 'another machine';
  if (machine !== arch) throw new Error(`${addon} is for ${machine}, expected ${arch}`);
  const libraries = [...text.matchAll(/\(NEEDED\).*\[(.*)\]/g)].map((match) => match[1]);
  if (!libraries.some((name) => name.startsWith('libstdc++'))) {
    throw new Error(`${addon} has the C++ library inside, which needs a newer glibc than the addon: link it dynamically`);
  }
  if (libraries.some((name) => name.startsWith('libc.musl')) !== (libc === 'musl')) throw new Error(`${addon} is not for ${libc}`);
  // Linking lets them be, as what Node has is undefined too.
  const missing = [...symbols.matchAll(/ UND (\S*(?:ruvector|hwy)\S*)/g)].map((match) => match[1]);
  if (missing.length > 0) throw new Error(`${addon} lacks ${missing.join(', ')}`);
  const versions = {};
  for (const [, library, version] of text.matchAll(/ Name: (GLIBC|GLIBCXX|CXXABI)_([\d.]+)/g)) {
    if (versions[library] === undefined || isNewer(version, versions[library])) versions[library] = version;
  }
  for (const [library, version] of Object.entries(versions)) {
    if (isNewer(version, newest[library]))
      throw new Error(`${addon} needs ${library}_${version}, expected at most ${library}_${newest[library]}`);
  }
  return Object.entries(versions)
    .map(([library, version]) => `${library} ${version}`)
    .join(', ');
}

const [name, file] = process.argv.length > 2 ? process.argv.slice(2) : thisMachine();
const [, platform, arch, musl] = /^(linux|darwin|win32)-(x64|arm64)(-musl)?$/.exec(name) ?? [];
if (platform === undefined || file === undefined)
  throw new Error(`expected <platform>-<arch>[-musl] and an addon, got ${process.argv.slice(2)}`);
const addon = join(root, file);
const libc = platform === 'linux' ? (musl ? 'musl' : 'glibc') : undefined;
const needs = libc ? checkLinux(addon, libc, arch) : '';

const { version, license, engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'ruvector-pack-'));
try {
  copyFileSync(addon, join(folder, 'ruvector.node'));
  for (const text of ['LICENSE', 'NOTICE']) copyFileSync(join(root, text), join(folder, text));
  writeFileSync(
    join(folder, 'README.md'),
    `# @ruvector/${name}\n\nThe native addon of ruvector for ${name}, which installs it by itself.${needs && ` Needs ${needs}.`}\n`,
  );
  const manifest = {
    name: `@ruvector/${name}`,
    version,
    description: `The native addon of ruvector for ${name}`,
    license,
    main: './ruvector.node',
    files: ['ruvector.node', 'NOTICE'],
    engines,
    os: [platform],
    cpu: [arch],
    ...(libc && { libc: [libc] }),
    preferUnplugged: true,
  };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  mkdirSync(out, { recursive: true });
  const packed = execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', out], {
    cwd: folder,
    encoding: 'utf8',
    shell,
  });
  console.log(`build/packages/${packed.trim()}${needs && ` (needs ${needs})`}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
