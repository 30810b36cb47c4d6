// What README.md shows is what happens.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');

const examples = [...readme.matchAll(/```js\n([\s\S]*?)```\s*```\n([\s\S]*?)```/g)].map((m) => [m[1] as string, m[2] as string] as const);

it('there are examples', () => expect(examples.length).toBe(2));

it.each(examples)('an example prints what is printed below it, for whoever installed the package: example %#', (code, output) => {
  const folder = mkdtempSync(join(tmpdir(), 'ruvector-readme-'));
  try {
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(root, join(folder, 'node_modules', 'ruvector'));
    writeFileSync(join(folder, 'example.mjs'), code);
    const printed = execFileSync(process.execPath, ['example.mjs'], { cwd: folder, encoding: 'utf8' });
    expect(printed).toBe(output);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it('the commands exist', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
  const named = [...readme.matchAll(/npm (?:run )?(\w[\w:]*)/g)].map((m) => m[1] as string);
  expect(named).toContain('demo');
  expect(named).toContain('test');
  for (const name of named) expect(scripts).toHaveProperty([name]);
});

it('links and named files exist', () => {
  const links = [...readme.matchAll(/\]\(([^)#]+)\)/g)].map((m) => m[1] as string);
  const tests = [...readme.matchAll(/`(test\/[\w./]+\.\w+)`/g)].map((m) => m[1] as string);
  expect(links.length + tests.length).toBeGreaterThan(8);
  for (const name of [...links, ...tests]) expect(existsSync(join(root, name)), name).toBe(true);
});
