// What the types accept and refuse (test/types), under the compiler options that users have, and as they come out of the package.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = join(root, 'test/types');
const files = readdirSync(folder)
  .filter((name) => name.endsWith('.test-d.ts'))
  .map((name) => join(folder, name));

function parse(options: object): ts.CompilerOptions {
  const parsed = ts.convertCompilerOptionsFromJson(options, root);
  expect(parsed.errors).toEqual([]);
  return parsed.options;
}

const config = ts.getParsedCommandLineOfConfigFile(
  join(folder, 'tsconfig.json'),
  {},
  { ...ts.sys, onUnRecoverableConfigFileDiagnostic() {} },
);
if (!config) throw new Error('no test/types/tsconfig.json');
const base = config.options;

/** What tsc prints, a line for each error. */
function errors(names: readonly string[], options: ts.CompilerOptions, host = ts.createCompilerHost(options)): string[] {
  return ts.getPreEmitDiagnostics(ts.createProgram(names, options, host)).map((diagnostic) => {
    const at = diagnostic.file?.getLineAndCharacterOfPosition(diagnostic.start ?? 0);
    const where = diagnostic.file ? `${diagnostic.file.fileName}:${(at?.line ?? 0) + 1}: ` : '';
    return where + ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n');
  });
}

const bundler = { module: 'esnext', moduleResolution: 'bundler' };
it.each<[string, object]>([
  ['of this repository', {}],
  ['of a bundler', bundler],
  ['module node16', { module: 'node16', moduleResolution: 'node16' }],
  [
    'without exactOptionalPropertyTypes and noUncheckedIndexedAccess',
    { exactOptionalPropertyTypes: false, noUncheckedIndexedAccess: false },
  ],
  ['without the types of the DOM', { lib: ['es2022'], types: ['node'] }],
])('what should compile does, and nothing else: options %s', (_, options) => {
  const expected = files.map((name) => readFileSync(name, 'utf8').match(/@ts-expect-error/g)?.length ?? 0);
  expect(Math.min(...expected)).toBeGreaterThan(30);
  expect(errors(files, { ...base, ...parse(options) })).toEqual([]);
});

/** The errors of these lines, for someone who has the interface Note. */
function messagesFor(code: string): string[] {
  const name = join(folder, 'user.ts');
  const text = `import { VectorDB } from 'ruvector';
interface Note { title: string; year: number; tags: string[]; from: { country: string } }
const db = new VectorDB<Note>(3);
export const result = ${code};`;
  const host = ts.createCompilerHost(base);
  const { readFile, fileExists, getSourceFile } = host;
  host.readFile = (file) => (file === name ? text : readFile(file));
  host.fileExists = (file) => file === name || fileExists(file);
  host.getSourceFile = (file, ...rest) =>
    file === name ? ts.createSourceFile(file, text, ...(rest.slice(0, 1) as [ts.ScriptTarget])) : getSourceFile(file, ...rest);
  return errors([name], { ...base, skipLibCheck: true }, host).map((line) => line.slice(line.indexOf(': ') + 2));
}

it.each([
  ['a misspelt name', '{ yaer: 3 }', /^Object literal may only specify known properties, .*'yaer' does not exist in type 'Filter<Note>'/],
  ['a misspelt path', "{ 'from.contry': 'x' }", /'from.contry'' does not exist in type 'Filter<Note>'/],
  ['a wrong value', "{ year: '3' }", /^Type 'string' is not assignable to type '.*FilterOp<number>/],
  ['a wrong operand', "{ year: { $gte: '3' } }", /^Type 'string' is not assignable to type 'number'/],
  ['a misspelt operator', '{ year: { $less: 3 } }', /'\$less' does not exist in type 'FilterOp<number>'/],
  ['an operator of other types', '{ title: { $size: 3 } }', /'\$size' does not exist in type 'FilterOp<string>'/],
  ['inside $or', "{ $or: [{ year: 'x' }] }", /^Type 'string' is not assignable to type '.*FilterOp<number>/],
])('%s gets one short message', (_, filter, message) => {
  const found = messagesFor(`db.countSync(${filter})`);
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(message);
  expect(found[0]?.length).toBeLessThan(200);
});

it('the packed package has its types, for every way of finding them', () => {
  const consumer = mkdtempSync(join(tmpdir(), 'ruvector-types-'));
  try {
    const shell = process.platform === 'win32';
    const packed = execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', consumer], {
      cwd: root,
      encoding: 'utf8',
      shell,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    execFileSync('tar', ['-xzf', packed.trim().split('\n').at(-1) as string], { cwd: consumer });
    mkdirSync(join(consumer, 'node_modules'));
    renameSync(join(consumer, 'package'), join(consumer, 'node_modules', 'ruvector'));
    for (const name of ['@types', 'undici-types'])
      symlinkSync(join(root, 'node_modules', name), join(consumer, 'node_modules', name), 'junction');
    writeFileSync(join(consumer, 'package.json'), '{ "type": "module" }');
    const files = ['use.ts', 'use.cts'].map((name) => join(consumer, name));
    for (const file of files) {
      writeFileSync(
        file,
        `import { VectorDB, type Filter } from 'ruvector';
interface Note { topic: string }
const filter: Filter<Note> = { topic: { $contains: 'a' } };
export const topic: string | undefined = new VectorDB<Note>(3).searchSync({ vector: [1, 2, 3], filter })[0]?.metadata?.topic;
// @ts-expect-error
new VectorDB<Note>(3).countSync({ topik: 'a' });
`,
      );
    }
    const options = {
      strict: true,
      noEmit: true,
      skipLibCheck: false,
      target: 'es2022',
      lib: ['es2022'],
      types: ['node'],
      skipDefaultLibCheck: true,
    };
    for (const module of [{ module: 'node16' }, { module: 'nodenext' }, bundler, { ...bundler, customConditions: ['browser', 'worker'] }]) {
      const all = { ...parse({ ...options, ...module }), typeRoots: [join(consumer, 'node_modules/@types')] };
      expect(errors(files, all), JSON.stringify(module)).toEqual([]);
    }
  } finally {
    rmSync(consumer, { recursive: true, force: true });
  }
});
