// After <script src="ruvector.iife.js">.
import { searchBoth } from './search.js';

globalThis.result = searchBoth(globalThis.ruvector);
