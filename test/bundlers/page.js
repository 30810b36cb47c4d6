// For bundlers that make no workers, and for none.
import * as ruvector from 'ruvector';
import { searchBoth } from './search.js';

globalThis.result = searchBoth(ruvector);
