// The page at work: what is chosen in one place is shown in the others.
import type { Filter } from '../../../types/api.js';
import type { CollectionInfo, Column, DatabaseInfo, Field, MapPoints, MapQuery, SearchRequest, Source } from '../source.js';
import { BrowsePanel } from './browse_panel.js';
import { coloursOf, type Scheme, schemeOf } from './colours.js';
import { find, foreign, make } from './dom.js';
import { EntryPanel } from './entry_panel.js';
import { count, milliseconds, percent } from './format.js';
import { HealthPanel } from './health_panel.js';
import { bestField, faintRows, legend } from './legend.js';
import { MapView } from './map_view.js';
import { textAt } from './rows_list.js';
import { SearchPanel } from './search_panel.js';
import { openTab, startTabs } from './tabs.js';
import { startTheme } from './theme.js';

const limits = [1000, 10_000, 25_000, 100_000];
const nearRows = 10;
const hoverMs = 90;

/** The field that says most of an entry: the longest texts. */
function titleField(fields: readonly Field[]): string {
  const texts = fields.filter(({ kind, distinct }) => kind === 'text' && distinct > 1).sort((a, b) => b.length - a.length);
  return texts[0]?.path ?? '';
}

export class App {
  readonly #source: Source;
  readonly #map: MapView;
  readonly #search: SearchPanel;
  readonly #entry: EntryPanel;
  readonly #browse: BrowsePanel;
  readonly #health = new HealthPanel();
  #scheme: Scheme = schemeOf(false);
  #info: DatabaseInfo | null = null;
  #collection: CollectionInfo | null = null;
  #query: MapQuery = { collection: '', limit: 10_000 };
  #points: MapPoints | null = null;
  #fields: readonly Field[] = [];
  #column: Column | null = null;
  #alone: number | null = null;
  #titlePath = '';
  /** The search whose hits are shown. */
  #shown: SearchRequest | null = null;
  /** Ends what is under way for an earlier wish. */
  #loading = new AbortController();
  #selecting = new AbortController();
  #searching = new AbortController();
  #comparing = new AbortController();
  #hoverTimer: ReturnType<typeof setTimeout> | undefined;
  #hovered = -1;

