import { ShardedVectorDB, VectorDB } from '../../dist/browser.js';
import { describe, measure } from './measure.js';

const element = (id) => document.getElementById(id);
const make = (tag, text) => Object.assign(document.createElement(tag), { textContent: text });

function say(what, wrong = false) {
  element('status').classList.toggle('wrong', wrong);
  element('status').textContent = what;
}

async function run() {
  const rows = Number(element('rows').value);
  const started = performance.now();
  element('build').disabled = true;
  element('results').replaceChildren();
  say('making vectors …');
  await new Promise((resolve) => setTimeout(resolve, 50)); // so that it is seen
  try {
    const progress = (done) => {
      Object.assign(element('progress'), { value: done, max: rows });
      const seconds = ((performance.now() - started) / 1000).toFixed(0);
      say(done < rows ? `${done} of ${rows} vectors are in, after ${seconds} s` : 'timing it, then comparing every row …');
    };
    const measured = await measure({ ShardedVectorDB, VectorDB }, rows, progress, { shards: Number(element('shards').value) });
    element('results').replaceChildren(...describe(measured).flatMap(([what, howMuch]) => [make('dt', what), make('dd', howMuch)]));
    say(`done in ${((performance.now() - started) / 1000).toFixed(0)} s`);
  } catch (error) {
    say(error.message, true);
  } finally {
    element('build').disabled = false;
  }
}

element('shards').value = String(Math.max(2, navigator.hardwareConcurrency));
element('form').onsubmit = (event) => {
  event.preventDefault();
  run();
};
