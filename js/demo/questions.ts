// What the demo asks.
import type { Document } from './corpus.js';

export const defaultQuestions = [
  'How do I read a file line by line?',
  'How do I kill a child process with a signal?',
  'How do I compare two semantic versions?',
  'When does a transaction count, and what of a torn one at the end of the log?',
  'What is property based testing?',
] as const;

const howMany = 5;

/** Questions a folder can answer: headings of its own, from all over it, or else beginnings of passages. */
export function questionsAbout(documents: readonly Document[]): string[] {
  const words = (text: string) => text.split(/\s+/).filter((word) => /\p{L}{2}/u.test(word));
  const headings = documents.map(({ heading }) => words(heading)).filter(({ length }) => length >= 2 && length <= 12);
  const candidates = [
    ...new Set((headings.length >= howMany ? headings : documents.map(({ text }) => words(text).slice(0, 8))).map((w) => w.join(' '))),
  ];
  const usable = candidates.filter((text) => text !== '');
  if (usable.length === 0) return documents.slice(0, howMany).map(({ text }) => text.slice(0, 80));
  const step = Math.max(1, usable.length / howMany);
  return Array.from({ length: Math.min(howMany, usable.length) }, (_, i) => usable[Math.floor(i * step)] as string);
}
