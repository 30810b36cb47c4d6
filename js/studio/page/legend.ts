// What colours mean. Of categories each can be looked at alone.
import type { Column } from '../source.js';
import { along, css, labelColour, type Rgb, type Scheme } from './colours.js';
import { foreign, make } from './dom.js';
import { count, short } from './format.js';

function dot(colour: Rgb): HTMLElement {
  const made = make('i', 'dot');
  made.style.background = css(colour);
  return made;
}

/** `alone`: the code that is looked at alone, or null. */
export function legend(
  column: Column | null,
  scheme: Scheme,
  alone: number | null,
  onChoose: (code: number | null) => void,
): HTMLElement[] {
  if (!column) return [];
  if (column.kind === 'numbers') {
    const bar = make('span', 'ramp');
    const stops = Array.from({ length: 9 }, (_, i) => css(along(scheme.ramp, i / 8)));
    bar.style.backgroundImage = `linear-gradient(to right, ${stops.join(', ')})`;
    return [make('div', 'numbers', make('span', '', short(column.least)), bar, make('span', '', short(column.most)))];
  }
  const entry = (code: number, label: HTMLElement | string, rows: number | null) => {
    const made = make('button', 'label', dot(labelColour(scheme, code)), label, rows === null ? null : make('small', '', count(rows)));
    made.type = 'button';
    made.setAttribute('aria-pressed', String(alone === code));
    made.classList.toggle('dimmed', alone !== null && alone !== code);
    made.addEventListener('click', () => onChoose(alone === code ? null : code));
    return made;
  };
  const entries = column.labels.map((label, code) =>
    entry(code, foreign('', label === '' ? '(empty)' : label, 60), column.counts[code] as number),
  );
  const none = column.codes.reduce((sum, code) => sum + (code === -1 ? 1 : 0), 0);
  if (column.others > 0) entries.push(entry(-2, `${count(column.others)} others`, null));
  if (none > 0) entries.push(entry(-1, 'none', none));
  return entries;
}

/** Rows to show faintly while one category is looked at alone. */
export function faintRows(column: Column | null, alone: number | null): Uint8Array | null {
  if (alone === null || column?.kind !== 'categories') return null;
  return Uint8Array.from(column.codes, (code) => (code === alone ? 0 : 1));
}

/** The field that shows most at first sight: few different texts, on nearly all rows. */
export function bestField<F extends { kind: string; distinct: number; present: number; path: string }>(
  fields: readonly F[],
  rows: number,
): string {
  const good = fields.filter(({ distinct, present }) => distinct > 1 && present >= rows / 2);
  const categories = good.filter(({ kind, distinct }) => kind !== 'number' && distinct <= 24);
  const numbers = good.filter(({ kind, distinct }) => kind === 'number' && distinct > 2 && distinct < rows);
  const most = categories.sort((a, b) => b.present - a.present || Math.min(b.distinct, 11) - Math.min(a.distinct, 11))[0];
  return (most ?? numbers[0])?.path ?? '';
}
