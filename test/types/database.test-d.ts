// Databases and collections over typed metadata, awaited and Sync. Checked by tsc (test/meta/types.test.ts).
import {
  type Collection,
  createVectorDb,
  type ExportV1,
  type Hits,
  type Projection,
  type RawHits,
  type StoredEntry,
  VectorDB,
  VectorDb,
  type VectorEntry,
} from 'ruvector';

interface Note {
  topic: string;
  year?: number;
}
interface Person {
  name: string;
}
/** Exactly Expected: neither any nor something wider. */
type Same<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>) => {};

const db = new VectorDB<Note>({ dimensions: 2 });
const vector = [1, 2];

export async function writes() {
  await db.insert({ vector, metadata: { topic: 'cats' } });
  db.insertSync({ id: 1, vector });
  await db.insertBatch([{ vector, metadata: { topic: 'cats', year: 2020 } }], { timeoutMs: 10 });
  db.insertBatchSync({ vectors: new Float32Array(4), metadata: [{ topic: 'cats' }, null] });
  await db.update('a', { metadata: { topic: 'dogs' } });
  db.updateSync('a', { vector });
  await db.updateMetadata('a', { topic: 'dogs' });
  db.updateMetadataSync('a', { topic: 'dogs' });
  // @ts-expect-error
  await db.insert({ vector, metadata: { topik: 'cats' } });
  // @ts-expect-error
  db.insertSync({ vector, metadata: { topic: 3 } });
  // @ts-expect-error
  await db.insertBatch([{ vector, metadata: {} }]);
  // @ts-expect-error
  db.insertBatchSync({ vectors: new Float32Array(2), metadata: [{ topic: 1 }] });
  // @ts-expect-error
  await db.update('a', { metadata: { year: 1 } });
  // @ts-expect-error
  db.updateSync('a', { metadata: 'text' });
  // @ts-expect-error
  await db.updateMetadata('a', { topic: 'dogs', yaer: 1 });
  // @ts-expect-error
  db.updateMetadataSync('a', {});
}

export async function reads() {
  const hits = await db.search({ vector, filter: { year: { $gte: 2020 } } });
  same<typeof hits, Hits<Note>>(true);
  same<typeof hits, Hits<Person>>(false);
  hits[0]?.metadata?.topic.toUpperCase();
  db.searchSync(vector, 3, { filter: { topic: { $contains: 'a' } } })[0]?.metadata?.year?.toFixed();
  (await db.searchBatch([{ like: 'a', filter: { topic: 'x' } }]))[0]?.[0]?.metadata?.topic.length;
  same<ReturnType<typeof db.searchBatchSync>, Hits<Note>[]>(true);
  const raw = await db.searchRaw(new Float32Array(4), 3, { efSearch: 50, filter: { year: { $gte: 2020 } } });
  same<typeof raw, RawHits>(true);
  same<ReturnType<typeof db.searchRawSync>, RawHits>(true);
  const points = await db.projection({ limit: 10, filter: { topic: 'cats' } });
  same<typeof points, Projection>(true);
  same<typeof raw.ids, Float64Array>(true);
  same<ReturnType<typeof db.getSync>, StoredEntry<Note> | null>(true);
  const [one] = await db.getMany(['a']);
  one?.metadata?.topic.length;
  for await (const entry of db.entries({ filter: { topic: 'x' } })) entry.metadata?.topic.length;
  (await db.page({ filter: { year: null } })).entries[0]?.metadata?.topic.length;
  db.pageSync().entries[0]?.metadata?.topic.length;
  await db.count({ $or: [{ year: 1 }] });
  db.deleteWhereSync({ topic: 'x' });
  // @ts-expect-error
  hits[0]?.metadata?.topik;
  // @ts-expect-error metadata may be missing
  hits[0]?.metadata.topic;
  // @ts-expect-error
  await db.search({ vector, filter: { yaer: 2020 } });
  // @ts-expect-error
  await db.search(vector, 3, { filter: { year: '2020' } });
  // @ts-expect-error
  db.searchSync({ vector, filter: { year: { $less: 3 } } });
  // @ts-expect-error
  db.searchSync(vector, 3, { filter: { topic: 3 } });
  // @ts-expect-error
  await db.searchBatch([{ vector, filter: { topic: 3 } }]);
  // @ts-expect-error
  db.searchBatchSync([{ vector, filter: { topic: 3 } }]);
  // @ts-expect-error
  await db.searchRaw(new Float32Array(2), 1, { filter: { topic: 3 } });
  // @ts-expect-error
  db.searchRawSync(new Float32Array(2), 1, { filter: { yaer: 3 } });
  // @ts-expect-error numbers and nothing else come back
  await db.searchRaw(new Float32Array(2), 1, { includeMetadata: true });
  // @ts-expect-error
  await db.searchRaw([1, 2], 1);
  // @ts-expect-error
  await db.projection({ filter: { topic: 3 } });
  // @ts-expect-error
  await db.count({ yaer: 3 });
  // @ts-expect-error
  db.countSync({ yaer: 3 });
  // @ts-expect-error
  await db.deleteWhere({ topic: { $size: 3 } });
  // @ts-expect-error
  db.deleteWhereSync({ topic: true });
  // @ts-expect-error
  db.entries({ filter: { yaer: 3 } });
  // @ts-expect-error
  await db.page({ filter: { yaer: 3 } });
  // @ts-expect-error
  db.pageSync({ filter: { yaer: 3 } });
}

