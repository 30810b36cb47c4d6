// Hits as a list: the part of each passage that has the words of the question, marked.
import { excerpt } from '../../dist/demo/excerpt.js';

function make(tag, className, ...children) {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...children);
  return made;
}

// Passages have no control characters: this one can only be around a mark.
const marked = (text, question) =>
  excerpt(text, question, (word) => `\u0001${word}\u0001`)
    .split('\u0001')
    .map((part, i) => (i % 2 ? make('mark', '', part) : part));

export function showHits(list, hits, question) {
  list.replaceChildren(
    ...hits.map(({ metadata: { heading, text, file, line }, similarity }) => {
      const filled = make('i', '');
      filled.style.width = `${Math.max(0, 100 * similarity)}%`;
      return make(
        'li',
        '',
        make('strong', '', heading || file),
        make('div', 'bar', filled),
        make('output', '', similarity.toFixed(2)),
        make('p', '', ...marked(text, question)),
        make('small', '', `${file}:${line}`),
      );
    }),
  );
}
