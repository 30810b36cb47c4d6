// One entry: its metadata, the beginning of its vector, and its nearest neighbours.
import type { Json, Metadata, Metric } from '../../../types/api.js';
import type { FoundRow, RowDetail } from '../source.js';
import { button, find, foreign, make } from './dom.js';
import { count, short } from './format.js';
import { rowLine } from './rows_list.js';

const deepest = 6;

function value(json: Json, depth: number): HTMLElement {
  if (typeof json === 'string') return foreign('text', json, 2000);
  if (typeof json !== 'object' || json === null) return make('span', 'scalar', String(json));
  if (Array.isArray(json) || depth >= deepest) return foreign('text', JSON.stringify(json), 2000);
  return table(json as Metadata, depth + 1);
}

function table(metadata: Metadata, depth = 0): HTMLElement {
  const list = make('dl', 'metadata');
  for (const [key, json] of Object.entries(metadata as { [key: string]: Json }).slice(0, 200)) {
    list.append(make('dt', '', foreign('', key, 80)), make('dd', '', value(json, depth)));
  }
  return list;
}

/** The values as bars up and down from a line. */
function spectrum(values: readonly number[]): HTMLCanvasElement {
  const canvas = make('canvas', 'spectrum');
  const [width, height] = [600, 80];
  Object.assign(canvas, { width, height });
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', `The first ${values.length} values of the vector`);
  const context = canvas.getContext('2d');
  const most = Math.max(...values.map(Math.abs)) || 1;
  const step = width / values.length;
  if (context) {
    context.fillStyle = '#7a8794';
    context.fillRect(0, height / 2 - 0.5, width, 1);
    for (const [i, x] of values.entries()) {
      const tall = (Math.abs(x) / most) * (height / 2 - 1);
      context.fillRect(i * step, x > 0 ? height / 2 - tall : height / 2, Math.max(step - 0.75, 0.75), tall);
    }
  }
  return canvas;
}

export interface EntryEvents {
  onChoose(id: string): void;
  onLike(id: string): void;
  onClear(): void;
}

export class EntryPanel {
  readonly #events: EntryEvents;
  readonly #panel = find('entry');

  constructor(events: EntryEvents) {
    this.#events = events;
    this.clear();
  }

  clear(): void {
    this.#panel.replaceChildren(
      make('p', 'empty', 'Click a point of the map, or a line of a list, to see the entry and its nearest neighbours.'),
    );
  }

  fail(message: string): void {
    this.#panel.replaceChildren(make('p', 'empty wrong', message));
  }

  show(row: RowDetail, near: readonly FoundRow[] | null, metric: Metric, titlePath: string): void {
    const copy = button('quiet', 'Copy id', () => {
      navigator.clipboard.writeText(row.id).then(
        () => {
          copy.textContent = 'Copied';
        },
        () => {
          copy.textContent = 'Not allowed';
        },
      );
    });
    const close = button('quiet remove', '×', () => this.#events.onClear());
    close.setAttribute('aria-label', 'Clear the selection');
    const shown = row.vector.slice(0, 6).map(short).join(', ');
    this.#panel.replaceChildren(
      make('div', 'entry-head', foreign('entry-name', row.id, 300), close),
      make(
        'div',
        'controls',
        button('quiet', 'Search like this', () => this.#events.onLike(row.id)),
        copy,
      ),
      row.metadata ? table(row.metadata) : make('p', 'empty', 'No metadata.'),
      make('h3', '', `Vector `, make('small', '', `${count(row.length)} values`)),
      spectrum(row.vector),
      make('p', 'vector', `[${shown}${row.length > 6 ? ', …' : ''}]`),
      make('h3', '', 'Nearest'),
      near === null
        ? make('p', 'empty', '…')
        : near.length === 0
          ? make('p', 'empty', 'It is the only one.')
          : make('ol', 'hits', ...near.map((hit) => this.#line(hit, near, metric, titlePath))),
    );
    this.#panel.scrollTop = 0;
  }

  #line(hit: FoundRow, near: readonly FoundRow[], metric: Metric, titlePath: string): HTMLElement {
    const farthest = near.at(-1)?.distance || 1;
    const closeness =
      metric === 'cosine'
        ? { share: hit.similarity, text: hit.similarity.toFixed(3) }
        : { share: metric === 'dot' ? hit.distance / farthest : 1 - hit.distance / (farthest * 1.25), text: short(hit.distance) };
    return rowLine(hit, titlePath, closeness, () => this.#events.onChoose(hit.id));
  }
}
