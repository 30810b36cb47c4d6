// A collection's entries in order of insertion, a page at a time.
import type { RowPage, Source } from '../source.js';
import { button, find, make } from './dom.js';
import { count } from './format.js';
import { rowLine } from './rows_list.js';

export class BrowsePanel {
  readonly #panel = find('rows');
  readonly #source: Source;
  readonly #onChoose: (id: string) => void;
  #collection = '';
  #total = 0;
  #titlePath = '';
  #list = make('ol', 'hits');
  #more = make('div', 'controls');
  #loaded = false;
  #shown = 0;

  constructor(source: Source, onChoose: (id: string) => void) {
    this.#source = source;
    this.#onChoose = onChoose;
  }

  /** Reads nothing yet. */
  setCollection(collection: string, total: number): void {
    [this.#collection, this.#total, this.#loaded, this.#shown] = [collection, total, false, 0];
    this.#list = make('ol', 'hits');
    this.#more = make('div', 'controls');
    this.#panel.replaceChildren(make('p', 'status', `${count(total)} entries, in order of insertion`), this.#list, this.#more);
  }

  setTitle(path: string): void {
    this.#titlePath = path;
  }

  /** The panel is looked at. */
  open(): void {
    if (this.#loaded || this.#collection === '') return;
    this.#loaded = true;
    void this.#load(null);
  }

  async #load(cursor: string | null): Promise<void> {
    const [list, more] = [this.#list, this.#more];
    let page: RowPage;
    try {
      page = await this.#source.rows({ collection: this.#collection, cursor });
    } catch (error) {
      more.replaceChildren(make('p', 'status wrong', (error as Error).message));
      this.#loaded = false;
      return;
    }
    list.append(...page.rows.map((row) => rowLine(row, this.#titlePath, null, () => this.#onChoose(row.id))));
    if (list === this.#list) this.#shown += page.rows.length;
    const next = page.cursor;
    more.replaceChildren(
      ...(next === null ? [] : [button('quiet', `More (${count(this.#shown)} of ${count(this.#total)})`, () => void this.#load(next))]),
    );
  }
}
