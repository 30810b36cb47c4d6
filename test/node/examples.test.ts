// Every example prints what the comment at its end says; those of several files are run as far as this machine can.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { HashEmbedder } from 'ruvector';
import ts from 'typescript';
import { afterAll, describe, expect, test } from 'vitest';

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

const scratch = mkdtempSync(join(tmpdir(), 'ruvector-examples-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
// biome-ignore lint/suspicious/noExplicitAny: examples are JavaScript
const load = (name: string): Promise<any> => import(pathToFileURL(join(folder, name)).href);

test('04_sharded, with 6,000 rows instead of 100,000', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, '04_sharded/run.mjs'), '6000', '3'], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, expect.stringContaining('6000 of 6000')]);
  expect(stdout).toMatch(/^built +6,000 vectors × 64 in 3 shards by native .*: \d+\.\d s$/m);
  expect(stdout).toMatch(/^one query +\d+\.\d\d ms, the median of 50$/m);
  expect(stdout).toMatch(/^a batch of 200 +\d+\.\d ms, \d+\.\d\d ms a query$/m);
  expect(stdout).toMatch(/^exact: true +50 of 50 queries: /m);
  expect(Number(/^recall@10 +([\d.]+)/m.exec(stdout)?.[1])).toBeGreaterThan(0.95);
});

