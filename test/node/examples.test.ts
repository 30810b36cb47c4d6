// Every example prints what the comment at its end says.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const folder = fileURLToPath(new URL('../../examples/', import.meta.url));

test.each(readdirSync(folder).filter((name) => name.endsWith('.mjs')))('%s', (name) => {
  const path = join(folder, name);
  const expected = /\n\/\* prints\n([\s\S]*)\*\/\n$/.exec(readFileSync(path, 'utf8'))?.[1];
  const cwd = mkdtempSync(join(tmpdir(), 'ruvector-example-'));
  try {
    // Twice: what the first run left on disk must not disturb the second.
    for (let run = 0; run < 2; run++) expect(execFileSync(process.execPath, [path], { cwd, encoding: 'utf8' })).toBe(expected);
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
});
