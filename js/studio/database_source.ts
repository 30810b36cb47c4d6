// Answers the page from an open database: in the server's process, or in the page itself.
import type { Collection, Hits, Metadata, Projection, SearchQuery, VectorDB } from '../../types/api.js';
import { HashEmbedder } from '../hash_embedder.js';
import { FieldTable } from './fields.js';
import { compareBackends, type SecondBackend } from './second_backend.js';
import type {
  Column,
  Comparison,
  DatabaseInfo,
  Field,
  FoundRow,
  MapPoints,
  MapQuery,
  Place,
  RowDetail,
  RowPage,
  SearchAnswer,
  SearchRequest,
  Source,
} from './source.js';

const mostMaps = 3;
const pageRows = 50;
const shownValues = 256;
const searchTimeoutMs = 20_000;
const mapTimeoutMs = 60_000;
// Vectors come with the metadata: a few megabytes of them at a time.
const valuesAtOnce = 1 << 20;

interface KeptMap {
  readonly projection: Projection;
  table?: Promise<FieldTable>;
}

export class DatabaseSource implements Source {
  readonly #db: VectorDB;
  readonly #name: string;
  readonly #version: string;
  readonly #second: SecondBackend | null;
  /** By query, the last used at the end. */
  readonly #maps = new Map<string, Promise<KeptMap>>();

  /** `name` and `version` are shown; the databases stay their owner's. `second` is what `compare` compares with. */
  constructor(db: VectorDB, name: string, version: string, second: SecondBackend | null = null) {
    this.#db = db;
    this.#name = name;
    this.#version = version;
    this.#second = second;
  }

