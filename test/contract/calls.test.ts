// Three lists that must not drift: the core's table of methods, types/, and the façade.
import { readdirSync, readFileSync } from 'node:fs';
import { VectorDB } from 'ruvector';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { coreInfo } from '../support/env.js';

const root = new URL('../../', import.meta.url);
const source = (path: string) => ts.createSourceFile(path, readFileSync(new URL(path, root), 'utf8'), ts.ScriptTarget.Latest, true);
const api = source('types/api.d.ts');
const calls = source('types/calls.d.ts');

function find<T extends ts.Node>(file: ts.SourceFile, is: (node: ts.Node) => node is T, name: string): T {
  const found = file.statements.find((s) => is(s) && (s as unknown as { name: ts.Identifier }).name.text === name);
  if (!found) throw new Error(`${file.fileName} declares no ${name}`);
  return found as unknown as T;
}

const nameOf = (member: ts.TypeElement | ts.ClassElement) => {
  const name = member.name;
  if (name === undefined) return '';
  return ts.isIdentifier(name) || ts.isStringLiteral(name) ? name.text : name.getText();
};

test('the methods of the core are those of types/calls.d.ts', async () => {
  const declared = find(calls, ts.isInterfaceDeclaration, 'Calls').members.map(nameOf);
  expect((await coreInfo()).methods.toSorted()).toEqual(declared.toSorted());
});

test('the error codes of the core are those of types/api.d.ts', async () => {
  const { type } = find(api, ts.isTypeAliasDeclaration, 'ErrorCode');
  const declared = (type as ts.UnionTypeNode).types.map((t) => JSON.parse(t.getText().replaceAll("'", '"')));
  expect((await coreInfo()).errorCodes).toEqual(declared);
});

test('every method that the façade calls exists, and it calls all but meta.info', async () => {
  const called = new Set<string>();
  for (const file of readdirSync(new URL('js/', root))) {
    if (!file.endsWith('.ts')) continue;
    const text = readFileSync(new URL(`js/${file}`, root), 'utf8');
    for (const [, method] of text.matchAll(/'((?:db|job|call)\.[a-zA-Z]+)'/g)) called.add(method as string);
  }
  const { methods } = await coreInfo();
  expect([...called].toSorted()).toEqual(methods.filter((m) => m !== 'meta.info').toSorted());
});

// Calling these throws UNSUPPORTED, and types/ does not offer them.
const later = ['optimize', 'buildIndex'];
const iterators = ['entries', 'keys'];
const longCalls = ['compact', 'verify', 'snapshot', 'exportAll', 'importAll'];

/** What a database offers: its own members and those of its collection. */
const membersOf = (): readonly (ts.ClassElement | ts.TypeElement)[] => [
  ...find(api, ts.isClassDeclaration, 'VectorDB').members,
  ...find(api, ts.isInterfaceDeclaration, 'Collection').members,
];

test('the class has the members of its declaration, and no others', () => {
  const members = membersOf();
  const isStatic = (m: ts.ClassElement | ts.TypeElement) =>
    ts.canHaveModifiers(m) && (ts.getModifiers(m) ?? []).some((x) => x.kind === ts.SyntaxKind.StaticKeyword);
  const declared = new Set(members.filter((m) => !ts.isConstructorDeclaration(m) && !isStatic(m)).map(nameOf));
  const statics = new Set(members.filter(isStatic).map(nameOf));

  const own = new Set<string>();
  for (let p = VectorDB.prototype as object; p !== Object.prototype; p = Object.getPrototypeOf(p)) {
    for (const key of Object.getOwnPropertyNames(p)) own.add(key);
  }
  own.delete('constructor');
  for (const method of later) own.delete(method);
  expect([...own].toSorted()).toEqual([...declared].filter((name) => !name.startsWith('[')).toSorted());
  expect(VectorDB.prototype[Symbol.asyncDispose]).toBeTypeOf('function');
  expect(VectorDB.prototype[Symbol.dispose]).toBeTypeOf('function');
  for (const name of statics) expect(VectorDB).toHaveProperty(name);
});

test('every method has its Sync twin, but for iterators and long calls', () => {
  const declared = new Set(membersOf().map(nameOf));
  const aliases = ['size', 'remove', 'getStats', 'save'];
  const alone = ['open', 'withDimensions', 'fromBytes', 'salvage', 'collection', ...iterators, ...longCalls, ...aliases];
  for (const member of membersOf()) {
    const name = nameOf(member);
    const isMethod = ts.isMethodDeclaration(member) || ts.isMethodSignature(member);
    if (!isMethod || name.endsWith('Sync') || name.startsWith('[') || alone.includes(name)) continue;
    expect(declared, name).toContain(`${name}Sync`);
  }
});
