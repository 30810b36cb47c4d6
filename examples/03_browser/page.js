// Embeds the sentences once, keeps them in IndexedDB, and searches at every key. The database is in a Web Worker: the page never waits.
import { HashEmbedder, VectorDB } from '../../dist/browser.js';
import { facts } from './facts.js';

const element = (id) => document.getElementById(id);
const make = (tag, ...children) => {
  const made = document.createElement(tag);
  made.append(...children);
  return made;
};
const input = element('query');
const embedder = new HashEmbedder();
const started = performance.now();
const db = await VectorDB.open({ dimensions: embedder.dimensions, storagePath: 'idb://facts' });
const rows = Object.entries(facts).flatMap(([topic, texts]) => texts.map((text) => ({ topic, text })));
const known = (await db.len()) === rows.length;
if (!known) {
  const vectors = embedder.embed(rows.map(({ text }) => text));
  await db.insertBatch(rows.map((metadata, i) => ({ id: String(i), vector: vectors[i], metadata })));
}
const ready = `${known ? 'kept from the last visit, opened' : 'indexed'} in ${(performance.now() - started).toFixed(0)} ms`;

let chosen = null;

// Browsers round their clock to a tenth of a millisecond or more.
const milliseconds = (ms) => (ms < 0.1 ? 'under 0.1 ms' : `${ms.toFixed(1)} ms`);

function show(hits) {
  element('hits').replaceChildren(
    ...hits.map(({ metadata, similarity }) => {
      const filled = make('i');
      filled.style.width = `${Math.max(0, 100 * similarity)}%`;
      const bar = make('div', filled);
      bar.className = 'bar';
      return make('li', make('span', metadata.text, make('em', metadata.topic)), bar, make('output', similarity.toFixed(2)));
    }),
  );
}

let asked = 0;

async function search() {
  const text = input.value.trim() || input.placeholder;
  if (!/[\p{L}\p{N}]/u.test(text)) {
    asked++;
    return say('type a word');
  }
  const start = performance.now();
  const [vector] = embedder.embed([text]);
  const embedded = performance.now();
  const number = ++asked;
  const hits = await db.search({ vector, k: 8, ...(chosen === null ? {} : { filter: { topic: chosen } }) });
  if (number !== asked) return; // another key came meanwhile
  const found = performance.now();
  show(hits);
  say(`embedded in ${milliseconds(embedded - start)}, searched in ${milliseconds(found - embedded)}`);
}

function say(what) {
  element('status').textContent = `${what} · ${db.backend} · ${rows.length} × ${db.dimensions}, ${ready}`;
}

function choose(button) {
  chosen = chosen === button.textContent ? null : button.textContent;
  for (const other of element('topics').children) other.setAttribute('aria-pressed', String(other.textContent === chosen));
  search();
}

for (const topic of Object.keys(facts)) {
  const button = make('button', topic);
  button.type = 'button';
  button.setAttribute('aria-pressed', 'false');
  button.onclick = () => choose(button);
  element('topics').append(button);
}
element('count').textContent = String(rows.length);
input.oninput = search;
input.disabled = false;
input.focus();
search();