export async function collections() {
  const people = db.collection<Person>('people', { dimensions: 3 });
  same<typeof people, Collection<Person>>(true);
  await people.insert({ vector, metadata: { name: 'Ada' } });
  // @ts-expect-error of the database, not of the collection
  await people.insert({ vector, metadata: { topic: 'cats' } });
  // @ts-expect-error
  people.countSync({ topic: 'cats' });
  await db.collection('loose').insert({ vector, metadata: { whatever: [1] } });

  const count = await db.transaction((t) => {
    t.insert({ vector, metadata: { topic: 'cats' } });
    t.collection<Person>('people').insertBatch([{ vector, metadata: { name: 'Ada' } }]);
    t.collection('loose').insert({ vector, metadata: { whatever: 1 } });
    // @ts-expect-error
    t.insert({ vector, metadata: { name: 'Ada' } });
    // @ts-expect-error
    t.collection<Person>('people').insert({ vector, metadata: { topic: 'cats' } });
    return 3;
  });
  same<typeof count, number>(true);
  // @ts-expect-error
  db.transactionSync((t) => t.insertBatch([{ vector, metadata: { topik: 'cats' } }]));
}

export async function makers() {
  same<Awaited<ReturnType<typeof VectorDB.open<Note>>>, VectorDB<Note>>(true);
  const all: VectorDB<Note>[] = [
    await VectorDB.open<Note>(3),
    VectorDB.withDimensions<Note>(3),
    await VectorDB.fromBytes<Note>(await db.toBytes()),
    await createVectorDb<Note>({ dimensions: 3 }),
    new VectorDb<Note>(3),
  ];
  const data: ExportV1<Note> = await db.exportAll();
  await all[0]?.importAll(data);
  // @ts-expect-error
  await db.collection<Person>('people').importAll(data);
  // @ts-expect-error numbers are no metadata
  new VectorDB<number>(3);
}

// Without a type: any metadata, any path.
export async function untyped() {
  const plain = new VectorDB({ dimensions: 2 });
  same<typeof plain, VectorDB>(true);
  await plain.insert({ vector, metadata: { a: [1, { b: null }] } });
  const [hit] = await plain.search({ vector, filter: { 'a.1.b': null, $or: [{ x: { $gt: 3 } }], y: { $in: ['a', 1] } } });
  const title = hit?.metadata?.title as string | undefined;
  const entries: VectorEntry[] = [{ vector }, { vector, metadata: {} }];
  await plain.insertBatch(entries);
  const some: Collection = plain;
  // @ts-expect-error
  await plain.insert({ vector, metadata: { at: () => 1 } });
  return [title, some];
}

// A wrapper with a type of its own; a function for databases of any type.
export class Memory<M extends object> {
  readonly db = new VectorDB<M>(2);
  remember(metadata: M) {
    return this.db.insert({ vector, metadata });
  }
  recall(filter: NonNullable<Parameters<VectorDB<M>['count']>[0]>): Promise<Hits<M>> {
    return this.db.search({ vector, filter });
  }
}
export const recalled = () => new Memory<Note>().recall({ topic: 'x', $nor: [{ year: 3 }] });
// @ts-expect-error
export const misspelt = () => new Memory<Note>().recall({ topik: 'x' });
// biome-ignore lint/suspicious/noExplicitAny: whatever its metadata is
const backup = (any: VectorDB<any>) => any.toBytesSync();
export const backups = () => [backup(db), backup(new VectorDB(3))];

export function quantizations() {
  const dimensions = 2;
  new VectorDB({ dimensions, quantization: { type: 'rotated', bits: 3, rerank: 40 } });
  new VectorDB({ dimensions, quantization: { type: 'product', subspaces: 2, k: 16, rerank: 0 } });
  new VectorDB({ dimensions, quantization: { type: 'tiered' } });
  // @ts-expect-error: at most 8
  new VectorDB({ dimensions, quantization: { type: 'rotated', bits: 9 } });
  // @ts-expect-error: binary has 1
  new VectorDB({ dimensions, quantization: { type: 'binary', bits: 1 } });
  // @ts-expect-error: nothing is estimated
  new VectorDB({ dimensions, quantization: { type: 'none', rerank: 5 } });
  // @ts-expect-error: of product
  new VectorDB({ dimensions, quantization: { type: 'scalar', subspaces: 4 } });
}
