// Filters over typed metadata. Checked by tsc (test/meta/types.test.ts): a line that should not compile and does is an error.
import type { Filter, FilterOp, Json, Metadata } from 'ruvector';

interface Note {
  title: string;
  year: number;
  draft: boolean;
  lang?: 'en' | 'de';
  rating: number | null;
  mixed: string | number;
  when: Date;
  tags: string[];
  fixed: readonly number[];
  grid: number[][];
  from?: { country: string; geo: { lat: number; more: { x: number; s: { deep: true } } } };
  parts: { author: string; pages?: number }[];
  scores: { [lang: string]: number };
  extra: Json;
  // biome-ignore lint/suspicious/noExplicitAny: users have such members
  anything: any;
}
const filter = (_: Filter<Note>) => {};

// --- Values

filter({});
filter({ year: 2020, title: 'a', draft: false, tags: 'one of them' });
filter({ lang: 'en', rating: null, title: null, from: null });
filter({
  tags: ['a', 'b'],
  fixed: [1, 2],
  grid: [1, 2],
  parts: { author: 'a' },
  from: { country: 'x', geo: { lat: 1, more: { x: 1, s: { deep: true } } } },
});
// @ts-expect-error a name that is not there
filter({ yaer: 2020 });
// @ts-expect-error
filter({ year: '2020' });
// @ts-expect-error
filter({ lang: 'fr' });
// @ts-expect-error
filter({ tags: 3 });
// @ts-expect-error
filter({ from: { country: 3 } });
// @ts-expect-error
filter({ title: undefined as undefined | string[] });

// --- Operators

filter({ year: { $eq: 1, $ne: null, $gt: 1, $gte: 1, $lt: 1, $lte: 1, $in: [1, null], $nin: [], $exists: true, $between: [1, 2] } });
filter({ year: { $not: { $gt: 3, $not: { $lt: 5 } } } });
filter({ title: { $gt: 'a', $between: ['a', 'b'], $contains: 'x' }, lang: { $gt: 'd', $contains: 'e', $in: ['en'] } });
filter({ tags: { $all: ['a'], $size: 1, $contains: 'a', $in: ['a', ['a', 'b']], $gt: 'a', $elemMatch: { $gte: 'a', $ne: 'b' } } });
filter({ grid: { $elemMatch: { $size: 2 }, $contains: [1] }, draft: { $gt: false }, when: { $lt: new Date(0) } });
filter({ mixed: { $gt: 1, $contains: 'x', $between: ['a', 'b'] }, rating: { $gt: 1 } });
filter({ parts: { $elemMatch: { author: 'a', pages: { $gt: 3 }, $or: [{ author: 'b' }] }, $all: [{ $elemMatch: { pages: 1 } }] } });
// @ts-expect-error an operator that is not there
filter({ year: { $less: 3 } });
// @ts-expect-error
filter({ year: { $gt: '3' } });
// @ts-expect-error
filter({ year: { $gt: null } });
// @ts-expect-error
filter({ year: { $in: 3 } });
// @ts-expect-error
filter({ lang: { $in: ['en', 'fr'] } });
// @ts-expect-error
filter({ year: { $exists: 1 } });
// @ts-expect-error of strings and arrays only
filter({ year: { $contains: 3 } });
// @ts-expect-error
filter({ title: { $contains: 3 } });
// @ts-expect-error
filter({ tags: { $contains: 3 } });
// @ts-expect-error of arrays only
filter({ title: { $size: 3 } });
// @ts-expect-error
filter({ year: { $between: [1, '2'] } });
// @ts-expect-error
filter({ year: { $between: [1] } });
// @ts-expect-error
filter({ draft: { $between: [false, true] } });
// @ts-expect-error
filter({ year: { $not: { $gt: 'x' } } });
// @ts-expect-error
filter({ tags: { $all: [1] } });
// @ts-expect-error
filter({ tags: { $elemMatch: { $gt: 1 } } });
// @ts-expect-error
filter({ parts: { $elemMatch: { pagez: 1 } } });
// @ts-expect-error
filter({ parts: { $elemMatch: { pages: 'x' } } });

// --- Logic

filter({ $and: [{ year: 1 }, { $or: [{ title: 'a' }], $nor: [{ draft: true }] }], $not: { year: { $gt: 3 } } });
// @ts-expect-error
filter({ $xor: [] });
// @ts-expect-error
filter({ $and: { year: 1 } });
// @ts-expect-error
filter({ $or: [{ year: 'x' }] });
// @ts-expect-error
filter({ $not: { yaer: 3 } });
// @ts-expect-error in place of a field only
filter({ year: { $or: [1, 2] } });

// --- Paths

filter({ 'from.country': 'x', 'from.geo.lat': { $between: [1, 2] }, 'from.geo.more.x': 1, 'from.geo.more.s.deep': true });
filter({
  'tags.0': 'a',
  'grid.0': [1, 2],
  'grid.0.1': 3,
  'parts.author': { $contains: 'a' },
  'parts.0.pages': 3,
  'parts.1': { author: 'x' },
});
filter({ 'scores.en': { $gt: 0.5 }, 'extra.a.b': { $size: 1 }, 'anything.a': 1, extra: { a: [1] }, anything: { $gt: 3 } });
// @ts-expect-error
filter({ 'from.contry': 'x' });
// @ts-expect-error
filter({ 'from.geo.lat': 'x' });
// @ts-expect-error
filter({ 'parts.author': 3 });
// @ts-expect-error
filter({ 'parts.0.author': 3 });
// @ts-expect-error
filter({ 'parts.first': { author: 'x' } });
// @ts-expect-error
filter({ 'title.length': 3 });
// @ts-expect-error
filter({ 'when.getTime': 3 });
// @ts-expect-error
filter({ 'scores.en': 'high' });

// --- Other kinds of metadata

// Without a type, or with one that is open, anything goes; of an open one, what is named is checked.
const loose: Filter = { a: { $gt: 3 }, $or: [{ b: { $contains: 'x' } }, { 'a.b.0': [1] }], c: { d: 1 } };
// biome-ignore lint/suspicious/noExplicitAny: a type argument
const open: [Filter<Metadata>, Filter<any>, Filter<object>] = [loose, loose, loose];
interface Titled extends Metadata {
  title: string;
}
const titled: Filter<Titled> = { title: { $contains: 'x' }, other: { $gt: 3 }, $or: [{ title: 'x' }] };
// @ts-expect-error
const wrongTitled: Filter<Titled> = { title: 3 };

const op: FilterOp = { $gt: 3, $in: ['a'], $elemMatch: { a: { $lt: 3 } }, $not: { $size: 3 } };
// @ts-expect-error
const wrongOp: FilterOp = { $regex: 'a' };
// @ts-expect-error
const wrongSize: FilterOp = { $size: '3' };

type Shape = { kind: 'circle'; r: number } | { kind: 'text'; text: string };
const shape: Filter<Shape> = { kind: { $in: ['circle', 'text'] }, r: { $gt: 1 }, text: { $contains: 'x' } };
// @ts-expect-error
const wrongShape: Filter<Shape> = { kind: 'square' };

interface Tree {
  name: string;
  parent: Tree | null;
  kids: Tree[];
}
const tree: Filter<Tree> = { 'parent.kids.name': 'x', 'kids.0.name': 'y', 'kids.kids.kids.kids.kids.name': 'z' };
// @ts-expect-error
const wrongTree: Filter<Tree> = { 'parent.kids.nam': 'x' };

export { loose, open, op, shape, titled, tree, wrongOp, wrongShape, wrongSize, wrongTitled, wrongTree };
