import * as ruvector from 'ruvector';
import { search } from './search.js';

search(ruvector).then(
  (result) => self.postMessage(result),
  (error) => self.postMessage({ error: String(error) }),
);
