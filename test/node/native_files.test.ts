// Where the built package finds its addon once it is installed, and what it says when it finds none that loads.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const addon = ['build/native/ruvector.node', 'build/Release/ruvector.node'].map((file) => join(root, file));
const machine = `${process.platform}-${process.arch}`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ruvector-native-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Installs the package, without an addon, where `at` says. */
function install(at = 'node_modules'): void {
  const to = join(folder, at, 'ruvector');
  for (const part of ['dist', 'package.json']) cpSync(join(root, part), join(to, part), { recursive: true });
}

function addonBytes(): Buffer {
  for (const file of addon) {
    try {
      return readFileSync(file);
    } catch {}
  }
  throw new Error(`none of ${addon}`);
}

function put(file: string, bytes: Uint8Array | string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), bytes);
}

/** Opens natively: the backend, or the message. */
function open(at = ''): string {
  const code = `
    const { VectorDB } = require('ruvector');
    VectorDB.open({ dimensions: 2, backend: 'native' }).then(({ backend }) => console.log(backend), ({ message }) => console.log(message));`;
  const env = { ...process.env };
  delete env.RUVECTOR_NATIVE_PATH;
  put(join(at, 'open.cjs'), code);
  return execFileSync(process.execPath, [join(folder, at, 'open.cjs')], { env, encoding: 'utf8' }).trim();
}

const manifest = '{ "main": "ruvector.node" }';

test("the package of the platform's own", () => {
  install();
  put(`node_modules/@ruvector/${machine}/package.json`, manifest);
  put(`node_modules/@ruvector/${machine}/ruvector.node`, addonBytes());
  expect(open()).toMatch(/^native/);
});

test.runIf(process.platform === 'linux')('the one for musl, where that is what is installed', () => {
  install();
  put(`node_modules/@ruvector/${machine}-musl/package.json`, manifest);
  put(`node_modules/@ruvector/${machine}-musl/ruvector.node`, addonBytes());
  expect(open()).toMatch(/^native/);
});

test("beside Electron's archive, where asarUnpack puts it", () => {
  install('resources/app.asar/node_modules');
  put(`resources/app.asar.unpacked/node_modules/@ruvector/${machine}/ruvector.node`, addonBytes());
  expect(open('resources/app.asar')).toMatch(/^native/);
});

describe('the message', () => {
  test('names what was tried, and says to install it', () => {
    install();
    const message = open();
    expect(message).toContain(`no native addon for ${machine}; tried\n  @ruvector/${machine}: not there\n`);
    expect(message).toMatch(/\n1\. reinstall with optional dependencies: .*\n2\. or choose WebAssembly/);
  });

  test('says that node_modules came from another machine', () => {
    install();
    put('node_modules/@ruvector/win32-mips/package.json', manifest);
    put('node_modules/@ruvector/core/package.json', manifest);
    expect(open()).toContain('1. node_modules was installed for win32-mips: install again on this machine');
  });

  test('shows why a file does not load', () => {
    install();
    put(`node_modules/@ruvector/${machine}/package.json`, manifest);
    put(`node_modules/@ruvector/${machine}/ruvector.node`, 'no addon');
    expect(open()).toMatch(new RegExp(`@ruvector/${machine}: .*(too short|ELF|mach-o|Win32)`));
  });

  test.runIf(process.platform === 'linux')('says that the C library is too old', () => {
    const bytes = addonBytes();
    const name = /GLIBC_2\.[3-9]\d/.exec(bytes.toString('latin1'));
    expect(name).not.toBeNull();
    bytes.write('GLIBC_9', name?.index as number);
    install();
    put(`node_modules/@ruvector/${machine}/package.json`, manifest);
    put(`node_modules/@ruvector/${machine}/ruvector.node`, bytes);
    expect(open()).toMatch(/1\. this system's C or C\+\+ library is older than the addon needs/);
  });
});
