// How the index is: from stats(), and the times of this session's searches.
import type { DbStats } from '../../../types/api.js';
import { find, make } from './dom.js';
import { bytes, count, milliseconds, percent } from './format.js';

const keptTimes = 60;

const plural = (n: number, what: string) => `${count(n)} ${what}${n === 1 ? '' : 's'}`;

function figure(label: string, value: string, note = '', wrong = false): HTMLElement {
  return make(
    'div',
    wrong ? 'figure-card wrong' : 'figure-card',
    make('span', '', label),
    make('strong', '', value),
    make('small', '', note),
  );
}

function codeName({ type, bits, subspaces, k }: DbStats['quantization'] | DbStats['quantization']['coded'][number]): string {
  const size = [bits === undefined ? '' : `${bits} bits`, subspaces === undefined ? '' : `${subspaces} × ${k}`].filter(
    (text) => text !== '',
  );
  return size.length > 0 ? `${type}, ${size.join(', ')}` : type;
}

function recallTable(stats: DbStats): HTMLElement[] {
  const name = stats.indexType === 'ivf' ? 'nprobe' : 'efSearch';
  const measured = stats.recall.filter(({ points }) => points.length > 0);
  if (measured.length === 0) {
    const why =
      stats.indexType === 'flat'
        ? 'Every search compares all entries: recall is 1.'
        : 'Not measured yet: the first search with the option recall measures it.';
    return [make('p', 'note', why)];
  }
  return measured.map(({ linked, points }) => {
    const table = make('table', '', make('caption', '', `${count(linked)} rows`));
    table.append(make('thead', '', make('tr', '', make('th', '', name), make('th', '', 'recall@10'), make('th', '', 'recall@100'))));
    const body = make('tbody');
    for (const [asked, at10, at100] of points) {
      const filled = make('i');
      filled.style.width = `${100 * at10}%`;
      body.append(
        make(
          'tr',
          '',
          make('td', '', count(asked)),
          make('td', 'measured', make('span', 'bar', filled), make('span', '', at10.toFixed(3))),
          make('td', '', at100 === 0 ? '–' : at100.toFixed(3)),
        ),
      );
    }
    table.append(body);
    return table;
  });
}

export class HealthPanel {
  readonly #panel = find('health');
  readonly #stats = make('div');
  readonly #timings = make('div');
  #times: number[] = [];

  constructor() {
    this.#panel.append(this.#stats, make('h3', '', 'Searches of this session'), this.#timings);
    this.#showTimes();
  }

  fail(message: string): void {
    this.#stats.replaceChildren(make('p', 'empty wrong', message));
  }

  show(stats: DbStats): void {
    const rows = stats.count + stats.deleted;
    const dead = rows === 0 ? 0 : stats.deleted / rows;
    const problems: HTMLElement[] = [];
    const warn = (text: string) => problems.push(make('p', 'warning', text));
    if (stats.maintenanceError !== undefined) warn(`Work in the background failed: ${stats.maintenanceError}`);
    if (stats.recovery.cutBytes > 0) warn(`Opening cut off ${bytes(stats.recovery.cutBytes)} of a transaction that was never finished.`);
    if (dead > 0.3 && stats.deleted > 4096) warn('Many rows are deleted but still there: compact() frees them.');
    const coded = stats.quantization.coded;
    this.#stats.replaceChildren(
      ...problems,
      make(
        'div',
        'figures',
        figure('Entries', count(stats.count), `${count(stats.dimensions)} dimensions`),
        figure(
          'Index',
          stats.indexType,
          `${stats.metric}, ${stats.indexType === 'ivf' ? plural(stats.nlist, 'list') : plural(stats.segments, 'segment')}`,
        ),
        figure('Deleted', count(stats.deleted), rows === 0 ? '' : `${percent(dead)} of the rows`, dead > 0.3),
        figure('Waiting', count(stats.pending), 'rows for their links'),
        figure('Memory', bytes(stats.memoryUsage), stats.vectorsInMemory ? '' : 'vectors on disk'),
        figure('Disk', bytes(stats.diskUsage), stats.walBytes > 0 ? `${bytes(stats.walBytes)} of it log` : ''),
      ),
      make('h3', '', 'Codes'),
      make(
        'ul',
        'plain',
        ...(coded.length === 0
          ? [make('li', 'note', `None yet; asked for: ${codeName(stats.quantization)}.`)]
          : coded.map((kind) => make('li', '', make('span', '', codeName(kind)), make('small', '', `${count(kind.rows)} rows`)))),
      ),
      make('h3', '', 'Recall'),
      ...recallTable(stats),
      make('h3', '', 'Opening'),
      make('p', 'note', `${plural(stats.recovery.replayedTransactions, 'transaction')} read from the log.`),
    );
  }

  addTime(ms: number): void {
    this.#times = [...this.#times, ms].slice(-keptTimes);
    this.#showTimes();
  }

  #showTimes(): void {
    if (this.#times.length === 0) {
      this.#timings.replaceChildren(make('p', 'note', 'None yet.'));
      return;
    }
    const sorted = [...this.#times].sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number;
    const most = sorted.at(-1) as number;
    const bars = make('div', 'times');
    bars.setAttribute('role', 'img');
    bars.setAttribute('aria-label', `Times of the last ${sorted.length} searches`);
    for (const ms of this.#times) {
      const bar = make('i');
      bar.style.height = `${Math.max(4, (100 * ms) / most)}%`;
      bar.title = milliseconds(ms);
      bars.append(bar);
    }
    this.#timings.replaceChildren(
      bars,
      make('p', 'note', `${count(sorted.length)} · median ${milliseconds(at(0.5))} · 95 of 100 within ${milliseconds(at(0.95))}`),
    );
  }
}
