// Embeds the sentences, keeps them in a database in memory, and searches at every key.
import { HashEmbedder, VectorDB } from '../../dist/browser.js';
import { facts } from './facts.js';

const element = (id) => document.getElementById(id);
const input = element('query');
const embedder = new HashEmbedder();
const db = await VectorDB.open({ dimensions: embedder.dimensions });

const started = performance.now();
const rows = Object.entries(facts).flatMap(([topic, texts]) => texts.map((text) => ({ topic, text })));
const vectors = embedder.embed(rows.map(({ text }) => text));
await db.insertBatch(rows.map((metadata, i) => ({ id: String(i), vector: vectors[i], metadata })));
const loaded = performance.now() - started;

let chosen = null;

function show(hits) {
  element('hits').replaceChildren(
    ...hits.map(({ metadata, similarity }) => {
      const item = document.createElement('li');
      item.innerHTML = '<span></span><div class="bar"><i></i></div><output></output>';
      item.firstChild.append(metadata.text, document.createElement('em'));
      item.querySelector('em').textContent = metadata.topic;
      item.querySelector('i').style.width = `${Math.max(0, 100 * similarity)}%`;
      item.querySelector('output').textContent = similarity.toFixed(2);
      return item;
    }),
  );
}

function search() {
  const text = input.value.trim() || input.placeholder;
  if (!/[\p{L}\p{N}]/u.test(text)) return say('type a word');
  const start = performance.now();
  const [vector] = embedder.embed([text]);
  const embedded = performance.now();
  const hits = db.searchSync({ vector, k: 8, ...(chosen === null ? {} : { filter: { topic: chosen } }) });
  const found = performance.now();
  show(hits);
  say(`embedded in ${(embedded - start).toFixed(2)} ms, searched in ${(found - embedded).toFixed(2)} ms`);
}

function say(what) {
  element('status').textContent = `${what} · ${db.backend} · ${rows.length} × ${db.dimensions}, indexed in ${loaded.toFixed(0)} ms`;
}

function choose(button) {
  chosen = chosen === button.textContent ? null : button.textContent;
  for (const other of element('topics').children) other.setAttribute('aria-pressed', String(other.textContent === chosen));
  search();
}

for (const topic of Object.keys(facts)) {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = topic;
  button.setAttribute('aria-pressed', 'false');
  button.onclick = () => choose(button);
  element('topics').append(button);
}
element('count').textContent = String(rows.length);
input.oninput = search;
input.disabled = false;
input.focus();
search();
