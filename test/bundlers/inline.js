// On the page, with WebAssembly inside the JavaScript.
import * as ruvector from 'ruvector/inline';
import { search } from './search.js';

globalThis.result = search(ruvector).then((result) => [result]);
