// Kills a writing process in the middle of its inserts, and holds the database against what was acknowledged.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import type { VectorDB as Database } from '../../types/api.js';
import { VectorDB } from '../index.js';
import { embedAll } from './answers.js';
import type { Document } from './corpus.js';
import { type Row, toRows } from './rows.js';
import { sameAnswers } from './scan.js';
import { check, count, heading, milliseconds, Progress, plural, print } from './terminal.js';

const childFile = fileURLToPath(new URL('./crash_child.js', import.meta.url));
const mostRows = 3000;
const killAfterMs = 1200;
const leastAcknowledged = 50;
const childTimeoutMs = 20_000;

interface Killed {
  /** Ids, in the order of their acknowledgement. */
  readonly acknowledged: string[];
  /** False where it had ended by itself. */
  readonly killed: boolean;
}

function writeUntilKilled(path: string, documentsFile: string, total: number): Promise<Killed> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [childFile, path, documentsFile], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const progress = new Progress('a child process inserts');
    const kill = () => child.kill('SIGKILL');
    process.once('exit', kill);
    const timeout = setTimeout(kill, childTimeoutMs);
    let output = '';
    let errors = '';
    let lines = 0;
    let firstAt = 0;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      lines += text.split('\n').length - 1;
      firstAt ||= performance.now();
      progress.update(lines, total);
      // Half of a small folder is as much in the middle as any.
      const enough = lines >= Math.min(leastAcknowledged, total / 2) && performance.now() - firstAt >= killAfterMs;
      if (enough || lines >= total / 2) kill();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timeout);
      process.off('exit', kill);
      progress.done();
      if (code !== 0 && signal === null) reject(new Error(`the child process failed: ${errors.trim()}`));
      else if (lines === 0) reject(new Error(`the child process acknowledged nothing in ${childTimeoutMs / 1000} s`));
      // A line without its end is no acknowledgement.
      else resolve({ acknowledged: output.split('\n').slice(0, -1), killed: signal !== null });
    });
  });
}

function isSame(row: Row, stored: Awaited<ReturnType<Database['get']>>): boolean {
  return (
    stored !== null &&
    Buffer.from(stored.vector.buffer, stored.vector.byteOffset, stored.vector.byteLength).equals(Buffer.from(row.vector.buffer)) &&
    isDeepStrictEqual(stored.metadata, row.metadata)
  );
}

/** Resolves to whether nothing acknowledged was lost and the answers are right. */
export async function killAndReopen(temporary: string, documents: readonly Document[], questions: readonly string[]): Promise<boolean> {
  heading('Killing a writer in the middle of its inserts (SIGKILL)');
  const path = join(temporary, 'killed');
  const documentsFile = join(temporary, 'documents.json');
  const step = Math.max(1, documents.length / mostRows);
  const chosen = Array.from({ length: Math.min(mostRows, documents.length) }, (_, i) => documents[Math.floor(i * step)] as Document);
  writeFileSync(documentsFile, JSON.stringify(chosen));

  const { acknowledged, killed } = await writeUntilKilled(path, documentsFile, chosen.length);
  const ended = killed ? 'was killed' : 'ended before it could be killed';
  print(`  it had acknowledged ${plural(acknowledged.length, 'insert')} of ${plural(chosen.length, 'passage')} when it ${ended}`);

  const start = performance.now();
  const db = await VectorDB.open({ storagePath: path });
  try {
    const opened = performance.now() - start;
    const { recovery } = await db.stats();
    const torn = recovery.cutBytes > 0 ? `, cut ${plural(recovery.cutBytes, 'byte')} of a torn one` : '';
    print(`  reopened in ${milliseconds(opened)}: replayed ${plural(recovery.replayedTransactions, 'transaction')}${torn}`);

    const rows = toRows(chosen);
    const stored = await Promise.all(acknowledged.map((id) => db.get(id)));
    const whole = acknowledged.filter((id, i) => rows[i]?.id === id && isSame(rows[i], stored[i] ?? null)).length;
    const present = await db.len();
    const underWay = present - acknowledged.length;
    const allThere = check(
      whole === acknowledged.length,
      `${plural(whole, 'acknowledged passage')} of ${count(acknowledged.length)} there, vector and metadata equal byte for byte`,
    );
    const noMore = check(
      underWay === 0 || (underWay === 1 && isSame(rows[acknowledged.length] as Row, await db.get(rows[acknowledged.length]?.id ?? ''))),
      underWay === 0
        ? 'nothing else: the insert under way left no trace'
        : 'and the one insert under way, whole though not acknowledged yet',
    );
    const same = await sameAnswers(db, rows.slice(0, present), embedAll(questions));
    return (
      check(same, `the answers to ${plural(questions.length, 'question')} are those of a plain scan over these passages`) &&
      allThere &&
      noMore
    );
  } finally {
    await db.close();
  }
}