describe('05_electron', () => {
  const read = (name: string) => readFileSync(join(folder, '05_electron', name), 'utf8');

  test('the part that owns the database keeps, finds and removes notes, and checks what comes over IPC', async () => {
    const { openNotes } = await load('05_electron/notes.mjs');
    const path = join(scratch, 'notes');
    const notes = await openNotes(path);
    const id = await notes.add('water the plants on Friday');
    await notes.add('the train to Lyon leaves at nine');
    expect((await notes.search('watering plants'))[0]).toEqual({ id, text: 'water the plants on Friday', similarity: expect.any(Number) });
    for (const wrong of [undefined, 7, {}, '', '  ', '🙂', 'x'.repeat(10_001)]) {
      await expect(notes.add(wrong)).rejects.toThrow(/the note is .*, expected text/);
      await expect(notes.search(wrong)).rejects.toThrow(/the question is .*, expected text/);
    }
    await expect(notes.remove({ $ne: '' })).rejects.toThrow(/the id is object, expected text/);
    await expect(openNotes(path)).rejects.toMatchObject({ code: 'LOCKED' });
    await notes.close();
    const again = await openNotes(path);
    expect((await again.search('plants')).length).toBe(2);
    expect([await again.remove(id), await again.remove(id)]).toEqual([true, false]);
    expect((await again.search('plants')).map((hit: { text: string }) => hit.text)).toEqual(['the train to Lyon leaves at nine']);
    await again.close();
  });

  // Electron itself is not here: nothing of this shows that a window opens.
  test.each(['main.mjs', 'preload.cjs', 'renderer.js'])('%s parses', (name) => {
    expect(spawnSync(process.execPath, ['--check', join(folder, '05_electron', name)], { encoding: 'utf8' })).toMatchObject({ status: 0 });
  });

  // It would wait for itself: Electron is ready only once the module has been evaluated.
  test('main.mjs awaits nothing before it is evaluated', () => {
    const top = ts.createSourceFile('main.mjs', read('main.mjs'), ts.ScriptTarget.Latest).statements;
    const awaits = (node: ts.Node): boolean =>
      ts.isAwaitExpression(node) || (!ts.isFunctionLike(node) && (ts.forEachChild(node, (child) => awaits(child) || undefined) ?? false));
    expect(top.length).toBeGreaterThan(5);
    expect(top.filter(awaits)).toEqual([]);
  });

  test('main, preload and page name the same calls, all of which there are; the page is kept in', async () => {
    const calls = ['add', 'remove', 'search'];
    const names = (name: string, pattern: RegExp) => [...new Set([...read(name).matchAll(pattern)].map((match) => match[1]))].sort();
    expect(names('preload.cjs', /invoke\('notes:(\w+)'/g)).toEqual(calls);
    expect(names('renderer.js', /\bnotes\.(\w+)\(/g)).toEqual(calls);
    const handled = /for \(const call of \[(.*)\]\)/.exec(read('main.mjs'))?.[1] ?? '';
    expect([...handled.matchAll(/'(\w+)'/g)].map((match) => match[1]).sort()).toEqual(calls);
    const notes = await (await load('05_electron/notes.mjs')).openNotes(join(scratch, 'calls'));
    expect(Object.keys(notes).sort()).toEqual([...calls, 'close'].sort());
    await notes.close();
    for (const kept of ['contextIsolation: true', 'sandbox: true', 'nodeIntegration: false', "app.getPath('userData')"])
      expect(read('main.mjs')).toContain(kept);
    expect(read('renderer.html')).toMatch(/Content-Security-Policy" content="default-src 'none'; script-src 'self'; style-src 'self'"/);
  });
});

describe('06_rag', () => {
  const documents = [
    { id: 'a', text: 'The key of the cellar hangs behind the door.', source: 'house.md' },
    { id: 'b', text: 'Bread is baked on Tuesdays.', source: 'kitchen.md' },
    { id: 'c', text: 'The cellar floods when the river is high.', source: 'house.md' },
  ];
  /** The test's own, lexical, and no model: that is enough to see what is embedded and what is found. */
  const counting = () => {
    const hash = new HashEmbedder(128);
    const texts: string[] = [];
    const embed = async (some: string[]) => {
      texts.push(...some);
      return hash.embed(some);
    };
    return { id: 'of the test', dimensions: 128, embed, texts };
  };

  test('holds documents, embeds each once, and puts the closest into the prompt', async () => {
    const { openRag } = await load('06_rag/rag.mjs');
    const embedder = counting();
    const storagePath = join(scratch, 'rag');
    let rag = await openRag({ embedder, storagePath });
    expect(await rag.hold(documents)).toBe(3);
    await rag.close();
    rag = await openRag({ embedder, storagePath });
    expect(await rag.hold([...documents.slice(0, 2), { id: 'c', text: 'The cellar is dry.', source: 'house.md' }])).toBe(1);
    expect(embedder.texts).toEqual([...documents.map(({ text }) => text), 'The cellar is dry.']);
    const { prompt, passages } = await rag.ask('What hangs behind the door?', { k: 2 });
    expect(passages[0]).toMatchObject({ source: 'house.md', text: documents[0]?.text });
    expect(prompt).toContain(`[1] house.md\n${documents[0]?.text}`);
    expect(prompt).toMatch(/Question: What hangs behind the door\?\nAnswer:$/);
    expect((await rag.ask('cellar', { filter: { source: 'kitchen.md' } })).passages).toHaveLength(1);
    expect(await rag.hold([])).toBe(0);
    expect((await rag.ask('cellar')).passages).toEqual([]);
    await rag.close();
  });

  test('refuses another embedder than the one that made the vectors, and none', async () => {
    const { openRag } = await load('06_rag/rag.mjs');
    const storagePath = join(scratch, 'another');
    await (await openRag({ embedder: counting(), storagePath })).close();
    const other = { ...counting(), id: 'another' };
    await expect(openRag({ embedder: other, storagePath })).rejects.toThrow('embedded by of the test, and another is given');
    await expect(openRag({ storagePath })).rejects.toThrow('embedder is missing, expected { id, dimensions, embed(texts) }');
    await (await openRag({ embedder: counting(), storagePath })).close(); // the refusals have let go of the lock
  });

  // Out of a folder of its own, whatever is installed around this one.
  test('without the package or a model it says what is missing, and embeds by nothing else', () => {
    const own = mkdtempSync(join(scratch, 'elsewhere-'));
    for (const name of ['ask.mjs', 'rag.mjs', 'transformers.mjs']) {
      writeFileSync(join(own, name), readFileSync(join(folder, '06_rag', name)));
    }
    mkdirSync(join(own, 'node_modules'));
    symlinkSync(join(folder, '..'), join(own, 'node_modules/ruvector'), 'junction');
    const ask = (...args: string[]) => spawnSync(process.execPath, ['ask.mjs', ...args], { cwd: own, encoding: 'utf8' });
    expect(ask('Xenova/all-MiniLM-L6-v2', own, 'a question')).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining('npm install @huggingface/transformers'),
    });
    expect(ask('', own, 'a question')).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('no model is named') });
    expect(ask()).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('expected: node ask.mjs <model>') });
    expect(readdirSync(own)).not.toContain('rag');
  });
});