  constructor(source: Source) {
    this.#source = source;
    this.#map = new MapView(find('canvas'), {
      onHover: (row, left, top) => this.#hover(row, left, top),
      onSelect: (row) => (row < 0 ? this.#clear() : void this.#select(this.#points?.ids[row] as string, false)),
    });
    this.#search = new SearchPanel({
      onSearch: (by, k, filter, exact) => void this.#runSearch(by, k, filter, exact),
      onChoose: (id) => void this.#select(id, true),
      onCompare: () => void this.#compare(),
      onMapFilter: (filter) => this.#filterMap(filter),
    });
    this.#entry = new EntryPanel({
      onChoose: (id) => void this.#select(id, true),
      onLike: (id) => {
        openTab('search');
        this.#search.like(id);
      },
      onClear: () => this.#clear(),
    });
    this.#browse = new BrowsePanel(source, (id) => void this.#select(id, true));
    startTabs((tab) => tab === 'rows' && this.#browse.open());
    startTheme((scheme) => {
      this.#scheme = scheme;
      this.#map.setScheme(scheme);
      this.#colour();
    });
    this.#listen();
  }

  #listen(): void {
    const limit = find<HTMLSelectElement>('limit');
    for (const points of limits) limit.append(new Option(count(points), String(points), false, points === this.#query.limit));
    limit.addEventListener('change', () => {
      this.#query = { ...this.#query, limit: Number(limit.value) };
      void this.#loadMap();
    });
    const collection = find<HTMLSelectElement>('collection');
    collection.addEventListener('change', () => this.#open(collection.value));
    const colour = find<HTMLSelectElement>('colour');
    colour.addEventListener('change', () => void this.#loadColumn(colour.value));
    find('refresh').addEventListener('click', () => void this.#refresh());
    find('zoom-in').addEventListener('click', () => this.#map.zoom(1.8, undefined, undefined, true));
    find('zoom-out').addEventListener('click', () => this.#map.zoom(1 / 1.8, undefined, undefined, true));
    find('zoom-fit').addEventListener('click', () => this.#map.showAll());
    document.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.#clear();
      const typing = event.target instanceof Element && event.target.matches('input, textarea, select');
      if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      openTab('search');
      this.#search.focus();
    });
  }

  // --- Loading

  async start(): Promise<void> {
    try {
      const info = await this.#source.info({});
      this.#info = info;
      find('database').textContent = info.name;
      document.title = `${info.name} · ruvector studio`;
      const backend = find('backend');
      backend.textContent = info.backend;
      backend.title = `ruvector ${info.version}, opened for reading`;
      const select = find<HTMLSelectElement>('collection');
      const before = this.#collection?.name;
      select.replaceChildren(...info.collections.map(({ name, count: rows }) => new Option(`${name} (${count(rows)})`, name)));
      select.disabled = false;
      const first = info.collections.find(({ name }) => name === before) ?? info.collections.find((known) => known.count > 0);
      this.#open((first ?? info.collections[0])?.name ?? 'default');
    } catch (error) {
      this.#message((error as Error).message);
    }
  }

  async #refresh(): Promise<void> {
    const refresh = find<HTMLButtonElement>('refresh');
    refresh.disabled = true;
    try {
      const { changed } = await this.#source.refresh({});
      find('refresh-text').textContent = changed ? 'Refreshed' : 'Nothing new';
      if (changed) await this.start();
    } catch (error) {
      this.#message((error as Error).message);
    }
    setTimeout(() => {
      find('refresh-text').textContent = 'Refresh';
      refresh.disabled = false;
    }, 1200);
  }

  #open(name: string): void {
    const collection = this.#info?.collections.find((known) => known.name === name);
    if (!collection) {
      this.#message(`there is no collection ${JSON.stringify(name)}`);
      return;
    }
    find<HTMLSelectElement>('collection').value = name;
    this.#collection = collection;
    this.#query = { collection: name, limit: this.#query.limit };
    this.#comparing.abort();
    this.#search.setCollection(collection.dimensions);
    this.#browse.setCollection(name, collection.count);
    if (document.body.dataset.tab === 'rows') this.#browse.open();
    void this.#loadMap();
    void this.#loadHealth();
  }

  async #loadHealth(): Promise<void> {
    try {
      this.#health.show(await this.#source.stats({ collection: this.#query.collection }));
    } catch (error) {
      this.#health.fail((error as Error).message);
    }
  }

  #filterMap(filter: Filter | null): void {
    const { collection, limit } = this.#query;
    this.#query = filter === null ? { collection, limit } : { collection, limit, filter };
    void this.#loadMap();
  }

  async #loadMap(): Promise<void> {
    this.#loading.abort();
    this.#loading = new AbortController();
    const { signal } = this.#loading;
    this.#clear();
    find('map').classList.add('busy');
    this.#message('');
    this.#status('projecting …');
    try {
      const points = await this.#source.map(this.#query, signal);
      if (signal.aborted) return;
      this.#points = points;
      this.#column = null;
      this.#alone = null;
      this.#map.setPoints(points.x, points.y, coloursOf(null, points.ids.length, this.#scheme));
      this.#colour();
      this.#statusOfMap(points);
      if (points.ids.length === 0) this.#message(this.#query.filter ? 'No entry matches the filter.' : 'This collection is empty.');
      find('map').classList.remove('busy');
      await this.#loadFields(signal);
    } catch (error) {
      if (signal.aborted) return;
      find('map').classList.remove('busy');
      this.#status('');
      this.#message((error as Error).message);
    }
  }

  async #loadFields(signal: AbortSignal): Promise<void> {
    const before = find<HTMLSelectElement>('colour').value;
    const fields = await this.#source.fields({ map: this.#query }, signal);
    if (signal.aborted) return;
    this.#fields = fields;
    this.#titlePath = titleField(fields);
    this.#search.setFields(fields);
    this.#browse.setTitle(this.#titlePath);
    const select = find<HTMLSelectElement>('colour');
    select.replaceChildren(
      new Option('none', ''),
      ...fields.map(({ path }) => new Option(path.length > 40 ? `${path.slice(0, 40)}…` : path, path)),
    );
    select.disabled = false;
    const known = fields.some(({ path }) => path === before);
    await this.#loadColumn(known ? before : bestField(fields, this.#points?.ids.length ?? 0));
  }

  async #loadColumn(path: string): Promise<void> {
    const { signal } = this.#loading;
    find<HTMLSelectElement>('colour').value = path;
    try {
      const column = path === '' ? null : await this.#source.column({ map: this.#query, path }, signal);
      if (signal.aborted || find<HTMLSelectElement>('colour').value !== path) return;
      this.#column = column;
      this.#alone = null;
      this.#colour();
    } catch (error) {
      if (!signal.aborted) this.#message((error as Error).message);
    }
  }

  #colour(): void {
    const rows = this.#points?.ids.length ?? 0;
    this.#map.setColours(coloursOf(this.#column, rows, this.#scheme), faintRows(this.#column, this.#alone));
    const entries = legend(this.#column, this.#scheme, this.#alone, (code) => {
      this.#alone = code;
      this.#colour();
    });
    const held =
      document.activeElement?.parentElement === find('legend') ? Array.from(find('legend').children).indexOf(document.activeElement) : -1;
    find('legend').replaceChildren(...entries);
    if (held >= 0) entries[held]?.focus();
  }

  #status(text: string): void {
    find('map-status').textContent = text;
  }

  #statusOfMap({ ids, total, explained, milliseconds: took }: MapPoints): void {
    const some = ids.length < total ? `${count(ids.length)} of ${count(total)} entries` : `${count(total)} entries`;
    const filtered = this.#query.filter ? ' that match' : '';
    this.#status(`${some}${filtered} · the axes show ${percent(explained[0] + explained[1])} of the variance · ${milliseconds(took)}`);
  }

  #message(text: string): void {
    const message = find('message');
    message.textContent = text;
    message.hidden = text === '';
  }

  // --- Choosing

  #clear(): void {
    this.#selecting.abort();
    this.#searching.abort();
    this.#map.setMarks({ selected: null, near: [], hits: [], query: null });
    this.#entry.clear();
  }

  async #select(id: string, reveal: boolean): Promise<void> {
    this.#selecting.abort();
    this.#selecting = new AbortController();
    const { signal } = this.#selecting;
    const metric = this.#collection?.metric ?? 'cosine';
    try {
      const row = await this.#source.row({ map: this.#query, id }, signal);
      if (signal.aborted) return;
      if (!row) return this.#entry.fail('This entry is no longer there.');
      this.#map.setMarks({ selected: row.place, near: [] });
      if (reveal) this.#map.reveal([row.place]);
      this.#entry.show(row, null, metric, this.#titlePath);
      openTab('entry');
      const { hits, milliseconds: took } = await this.#source.search({ map: this.#query, by: { like: id }, k: nearRows }, signal);
      if (signal.aborted) return;
      this.#health.addTime(took);
      this.#entry.show(row, hits, metric, this.#titlePath);
      this.#map.setMarks({ near: hits.map(({ place }) => place) });
    } catch (error) {
      if (!signal.aborted) this.#entry.fail((error as Error).message);
    }
  }

  async #runSearch(by: SearchRequest['by'], k: number, filter: Filter | null, exact: boolean): Promise<void> {
    this.#searching.abort();
    this.#searching = new AbortController();
    const { signal } = this.#searching;
    this.#comparing.abort();
    this.#search.busy();
    try {
      const query = { map: this.#query, by, k, ...(filter ? { filter } : {}), ...(exact ? { exact } : {}) };
      const answer = await this.#source.search(query, signal);
      if (signal.aborted) return;
      this.#health.addTime(answer.milliseconds);
      this.#shown = query;
      this.#search.show(answer, this.#collection?.metric ?? 'cosine', this.#titlePath, this.#info?.comparable === true);
      const places = answer.hits.map(({ place }) => place);
      this.#map.setMarks({ selected: null, near: [], hits: places, query: answer.place });
      this.#map.reveal([answer.place, ...places]);
    } catch (error) {
      if (!signal.aborted) this.#search.fail(error as Error);
    }
  }

  async #compare(): Promise<void> {
    if (!this.#shown) return;
    this.#comparing = new AbortController();
    const { signal } = this.#comparing;
    this.#search.comparing();
    try {
      const comparison = await this.#source.compare(this.#shown, signal);
      if (!signal.aborted) this.#search.showComparison(comparison);
    } catch (error) {
      if (!signal.aborted) this.#search.failComparison(error as Error);
    }
  }

  // --- Under the pointer

  #hover(row: number, left: number, top: number): void {
    this.#hovered = row;
    const hint = find('hint');
    clearTimeout(this.#hoverTimer);
    if (row < 0 || !this.#points) {
      hint.hidden = true;
      return;
    }
    const id = this.#points.ids[row] as string;
    hint.replaceChildren(foreign('id', id, 60));
    hint.hidden = false;
    const { clientWidth, clientHeight } = find('canvas');
    hint.classList.toggle('leftwards', left > clientWidth / 2);
    hint.classList.toggle('upwards', top > clientHeight / 2);
    hint.style.left = `${left}px`;
    hint.style.top = `${top}px`;
    // Not for each point that the pointer passes.
    this.#hoverTimer = setTimeout(() => void this.#hoverDetails(row, id), hoverMs);
  }

  async #hoverDetails(row: number, id: string): Promise<void> {
    try {
      const found = await this.#source.row({ map: this.#query, id }, this.#loading.signal);
      if (this.#hovered !== row || !found?.metadata) return;
      const metadata = found.metadata;
      const title = this.#titlePath === '' ? '' : textAt(metadata, this.#titlePath);
      const lines = this.#fields
        .filter(({ path }) => path !== this.#titlePath && textAt(metadata, path) !== '')
        .slice(0, 5)
        .map(({ path }) => make('div', '', foreign('key', path, 30), foreign('', textAt(metadata, path), 60)));
      find('hint').replaceChildren(...(title === '' ? [] : [foreign('title', title, 140)]), foreign('id', id, 60), ...lines);
    } catch {
      // The id stays, which is what is known.
    }
  }
}
