// What the page searches: documentation that this machine has anyway, of this package, the packages around it and Node, cut as by `ruvector demo`.
import { readCorpus } from '../../dist/demo/corpus.js';
import { defaultSources } from '../../dist/demo/sources.js';

const mostOfOneSource = 2500;

/** { id, source, file, line, heading, text } of each. */
export function readPassages() {
  return readCorpus(defaultSources().map((source) => ({ ...source, limit: mostOfOneSource }))).documents;
}
