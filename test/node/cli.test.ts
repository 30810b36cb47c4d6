// The built command line as a user meets it.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VectorDB } from 'ruvector';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const root = fileURLToPath(new URL('../../', import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ruvector-cli-'));
  mkdirSync(join(folder, 'tmp'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

// The demo's temporary folders lie in ours, so that the tests see what it leaves.
const env = () => ({ ...process.env, TMPDIR: join(folder, 'tmp'), TEMP: join(folder, 'tmp'), NO_COLOR: '' });

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { cwd: folder, encoding: 'utf8', env: env() });
  return { status, stdout, stderr };
}

function write(name: string, content: string | Uint8Array): void {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
}

const control = /(?!\n)\p{Cc}/u;
const leftBehind = () => readdirSync(join(folder, 'tmp'));

describe('calling', () => {
  test('--version and --help answer on stdout', () => {
    expect(run('--version')).toEqual({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+.*\n$/), stderr: '' });
    expect(run('-v').stdout).toBe(run('--version').stdout);
    for (const args of [['--help'], ['-h'], ['demo', '--help']]) {
      expect(run(...args)).toEqual({ status: 0, stdout: expect.stringContaining('ruvector demo [folder]'), stderr: '' });
    }
  });

  test.each([
    [[], 'no command given'],
    [['dmeo'], 'unknown command "dmeo"; did you mean demo?'],
    [['stat', 'x'], 'unknown command "stat"; did you mean stats?'],
    [['serve'], 'unknown command "serve"; expected demo, stats'],
    [['__proto__'], 'unknown command "__proto__"'],
    [['constructor'], 'unknown command "constructor"'],
    [['demo', '--aks', 'what?'], 'unknown option "--aks"; did you mean --ask?'],
    [['stats', 'db', '--ask', 'what?'], 'stats takes no option --ask'],
    [['demo', '--ask'], '--ask'],
    [['demo', 'a', 'b'], 'demo takes one path, but 2 were given'],
    [['stats'], 'stats needs the path of a database'],
    [['studio', 'db', '--port', '70000'], '--port is "70000", expected a number up to 65535'],
    [['studio', 'db', '--port', 'x'], 'expected a number'],
    [['demo', '--port', '1'], 'demo takes no option --port'],
  ])('wrongly, %j: exit code 2 and a hint', (args, message) => {
    const { status, stdout, stderr } = run(...args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain('ruvector: ');
    expect(stderr).toContain(message);
    expect(stderr).toContain('Usage:');
  });
});

