// What bundlers are given that make workers: the package on the page, in its own worker, and in a worker of the program's own.
import * as ruvector from 'ruvector';
import { searchBoth } from './search.js';

const worker = new Worker(new URL('./program.worker.js', import.meta.url), { type: 'module' });
const fromWorker = new Promise((resolve, reject) => {
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = (event) => reject(new Error(event.message || 'the worker did not load'));
});
globalThis.result = Promise.all([searchBoth(ruvector), fromWorker]).then(([own, other]) => [...own, other]);
