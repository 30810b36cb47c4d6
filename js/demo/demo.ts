// `ruvector demo`: the database's main job on text of this machine, a kill in the middle of it, and the same files through WebAssembly.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { VectorDB as Database } from '../../types/api.js';
import { VectorDB } from '../index.js';
import { answerAll } from './answers.js';
import { type Corpus, type Document, readCorpus } from './corpus.js';
import { killAndReopen } from './crash.js';
import { defaultQuestions, questionsAbout } from './questions.js';
import { dimensions, toRows } from './rows.js';
import { defaultSources, folderSource } from './sources.js';
import { compareBackends } from './speed.js';
import { bold, count, dim, heading, milliseconds, Progress, plural, print } from './terminal.js';

const batchSize = 250;

export interface DemoOptions {
  /** Indexed instead of the machine's documentation. */
  folder?: string | undefined;
  /** Asked instead of the demo's own questions. */
  questions?: readonly string[] | undefined;
}

/** Resolves to whether everything held that the demo claims. Throws where it cannot run. The databases lie in a temporary folder. */
export async function runDemo({ folder, questions }: DemoOptions): Promise<boolean> {
  const started = performance.now();
  const temporary = mkdtempSync(join(tmpdir(), 'ruvector-demo-'));
  // A call still under way on another thread may make a file meanwhile; rmSync's own retries would not see it.
  const removeAll = () => {
    for (let tries = 100; tries > 0 && existsSync(temporary); tries--) {
      try {
        rmSync(temporary, { recursive: true, force: true });
      } catch (error) {
        if (tries === 1) throw error;
      }
    }
  };
  process.once('exit', removeAll); // also after Ctrl-C, which cli.ts turns into an exit
  try {
    const corpus = readCorpus(folder === undefined ? defaultSources() : [folderSource(folder)], folder);
    tellCorpus(corpus);
    const asked = questions ?? (folder === undefined ? defaultQuestions : questionsAbout(corpus.documents));

    const path = join(temporary, 'passages');
    await (await VectorDB.open({ dimensions })).close(); // loads the core
    const db = new VectorDB({ dimensions, storagePath: path, index: 'hnsw' });
    db.lenSync(); // opens here and now: on another thread it would make its folder while an interrupt removes it
    await index(db, corpus.documents);
    const answered = await answerAll(db, asked);
    await db.close();

    const survived = await killAndReopen(temporary, corpus.documents, asked);
    const agreed = await compareBackends(path, asked);
    print(dim(`\n${milliseconds(performance.now() - started)} in all; the databases were in ${temporary} and are gone now`));
    return answered && survived && agreed;
  } finally {
    removeAll();
    process.off('exit', removeAll);
  }
}

function tellCorpus({ documents, sources, shortened, trouble }: Corpus): void {
  heading('Reading');
  for (const { name, files, passages } of sources) print(`  ${name.padEnd(10)} ${plural(passages, 'passage')} of ${plural(files, 'file')}`);
  const notes = [
    shortened > 0 && `of ${plural(shortened, 'long file')} only the beginning, to take seconds`,
    trouble.cut > 0 && `of ${plural(trouble.cut, 'huge file')} only the first MiB`,
    trouble.binary > 0 && `${plural(trouble.binary, 'file')} skipped: binary`,
    trouble.unreadable > 0 && `${plural(trouble.unreadable, 'file or folder')} skipped: cannot be read`,
  ].filter((note) => note !== false);
  for (const note of notes) print(dim(`  ${note}`));
  print(`  ${bold(plural(documents.length, 'passage'))}, ${count(documents.reduce((sum, { text }) => sum + text.length, 0))} characters`);
}

async function index(db: Database, documents: readonly Document[]): Promise<void> {
  const progress = new Progress('indexing');
  const times = { embedding: 0, inserting: 0 };
  for (let at = 0; at < documents.length; at += batchSize) {
    const start = performance.now();
    const rows = toRows(documents.slice(at, at + batchSize));
    const embedded = performance.now();
    await db.insertBatch(rows);
    times.embedding += embedded - start;
    times.inserting += performance.now() - embedded;
    progress.update(at + rows.length, documents.length);
  }
  progress.done();
  const { indexType, pending, diskUsage } = await db.stats();
  heading('Indexing');
  print(`  ${db.backend}, ${dimensions} dimensions, HashEmbedder: words and pieces of words, not meaning`);
  print(
    `  embedding ${milliseconds(times.embedding)}, inserting ${milliseconds(times.inserting)}: each batch is on disk before it is acknowledged`,
  );
  const graph = indexType === 'hnsw' ? 'HNSW graph' : 'too few rows for a graph: scanned';
  print(
    `  ${count(await db.len())} rows, ${graph}${pending > 0 ? `, ${plural(pending, 'row')} waiting for links` : ''}, ${(diskUsage / 1e6).toFixed(1)} MB on disk`,
  );
}