  #collection(name: string, db = this.#db): Collection {
    return name === 'default' ? db : db.collection(name);
  }

  async info(): Promise<DatabaseInfo> {
    const collections = [];
    for (const name of await this.#db.collections()) {
      const { count, dimensions, metric } = await this.#collection(name).stats();
      collections.push({ name, count, dimensions, metric });
    }
    return { name: this.#name, backend: this.#db.backend, version: this.#version, collections, comparable: this.#second !== null };
  }

  async refresh(): Promise<{ changed: boolean }> {
    const changed = await this.#db.refresh();
    await this.#second?.refresh();
    if (changed) this.#maps.clear();
    return { changed };
  }

  stats({ collection }: { collection: string }) {
    return this.#collection(collection).stats();
  }

  // --- The map

  #keep(query: MapQuery): Promise<KeptMap> {
    const key = JSON.stringify([query.collection, query.limit, query.filter ?? null]);
    const known = this.#maps.get(key);
    this.#maps.delete(key);
    const kept = known ?? this.#project(query);
    this.#maps.set(key, kept);
    for (const oldest of this.#maps.keys()) {
      if (this.#maps.size <= mostMaps) break;
      this.#maps.delete(oldest);
    }
    // The next who asks tries again.
    kept.catch(() => this.#maps.delete(key));
    return kept;
  }

  async #project({ collection, limit, filter }: MapQuery): Promise<KeptMap> {
    const options = { limit, timeoutMs: mapTimeoutMs, ...(filter === undefined ? {} : { filter }) };
    return { projection: await this.#collection(collection).projection(options) };
  }

  async map(query: MapQuery): Promise<MapPoints> {
    const start = performance.now();
    const { projection } = await this.#keep(query);
    const { ids, x, y, axes, total } = projection;
    return { ids, x, y, explained: [axes[0].explained, axes[1].explained], total, milliseconds: performance.now() - start };
  }

  async #table(query: MapQuery): Promise<FieldTable> {
    const kept = await this.#keep(query);
    if (!kept.table) {
      kept.table = this.#readFields(query, kept.projection.ids);
      kept.table.catch(() => {
        delete kept.table;
      });
    }
    return kept.table;
  }

  async #readFields({ collection }: MapQuery, ids: readonly string[]): Promise<FieldTable> {
    const from = this.#collection(collection);
    const table = new FieldTable(ids.length);
    if (ids.length === 0) return table;
    const { dimensions } = await from.stats();
    const atOnce = Math.max(1, Math.min(1000, Math.floor(valuesAtOnce / dimensions)));
    for (let first = 0; first < ids.length; first += atOnce) {
      const entries = await from.getMany(ids.slice(first, first + atOnce));
      for (const [i, entry] of entries.entries()) if (entry?.metadata) table.add(first + i, entry.metadata);
    }
    return table;
  }

  async fields({ map }: { map: MapQuery }): Promise<readonly Field[]> {
    return (await this.#table(map)).list();
  }

  async column({ map, path }: { map: MapQuery; path: string }): Promise<Column> {
    const column = (await this.#table(map)).column(path);
    if (!column) throw new Error(`no entry of the map has a field ${JSON.stringify(path)}`);
    return column;
  }

  // --- Rows

  async row({ map, id }: { map: MapQuery; id: string }): Promise<RowDetail | null> {
    const collection = this.#collection(map.collection);
    const entry = await collection.get(id);
    if (!entry) return null;
    const { projection } = await this.#keep(map);
    return {
      id,
      metadata: entry.metadata ?? null,
      vector: Array.from(entry.vector.subarray(0, shownValues)),
      length: entry.vector.length,
      place: placeOf(entry.vector, projection, (await collection.stats()).metric === 'cosine'),
    };
  }

  async rows({ collection, filter, cursor }: Parameters<Source['rows']>[0]): Promise<RowPage> {
    const page = await this.#collection(collection).page({ limit: pageRows, cursor, ...(filter === undefined ? {} : { filter }) });
    return { rows: page.entries.map(({ id, metadata }) => ({ id, metadata: metadata ?? null })), cursor: page.cursor };
  }

  /** What to search for, and the vector that it stands for. */
  async #query({ map, by, k, filter, exact }: SearchRequest, signal?: AbortSignal): Promise<[SearchQuery, ArrayLike<number>]> {
    const collection = this.#collection(map.collection);
    const vector =
      'like' in by
        ? (await collection.get(by.like))?.vector
        : 'text' in by
          ? embed(by.text, (await collection.stats()).dimensions)
          : by.vector;
    if (vector === undefined) throw new Error(`there is no entry ${JSON.stringify((by as { like: string }).like)}`);
    const query = {
      ...('like' in by ? { like: by.like } : { vector }),
      k,
      timeoutMs: searchTimeoutMs,
      ...(filter === undefined ? {} : { filter }),
      ...(exact === undefined ? {} : { exact }),
      ...(signal === undefined ? {} : { signal }),
    };
    return [query, vector];
  }

  async search(request: SearchRequest, signal?: AbortSignal): Promise<SearchAnswer> {
    const collection = this.#collection(request.map.collection);
    const { metric } = await collection.stats();
    const { projection } = await this.#keep(request.map);
    const [query, vector] = await this.#query(request, signal);
    const start = performance.now();
    const found = await collection.search(query);
    const milliseconds = performance.now() - start;
    const unit = metric === 'cosine';
    return {
      hits: await this.#place(collection, found, projection, unit),
      place: placeOf(vector, projection, unit),
      milliseconds,
      explanation: await collection.explain(query),
    };
  }

  async compare(request: SearchRequest, signal?: AbortSignal): Promise<Comparison> {
    if (!this.#second) throw new Error('there is no other backend here to compare with');
    const [query] = await this.#query(request, signal);
    const both = [this.#db, await this.#second.get()] as const;
    return compareBackends(both, (db) => this.#collection(request.map.collection, db), query, signal);
  }

  // Vectors are fetched apart: the time of the search is the time of a search.
  async #place(collection: Collection, found: Hits, projection: Projection, unit: boolean): Promise<FoundRow[]> {
    const entries = await collection.getMany(found.map(({ id }) => id));
    return found.map(({ id, distance, similarity, metadata }, i) => ({
      id,
      distance,
      similarity,
      metadata: (metadata as Metadata | undefined) ?? null,
      place: placeOf(entries[i]?.vector ?? [], projection, unit),
    }));
  }
}

function embed(text: string, dimensions: number): Float32Array {
  return new HashEmbedder(dimensions).embed([text])[0] as Float32Array;
}

/** Where a vector lies on a map, as the core has put the others there. */
function placeOf(vector: ArrayLike<number>, { axes }: Projection, unit: boolean): Place {
  let x = 0;
  let y = 0;
  let square = 0;
  for (let i = 0; i < vector.length; i++) {
    const value = vector[i] as number;
    x += value * (axes[0].direction[i] ?? 0);
    y += value * (axes[1].direction[i] ?? 0);
    square += value * value;
  }
  const scale = unit && square > 0 ? 1 / Math.sqrt(square) : 1;
  return { x: x * scale - axes[0].origin, y: y * scale - axes[1].origin };
}
