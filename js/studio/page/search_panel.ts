// Searches: by an entry, by a vector, by a text where HashEmbedder has made the vectors; with a filter; and what was found, in what time, on
// the other backend too where somebody asks.
import type { Explanation, Filter, Metric } from '../../../types/api.js';
import type { Comparison, Field, SearchAnswer, SearchRequest } from '../source.js';
import { button, find, make } from './dom.js';
import { FilterBuilder } from './filter_builder.js';
import { bytes, count, milliseconds, short } from './format.js';
import { rowLine } from './rows_list.js';

type Way = 'like' | 'vector' | 'text';

const ways: Record<Way, { label: string; placeholder: string; note: string }> = {
  like: { label: 'Like an entry', placeholder: 'id of an entry', note: '' },
  vector: { label: 'Vector', placeholder: '[0.12, -0.05, …]', note: '' },
  text: {
    label: 'Text',
    placeholder: 'words to look for',
    note: 'Embedded here by HashEmbedder: words, not meaning, and only where the entries were embedded by it too. Your own model does not run here: embed the text there and paste its vector.',
  },
};

const strategies: Record<Explanation['segments'][number]['strategy'], string> = {
  none: 'nothing',
  scan: 'full scan',
  codeScan: 'scan',
  walk: 'graph',
  filteredWalk: 'filtered graph',
  probe: 'lists',
};

export interface SearchEvents {
  onSearch(by: SearchRequest['by'], k: number, filter: Filter | null, exact: boolean): void;
  onChoose(id: string): void;
  /** The search that is shown, on the other backend. */
  onCompare(): void;
  /** Whether the map shows only what the filter lets through. */
  onMapFilter(filter: Filter | null): void;
}

export class SearchPanel {
  readonly #events: SearchEvents;
  readonly #filter = new FilterBuilder(() => this.#filterChanged());
  readonly #inputs: Record<Way, HTMLInputElement | HTMLTextAreaElement>;
  readonly #note = make('p', 'note');
  readonly #k = make('input', 'k');
  readonly #exact = make('input');
  readonly #onMap = make('input');
  readonly #status = make('p', 'status');
  readonly #comparison = make('div', 'comparison');
  readonly #compare = button('quiet add', 'Time it under WebAssembly too', () => this.#events.onCompare());
  readonly #hits = make('ol', 'hits');
  readonly #go = make('button', 'primary', 'Search');
  readonly #tabs: Record<Way, HTMLButtonElement>;
  #way: Way = 'like';
  #dimensions = 0;

