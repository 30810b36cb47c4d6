// Where the native addon may lie, and what to say when it is in none of these places.
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { moduleUrl } from './module_url.js';

const packageRoot = fileURLToPath(new URL('../', moduleUrl));
const machine = `${process.platform}-${process.arch}`;

export interface Attempt {
  readonly file: string;
  readonly error: unknown;
}

/** Packages that hold nothing but an addon. npm installs the one for the machine and its C library; an older npm both. */
function packages(): string[] {
  return process.platform === 'linux' ? [machine, `${machine}-musl`] : [machine];
}

/** Electron loads no code out of an archive: what `asarUnpack` names lies in a folder beside it. */
function unpacked(): string[] {
  const root = packageRoot.replace(/([\\/]app\.asar)(?=[\\/])/, '$1.unpacked');
  return root === packageRoot ? [] : packages().map((name) => join(root, '..', '@ruvector', name, 'ruvector.node'));
}

/** What to require, best first. */
export function nativeFiles(): string[] {
  const forced = process.env.RUVECTOR_NATIVE_PATH;
  if (forced) return [resolve(forced)];
  return [
    ...packages().map((name) => `@ruvector/${name}`),
    ...unpacked(),
    join(packageRoot, 'build', 'native', 'ruvector.node'),
    join(packageRoot, 'build', 'Release', 'ruvector.node'),
  ];
}

function reason({ error }: Attempt): string {
  if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return 'not there';
  return error instanceof Error ? (error.message.split('\n')[0] as string) : String(error);
}

/** Addons of other machines beside this package: node_modules was copied, or shared with a container. */
function foreign(): string[] {
  try {
    const known = /^(aix|darwin|freebsd|linux|openbsd|sunos|win32)-/;
    return readdirSync(join(packageRoot, '..', '@ruvector')).filter((name) => known.test(name) && !packages().includes(name));
  } catch {
    return [];
  }
}

function remedy(tried: readonly Attempt[]): string {
  if (process.env.RUVECTOR_NATIVE_PATH) return 'RUVECTOR_NATIVE_PATH names this file and no other is looked for: correct or unset it';
  const tooOld = tried.map(reason).find((text) => /GLIBC(XX)?_[\d.]+|CXXABI_[\d.]+/.test(text));
  if (tooOld !== undefined) return "this system's C or C++ library is older than the addon needs: use a newer system";
  const others = foreign();
  if (others.length > 0) return `node_modules was installed for ${others.join(', ')}: install again on this machine`;
  return 'reinstall with optional dependencies: npm install --include=optional ruvector';
}

export function explainMissing(tried: readonly Attempt[]): string {
  const lines = tried.map((attempt) => `  ${attempt.file}: ${reason(attempt)}`);
  return `no native addon for ${machine}; tried\n${lines.join('\n')}\n1. ${remedy(tried)}\n2. or choose WebAssembly: { backend: 'wasm' }`;
}
