// Texts to vectors without a model: the hashing trick (Weinberger et al. 2009, arXiv:0902.2206) over words and their character n-grams.
import type { Embedder } from '../types/api.js';
import { RuvectorError } from './errors.js';
import { requireObject, show } from './options.js';

export interface HashEmbedderOptions {
  /** Length of the vectors, 1 … 65,536; default 384. */
  dimensions?: number;
}

interface Word {
  readonly weight: number;
  /** Bucket of each feature, and what it adds there: the word itself, then its n-grams. */
  readonly buckets: Uint16Array;
  readonly values: Float32Array;
}

const shortestGram = 3;
const longestGram = 5;
const maxDimensions = 65536;
const maxCachedWords = 20_000;
const wordPattern = /[\p{L}\p{N}\p{M}]+/gu;
const wordSeed = 0x9e3779b9;
const gramSeed = 0x85ebca6b;
const wordStart = 2;
const wordEnd = 3;

/** The last steps of MurmurHash3: every bit of the result depends on every bit of `hash`. */
function mix(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * Embeds texts by hashing their words and the 3 to 5 letter pieces of these into signed buckets. Lexical, not semantic: texts are near each
 * other when they share words or parts of words ("index", "indexing"), never because they mean the same ("car", "automobile"). No model, no
 * download, and the same text gives the same vector everywhere. Nothing uses it unless it is named.
 *
 * Case and Unicode form (NFKC) do not count, nor does the order of words. A word that comes n times weighs 1 + ln n; one of fewer than six
 * letters weighs less, as most of them are grammar. Vectors have length 1.
 * @example
 * const embedder = new HashEmbedder();
 * const [vector] = embedder.embed(['How do I read a file?']);
 */
export class HashEmbedder implements Embedder {
  /** Names the method and the dimensions: vectors of different ids do not compare. */
  readonly id: string;
  readonly dimensions: number;
  #words = new Map<string, Word>();

  /** Throws INVALID_OPTION. */
  constructor(options: HashEmbedderOptions | number = {}) {
    const given = typeof options === 'number' ? { dimensions: options } : requireObject(options, 'options', 'HashEmbedder');
    for (const key of Object.keys(given)) {
      if (key !== 'dimensions') throw new RuvectorError('INVALID_OPTION', `unknown option "${key}", expected dimensions`, 'HashEmbedder');
    }
    const dimensions = given.dimensions === undefined ? 384 : given.dimensions;
    if (!Number.isInteger(dimensions) || (dimensions as number) < 1 || (dimensions as number) > maxDimensions) {
      throw new RuvectorError(
        'INVALID_OPTION',
        `dimensions is ${show(dimensions)}, expected a whole number from 1 to ${maxDimensions}`,
        'HashEmbedder',
      );
    }
    this.dimensions = dimensions as number;
    this.id = `hash-1-${dimensions}`;
  }

  /** One vector for each text. Throws ZERO_VECTOR, naming the text, where one has no letter and no digit. */
  embed(texts: readonly string[]): Float32Array[] {
    if (!Array.isArray(texts))
      throw new RuvectorError('INVALID_OPTION', `texts is a ${typeof texts}, expected an array of strings`, 'embed');
    return texts.map((text, index) => this.#embed(text, index));
  }

  #embed(text: unknown, index: number): Float32Array {
    if (typeof text !== 'string')
      throw new RuvectorError('INVALID_OPTION', `texts[${index}] is a ${typeof text}, expected a string`, 'embed');
    const counts = new Map<string, number>();
    for (const [word] of text.normalize('NFKC').toLowerCase().matchAll(wordPattern)) counts.set(word, (counts.get(word) ?? 0) + 1);
    if (counts.size === 0) {
      throw new RuvectorError(
        'ZERO_VECTOR',
        `texts[${index}] is ${JSON.stringify(text.slice(0, 40))}, expected a letter or digit in it`,
        'embed',
      );
    }
    const sums = new Float64Array(this.dimensions);
    for (const [word, count] of counts) {
      const { weight, buckets, values } = this.#features(word);
      const factor = weight * (1 + Math.fround(Math.log(count))); // engines differ in the last bit of a logarithm
      for (let i = 0; i < buckets.length; i++)
        sums[buckets[i] as number] = (sums[buckets[i] as number] as number) + factor * (values[i] as number);
    }
    let norm = 0;
    for (const sum of sums) norm += sum * sum;
    // Opposite signs can cancel in a few buckets; no text is left without a vector.
    if (norm === 0) return Float32Array.from(sums, (_, i) => (i === 0 ? 1 : 0));
    const scale = 1 / Math.sqrt(norm);
    return Float32Array.from(sums, (sum) => sum * scale);
  }

  #features(word: string): Word {
    let found = this.#words.get(word);
    if (!found) {
      if (this.#words.size >= maxCachedWords) this.#words.clear();
      found = this.#makeFeatures(word);
      this.#words.set(word, found);
    }
    return found;
  }

  #makeFeatures(word: string): Word {
    const letters = Uint32Array.from(word, (letter) => letter.codePointAt(0) as number);
    const bounded = Uint32Array.of(wordStart, ...letters, wordEnd);
    const hashes = [this.#hash(letters, 0, letters.length, wordSeed)];
    for (let size = shortestGram; size <= longestGram; size++) {
      for (let at = 0; at + size <= bounded.length; at++) hashes.push(this.#hash(bounded, at, at + size, gramSeed));
    }
    // The pieces together weigh as much as the word.
    const piece = 1 / Math.sqrt(hashes.length - 1);
    return {
      weight: Math.min(1, (letters.length / 6) ** 2),
      buckets: Uint16Array.from(hashes, (hash) => (hash & 0x7fffffff) % this.dimensions),
      values: Float32Array.from(hashes, (hash, i) => (hash >>> 31 ? -1 : 1) * (i === 0 ? 1 : piece)),
    };
  }

  /** FNV-1a over code points, then mixed. */
  #hash(letters: Uint32Array, from: number, to: number, seed: number): number {
    let hash = seed;
    for (let i = from; i < to; i++) hash = Math.imul(hash ^ (letters[i] as number), 0x01000193);
    return mix(hash);
  }
}