  constructor(events: SearchEvents) {
    this.#events = events;
    this.#inputs = { like: this.#input('like', 'input'), vector: this.#input('vector', 'textarea'), text: this.#input('text', 'input') };
    const tab = (way: Way) => button('', ways[way].label, () => this.#choose(way));
    this.#tabs = { like: tab('like'), vector: tab('vector'), text: tab('text') };
    const segments = make('div', 'segments', ...Object.values(this.#tabs));
    segments.setAttribute('role', 'group');
    segments.setAttribute('aria-label', 'Search by');
    Object.assign(this.#k, { type: 'number', min: '1', max: '1000', value: '10' });
    this.#exact.type = 'checkbox';
    this.#onMap.type = 'checkbox';
    this.#onMap.addEventListener('change', () => this.#showOnMap());
    this.#go.type = 'submit';
    this.#status.setAttribute('role', 'status');
    this.#comparison.setAttribute('role', 'status');
    this.#compare.title = 'Opens the database a second time, under WebAssembly: that takes memory and, where it is large, a while';

    const exact = make('label', 'check', this.#exact, 'exact');
    exact.title = 'Compares every entry instead of using the index';
    const form = make(
      'form',
      '',
      segments,
      ...Object.values(this.#inputs),
      this.#note,
      make('div', 'controls', make('label', 'check', this.#k, 'hits'), exact, make('span', 'spacer'), this.#go),
      make('h3', '', 'Only where'),
      this.#filter.element,
      make('label', 'check', this.#onMap, 'also on the map'),
    );
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#search();
    });
    find('search').append(form, this.#status, this.#comparison, this.#hits);
    this.#choose('like');
  }

  #input(way: Way, tag: 'input' | 'textarea'): HTMLInputElement | HTMLTextAreaElement {
    const made = make(tag, 'query');
    made.placeholder = ways[way].placeholder;
    made.setAttribute('aria-label', `Search: ${ways[way].placeholder}`);
    made.autocomplete = 'off';
    made.spellcheck = false;
    if (made instanceof HTMLTextAreaElement) {
      made.rows = 3;
      made.addEventListener('keydown', (event) => {
        if (event.key !== 'Enter' || event.shiftKey) return;
        event.preventDefault();
        this.#search();
      });
    }
    return made;
  }

  #choose(way: Way): void {
    this.#way = way;
    for (const known of Object.keys(ways) as Way[]) {
      this.#inputs[known].hidden = known !== way;
      this.#tabs[known].setAttribute('aria-pressed', String(known === way));
    }
    this.#showNote();
  }

  #showNote(): void {
    this.#note.textContent = this.#way === 'vector' ? `JSON: an array of ${count(this.#dimensions)} numbers.` : ways[this.#way].note;
    this.#note.hidden = this.#note.textContent === '';
  }

  focus(): void {
    this.#inputs[this.#way].focus();
  }

  // --- Asking

  #by(): SearchRequest['by'] {
    const text = this.#inputs[this.#way].value.trim();
    if (text === '') throw new Error(`Expected ${ways[this.#way].placeholder}.`);
    if (this.#way === 'like') return { like: this.#inputs.like.value };
    if (this.#way === 'text') return { text };
    let vector: unknown;
    try {
      vector = JSON.parse(text);
    } catch {
      throw new Error('This is no JSON: expected an array of numbers, as in [0.12, -0.05].');
    }
    if (!Array.isArray(vector) || !vector.every((value) => typeof value === 'number')) throw new Error('Expected an array of numbers.');
    if (vector.length !== this.#dimensions) {
      throw new Error(`The vector has ${count(vector.length)} values, expected ${count(this.#dimensions)}.`);
    }
    return { vector };
  }

  #search(): void {
    try {
      const k = Number(this.#k.value);
      if (!Number.isInteger(k) || k < 1 || k > 1000) throw new Error('Expected 1 to 1,000 hits.');
      this.#events.onSearch(this.#by(), k, this.#filter.filter(), this.#exact.checked);
    } catch (error) {
      this.fail(error as Error);
    }
  }

  like(id: string): void {
    this.#choose('like');
    this.#inputs.like.value = id;
    this.#search();
  }

  #filterChanged(): void {
    // Not while it is being typed: the map would jump.
    if (this.#onMap.checked) this.#onMap.checked = false;
  }

  #showOnMap(): void {
    try {
      const filter = this.#filter.filter();
      if (filter === null && this.#onMap.checked) throw new Error('The filter has no condition yet.');
      this.#events.onMapFilter(this.#onMap.checked ? filter : null);
    } catch (error) {
      this.#onMap.checked = false;
      this.fail(error as Error);
    }
  }

  // --- Showing

  setCollection(dimensions: number): void {
    this.#dimensions = dimensions;
    this.#filter.clear();
    this.#onMap.checked = false;
    this.#hits.replaceChildren();
    this.#comparison.replaceChildren();
    this.#status.textContent = '';
    this.#showNote();
  }

  setFields(fields: readonly Field[]): void {
    this.#filter.setFields(fields);
  }

  busy(): void {
    this.#status.classList.remove('wrong');
    this.#status.textContent = 'searching …';
    this.#comparison.replaceChildren();
  }

  fail(error: Error): void {
    this.#status.classList.add('wrong');
    this.#status.textContent = error.message;
    this.#comparison.replaceChildren();
    this.#hits.replaceChildren();
  }

  show({ hits, milliseconds: took, explanation }: SearchAnswer, metric: Metric, titlePath: string, comparable: boolean): void {
    const used = explanation.segments.filter(({ strategy }) => strategy !== 'none');
    const taken = used.map(({ strategy, codes }) => `${strategies[strategy]}${codes === 'none' ? '' : ` by ${codes}`}`);
    const ways = [...new Set(taken)].join(', ');
    const distances = explanation.segments.reduce((sum, segment) => sum + segment.distances, 0);
    this.#status.classList.remove('wrong');
    this.#status.replaceChildren(
      make('strong', '', milliseconds(took)),
      ` · ${count(hits.length)} ${hits.length === 1 ? 'hit' : 'hits'}${ways === '' ? '' : ` · ${ways}`} · ${count(distances)} distances`,
    );
    this.#comparison.replaceChildren(...(comparable ? [this.#compare] : []));
    const farthest = hits.at(-1)?.distance ?? 0;
    this.#hits.replaceChildren(
      ...hits.map((hit) => {
        const closeness =
          metric === 'cosine'
            ? { share: hit.similarity, text: hit.similarity.toFixed(3) }
            : { share: metric === 'dot' ? hit.distance / farthest : 1 - hit.distance / (farthest * 1.25 || 1), text: short(hit.distance) };
        return rowLine(hit, titlePath, closeness, () => this.#events.onChoose(hit.id));
      }),
    );
    // On a phone they are below the fold.
    if (matchMedia('(max-width: 899px)').matches) this.#status.scrollIntoView({ block: 'start' });
  }

  comparing(): void {
    this.#comparison.replaceChildren(make('p', 'note', 'timing it on both …'));
  }

  failComparison(error: Error): void {
    this.#comparison.replaceChildren(make('p', 'note wrong', error.message), this.#compare);
  }

  showComparison({ times, hits, common, memory }: Comparison): void {
    const most = Math.max(...times.map((time) => time.milliseconds));
    const lines = times.map(({ backend, milliseconds: took }) => {
      const filled = make('i');
      filled.style.width = `${(100 * took) / most}%`;
      return make('li', '', make('span', '', backend), make('span', 'bar', filled), make('strong', '', milliseconds(took)));
    });
    const found = hits === common ? 'the same hits' : `${count(common)} of ${count(hits)} hits the same`;
    const runs = [...new Set(times.map((time) => time.runs))].join(' and ');
    this.#comparison.replaceChildren(
      make('ul', 'backends', ...lines),
      make('p', 'note', `Medians of ${runs} runs after a first one · ${found} · WebAssembly holds ${bytes(memory)}.`),
    );
  }
}
