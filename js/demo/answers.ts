// Asks the questions and shows the passages found.
import type { VectorDB as Database, Filter, Hits, SearchResult } from '../../types/api.js';
import { excerpt } from './excerpt.js';
import { embedder, passageOf } from './rows.js';
import { bold, check, dim, heading, mark, milliseconds, plural, print } from './terminal.js';

const shown = 2;

export function embedAll(questions: readonly string[]): Float32Array[] {
  return embedder.embed(questions);
}

function show(hits: Hits, question: string): void {
  for (const hit of hits.slice(0, shown)) showHit(hit, question);
}

function showHit(hit: SearchResult, question: string): void {
  const { file, line, heading, text } = passageOf(hit);
  print(`  ${hit.similarity.toFixed(2)} ${bold(`${file}:${line}`)}${heading === '' ? '' : dim(` ${heading}`)}`);
  print(`       ${excerpt(text, question, mark)}`);
}

/** The questions, and the first once more with a filter. Resolves to whether the filter held. */
export async function answerAll(db: Database, questions: readonly string[]): Promise<boolean> {
  heading(`Asking ${plural(questions.length, 'question')}`);
  const vectors = embedAll(questions);
  let first: SearchResult | undefined;
  for (const [i, question] of questions.entries()) {
    const start = performance.now();
    const hits = await db.search({ vector: vectors[i] as Float32Array, k: 10 });
    const took = performance.now() - start;
    print(`\n  ${bold(question)} ${dim(milliseconds(took))}`);
    show(hits, question);
    first ??= hits[0];
  }
  return first === undefined ? true : askFiltered(db, questions[0] as string, vectors[0] as Float32Array, first);
}

async function askFiltered(db: Database, question: string, vector: Float32Array, first: SearchResult): Promise<boolean> {
  const { file } = passageOf(first);
  const filter: Filter = { file: { $ne: file }, words: { $gte: 40 } };
  const hits = await db.search({ vector, k: 10, filter });
  const matching = await db.count(filter);
  print(`\n  ${bold(question)} ${dim(`filter: ${JSON.stringify(filter)}`)}`);
  show(hits, question);
  const holds = hits.every(({ metadata }) => metadata?.file !== file && Number(metadata?.words) >= 40);
  return check(
    holds && hits.length === Math.min(10, matching),
    `${plural(hits.length, 'hit')} of ${plural(matching, 'matching passage')}, and every one matches the filter`,
  );
}
