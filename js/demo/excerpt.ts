// The part of a passage that answers, with the words of the question marked.

const length = 260;
// Long enough to count as words of their own, and still only grammar.
const unmarked = new Set(['does', 'from', 'have', 'that', 'this', 'what', 'when', 'where', 'which', 'with']);
const wordPattern = /[\p{L}\p{N}\p{M}]+/gu;

// As the embedder sees it: words of a common beginning are alike, and short ones are mostly grammar.
function isAlike(word: string, asked: string): boolean {
  if (word === asked) return true;
  const stem = Math.max(4, Math.min(word.length, asked.length) - 3);
  return word.length >= stem && word.slice(0, stem) === asked.slice(0, stem);
}

function readable(markdown: string): string {
  return markdown
    .replace(/^ {0,3}(```|~~~|===|---).*$/gm, ' ')
    .replace(/<\/?[a-z][^>]*>/gi, ' ')
    .replace(/[`*|\\]|^[\s>#-]+/gm, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

/** One line of at most about 260 characters. */
export function excerpt(passage: string, question: string, mark: (word: string) => string): string {
  const text = readable(passage);
  const asked = [...question.toLowerCase().matchAll(wordPattern)]
    .map(([word]) => word)
    .filter((word) => word.length > 3 && !unmarked.has(word));
  const matches = [...text.matchAll(wordPattern)]
    .map((match) => ({
      start: match.index,
      end: match.index + match[0].length,
      word: match[0].toLowerCase(),
    }))
    .filter(({ word }) => asked.some((other) => isAlike(word, other)));

  // The window with the most different words of the question in it.
  let from = 0;
  let most = 0;
  for (const { start } of matches) {
    const inside = matches.filter((match) => match.start >= start && match.end <= start + length - 40);
    const different = new Set(inside.map(({ word }) => word)).size;
    if (different > most) {
      most = different;
      from = start;
    }
  }
  from = text.length <= length ? 0 : from <= 40 ? 0 : text.lastIndexOf(' ', from - 30) + 1;
  let to = text.length - from <= length ? text.length : text.lastIndexOf(' ', from + length);
  if (to <= from) to = from + length;

  let out = from > 0 ? '… ' : '';
  let at = from;
  for (const { start, end } of matches) {
    if (start < from || end > to) continue;
    out += text.slice(at, start) + mark(text.slice(start, end));
    at = end;
  }
  return out + text.slice(at, to) + (to < text.length ? ' …' : '');
}
