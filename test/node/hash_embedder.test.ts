// Lexical, deterministic, never a zero vector.
import fc from 'fast-check';
import { HashEmbedder } from 'ruvector';
import { describe, expect, test } from 'vitest';

const embedder = new HashEmbedder();

function embed(text: string): Float32Array {
  return embedder.embed([text])[0] as Float32Array;
}

function similarity(a: string, b: string): number {
  const y = embed(b);
  return embed(a).reduce((sum, x, i) => sum + x * (y[i] as number), 0);
}

function errorOf(call: () => unknown): { code?: string; message: string } {
  try {
    call();
  } catch (error) {
    return error as { code: string; message: string };
  }
  throw new Error('expected an error');
}

describe('vectors', () => {
  test('have the asked length, 384 by default, and an id that says so', () => {
    expect(embedder).toMatchObject({ dimensions: 384, id: 'hash-1-384' });
    for (const dimensions of [1, 2, 7, 1024, 65536]) {
      expect(new HashEmbedder(dimensions).embed(['one two three'])[0]).toHaveLength(dimensions);
      expect(new HashEmbedder({ dimensions })).toMatchObject({ dimensions, id: `hash-1-${dimensions}` });
    }
  });

  test('are the same for the same text, in every instance and version', () => {
    expect(new HashEmbedder().embed(['a cat sat', 'on the mat'])).toEqual([embed('a cat sat'), embed('on the mat')]);
    // Stored vectors must compare with later ones: when these change, the id must.
    const [vector] = new HashEmbedder(4).embed(['Überraschung 東京 42']) as [Float32Array];
    expect([...vector].map((x) => x.toFixed(5))).toEqual(['-0.68782', '-0.43614', '-0.57030', '0.10695']);
  });

  test('do not depend on the texts beside', () => {
    expect(embedder.embed([])).toEqual([]);
    const small = new HashEmbedder(8);
    const many = small.embed(Array.from({ length: 25_000 }, (_, i) => `word${i} cat`));
    expect(many[24_999]).toEqual(new HashEmbedder(8).embed(['word24999 cat'])[0]);
  });

  test('have length 1 for every text with a letter or digit', () => {
    for (const size of [1, 3, 384]) {
      const small = new HashEmbedder(size);
      fc.assert(
        fc.property(fc.string({ unit: 'grapheme' }), (text) => {
          fc.pre(/[\p{L}\p{N}]/u.test(text));
          const [vector] = small.embed([text]) as [Float32Array];
          expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
        }),
      );
    }
  });
});

describe('similarity', () => {
  test('comes from words and parts of words, not from meaning', () => {
    expect(similarity('indexing documents', 'index of a document')).toBeGreaterThan(0.3);
    expect(similarity('the cat sleeps', 'sleeping cats')).toBeGreaterThan(0.2);
    expect(Math.abs(similarity('car', 'automobile'))).toBeLessThan(0.2);
  });

  test('ignores case, Unicode form, punctuation and order', () => {
    expect(similarity('Café Straße', 'CAFE\u0301, straße!')).toBeCloseTo(1, 5);
    expect(similarity('ﬁle １２', 'file 12')).toBeCloseTo(1, 5);
    expect(similarity('read a file', 'file: a READ')).toBeCloseTo(1, 5);
  });

  test('knows words of every script', () => {
    for (const [text, near, far] of [
      ['поиск документов', 'поиск документа', 'кофе с молоком'],
      ['ベクトル検索エンジン', 'ベクトル検索', '猫が寝ている'],
      ['खोज इंजन', 'खोज', 'बिल्ली'],
    ] as const) {
      expect(similarity(text, near)).toBeGreaterThan(similarity(text, far) + 0.2);
    }
  });

  test('grows slower than the count of a word', () => {
    const once = similarity('database engine', 'engine');
    const often = similarity(`database ${'engine '.repeat(50)}`, 'engine');
    expect(often).toBeGreaterThan(once);
    expect(often).toBeLessThan(0.999);
  });
});

describe('bad input', () => {
  test('names the text that has no word', () => {
    for (const text of ['', '   ', '!?…', '\ud800', '🙂']) {
      expect(errorOf(() => embedder.embed(['fine', text]))).toMatchObject({
        code: 'ZERO_VECTOR',
        message: expect.stringContaining('texts[1]'),
      });
    }
  });

  test('names what is no text', () => {
    for (const text of [undefined, null, 1, {}, ['a']]) {
      expect(errorOf(() => embedder.embed([text as never]))).toMatchObject({
        code: 'INVALID_OPTION',
        message: expect.stringContaining('texts[0]'),
      });
    }
    for (const texts of ['one text', undefined, {}]) expect(errorOf(() => embedder.embed(texts as never)).code).toBe('INVALID_OPTION');
  });

  test('refuses impossible dimensions and unknown options', () => {
    for (const dimensions of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 65537, '384', null]) {
      expect(errorOf(() => new HashEmbedder({ dimensions: dimensions as never })).code).toBe('INVALID_OPTION');
    }
    expect(errorOf(() => new HashEmbedder({ dimension: 3 } as never)).message).toContain('dimension');
    expect(errorOf(() => new HashEmbedder(null as never)).code).toBe('INVALID_OPTION');
  });
});