describe('stats', () => {
  test('tells what is in a database, also beside its writer', async () => {
    const db = await VectorDB.open({ dimensions: 3, storagePath: join(folder, 'db') });
    await db.insert({ id: 'a', vector: [1, 2, 3] });
    const { status, stdout, stderr } = run('stats', 'db');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^count +1$/m);
    expect(stdout).toMatch(/^dimensions +3$/m);
    const asJson = run('stats', 'db', '--json');
    expect(JSON.parse(asJson.stdout)).toMatchObject({ path: 'db', count: 1, metric: 'cosine', cutBytes: 0 });
    await db.close();
  });

  test('says why not: exit code 1', () => {
    write('text.txt', 'no database');
    for (const path of ['missing', 'text.txt', 'tmp']) {
      const { status, stdout, stderr } = run('stats', path);
      expect([status, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(/^ruvector: .*\([A-Z_]+\)\n$/);
    }
    expect(readdirSync(folder).sort()).toEqual(['text.txt', 'tmp']);
  });
});

describe('demo', () => {
  // In CI, without a terminal: nothing on stderr, no styles.
  test("on this machine's documentation: answers, survives the kill, agrees with WebAssembly", () => {
    const { status, stdout, stderr } = run('demo');
    expect({ status, stderr }, stdout).toEqual({ status: 0, stderr: '' });
    expect(stdout).not.toMatch(control);
    expect(stdout).not.toContain('✗');
    expect(stdout.match(/✓/g)).toHaveLength(6);
    expect(stdout).toMatch(/[\d,]{5,} passages/);
    expect(stdout).toMatch(/\*kill\*/i);
    expect(stdout).toMatch(/when it was killed/);
    expect(stdout).toMatch(/native \(.*\) +wasm-simd/);
    expect(leftBehind()).toEqual([]);
  });

  test('on a folder of any kind of file', () => {
    write('guide.md', `# Bread\n\n${'Knead the dough and let it rest for an hour. '.repeat(30)}\n\n## Soup\n\nCut up the onions.\n`);
    write('deep/er/notes.txt', 'Water the plants on Monday.\r\n\r\nFeed the cat twice a day.\r\n');
    write('picture.md', Uint8Array.of(0x89, 0x50, 0, 1, 2, 3));
    write('empty.md', '');
    write('symbols.md', '---\n***\n');
    write('long-line.txt', 'all in one line '.repeat(100_000));
    write('program.js', 'not text');
    write('styled.txt', '\u001b[31mred\u001b[0m and\tblue');
    if (process.platform !== 'win32') write('two\nlines.txt', 'A file name of two lines');
    write('secret.md', 'locked away');
    chmodSync(join(folder, 'secret.md'), 0);
    symlinkSync(folder, join(folder, 'circle'));
    const { status, stdout, stderr } = run(
      'demo',
      '.',
      '--ask',
      'When is the cat fed?',
      '--ask',
      'onions',
      '--ask',
      'red and blue',
      '--ask',
      'file name',
    );
    expect({ status, stderr }, stdout).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/When is the cat fed\?[^\n]*\n +0\.\d+ deep\/er\/notes\.txt:1/);
    expect(stdout).toMatch(/guide\.md:7 Soup\n +Cut up the \*onions\*\./);
    expect(stdout).toContain('of 1 huge file only the first MiB');
    expect(stdout).toContain('1 file skipped: binary');
    if (process.getuid?.() !== 0) expect(stdout).toContain('skipped: cannot be read');
    expect(stdout).not.toMatch(control);
    expect(leftBehind()).toEqual([]);
  });

  test('on a single short text', () => {
    write('one/a.txt', 'Hello');
    const { status, stdout } = run('demo', 'one');
    expect(status, stdout).toBe(0);
    expect(stdout).toContain('1 acknowledged passage of 1 there');
  });

  test.each([
    ['missing', 'there is no folder missing'],
    ['file.md', 'file.md is no folder'],
    ['tmp', 'no text in tmp'],
    ['', 'the folder is empty text'],
  ])('on %j: exit code 1 and the reason', (argument, message) => {
    write('file.md', 'text');
    const { status, stdout, stderr } = run('demo', argument);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^.*\n$/);
    expect(stderr).toContain(message);
    expect(leftBehind()).toEqual([]);
  });

  test('with a question that has no word', () => {
    write('docs/a.txt', 'Some text to ask about.');
    expect(run('demo', 'docs', '--ask', '???')).toMatchObject({ status: 1, stderr: expect.stringContaining('"???"') });
    expect(leftBehind()).toEqual([]);
  });

  test.skipIf(process.platform === 'win32')('interrupted: its folder goes, its child too', async () => {
    for (const what of ['Reading', 'Killing']) {
      const demo = spawn(process.execPath, [cli, 'demo', join(root, 'node_modules')], { env: env(), stdio: ['ignore', 'pipe', 'inherit'] });
      const ended = new Promise((resolve) => demo.once('close', resolve)); // 'close': nobody holds the pipes any more
      let output = '';
      demo.stdout.on('data', (text) => {
        output += text;
        if (output.includes(what)) demo.kill('SIGINT');
      });
      expect(await ended).toBe(130);
      expect(leftBehind()).toEqual([]);
    }
  });

  test('read by a command that stops reading', async () => {
    const demo = spawn(process.execPath, [cli, 'demo'], { env: env(), stdio: ['ignore', 'pipe', 'pipe'] });
    demo.stdout.once('data', () => demo.stdout.destroy());
    let stderr = '';
    demo.stderr.on('data', (text) => {
      stderr += text;
    });
    expect(await new Promise((resolve) => demo.once('close', resolve))).toBe(0);
    expect(stderr).toBe('');
    expect(leftBehind()).toEqual([]);
  });
});
