// Embeds the passages once, keeps them in IndexedDB, and searches at every key. The database is in a Web Worker: the page never waits for it.
import { HashEmbedder, VectorDB } from '../../dist/browser.js';
import { showHits } from './hits.js';
import { keepForOffline } from './offline.js';

const element = (id) => document.getElementById(id);
const [query, file] = [element('query'), element('file')];
const embedder = new HashEmbedder();
const atOnce = 100;
let chosen = null;
let ready = '';

function say(what, wrong = false) {
  element('status').classList.toggle('wrong', wrong);
  element('status').textContent = what;
}

/** One tab writes; another one beside it reads. */
async function open() {
  const options = { dimensions: embedder.dimensions, storagePath: 'idb://documentation' };
  try {
    return await VectorDB.open(options);
  } catch (error) {
    if (error.code !== 'LOCKED') throw error;
    element('again').hidden = true;
    return VectorDB.open({ ...options, readOnly: true });
  }
}

/** Written last: without it the passages are not all there. */
const recordOf = async (db) => (await db.collections()).includes('record') && (await db.collection('record').get('indexed'));

async function index(db) {
  element('indexing').hidden = false;
  ready = '';
  say('reading the documents …');
  const response = await fetch('passages.json').catch(() => null);
  if (!response?.ok) throw new Error(`the server did not read the documents: ${response ? await response.text() : 'it does not answer'}`);
  const passages = await response.json();
  const sources = [...new Set(passages.map(({ source }) => source))];
  showSources(sources);
  const record = db.collection('record', { dimensions: 1, distanceMetric: 'euclidean' });
  await record.clear();
  await db.clear();
  for (let first = 0; first < passages.length; first += atOnce) {
    const part = passages.slice(first, first + atOnce);
    const vectors = embedder.embed(part.map(({ heading, text }) => `${heading}\n${text}`));
    await db.insertBatch(part.map(({ id, ...metadata }, i) => ({ id, vector: vectors[i], metadata })));
    const done = first + part.length;
    Object.assign(element('progress'), { value: done, max: passages.length });
    element('done').textContent = `${done} of ${passages.length}`;
    element('count').textContent = String(done);
    if (first === 0) enable();
    await search(); // of what is there already
  }
  await record.insert({ id: 'indexed', vector: [0], metadata: { sources } });
  element('indexing').hidden = true;
}

let asked = 0;

async function search() {
  const number = ++asked;
  const text = query.value.trim() || query.placeholder;
  if (!/[\p{L}\p{N}]/u.test(text)) return say('type a word');
  const filter = { ...(chosen && { source: chosen }), ...(file.value.trim() && { file: { $contains: file.value.trim() } }) };
  try {
    const start = performance.now();
    const [vector] = embedder.embed([text]);
    const hits = await db.search({ vector, k: 10, filter });
    if (number !== asked) return; // another key came meanwhile
    showHits(element('hits'), hits, text);
    const took = Math.max(0.1, performance.now() - start).toFixed(1); // browsers round their clock
    say(hits.length === 0 ? 'no passage is in such a file' : `embedded and searched in ${took} ms by ${db.backend}${ready}`);
  } catch (error) {
    if (number === asked) say(error.message, true);
  }
}

function enable() {
  query.disabled = file.disabled = false;
  if (document.activeElement === document.body) query.focus();
}

function choose(button) {
  chosen = chosen === button.textContent ? null : button.textContent;
  for (const other of element('sources').children) other.setAttribute('aria-pressed', String(other.textContent === chosen));
  search();
}

function showSources(sources) {
  const buttons = sources.map((name) => {
    const button = document.createElement('button');
    Object.assign(button, { type: 'button', textContent: name, onclick: () => choose(button) });
    button.setAttribute('aria-pressed', 'false');
    return button;
  });
  chosen = null;
  element('sources').replaceChildren(...buttons);
}

/** Embeds unless a visit before has done it, then lets search. */
async function start(anew) {
  const started = performance.now();
  element('again').disabled = true;
  try {
    const kept = !anew && (await recordOf(db));
    if (!kept && !element('again').hidden) await index(db);
    if (kept) showSources(kept.metadata.sources);
    element('count').textContent = String(await db.len());
    ready = `; ${kept ? 'kept from an earlier visit, opened' : 'indexed'} in ${(performance.now() - started).toFixed(0)} ms`;
    enable();
    await search();
  } catch (error) {
    say(error.message, true);
  } finally {
    element('indexing').hidden = true;
    element('again').disabled = false;
  }
}

const offline = keepForOffline();
const db = await offline.begun.then(open).catch((error) => say(error.message, true));
if (db) {
  query.oninput = file.oninput = search;
  element('again').onclick = () => start(true);
  await start(false);
  element('offline').textContent = (await offline.complete()) ? 'It works without the server too, now: stop it and reload.' : '';
}
