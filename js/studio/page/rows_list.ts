// An entry as a line of a list: what it says of itself, its id, and how close it is.
import type { Metadata } from '../../../types/api.js';
import { foreign, make } from './dom.js';

/** The value at a dotted path, as text; empty where there is none. */
export function textAt(metadata: Metadata | null, path: string): string {
  let value: unknown = metadata;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return '';
    value = (value as { [key: string]: unknown })[key];
  }
  return typeof value === 'string' ? value : value === undefined || value === null ? '' : JSON.stringify(value);
}

export interface Closeness {
  /** 0 … 1: how far the bar is filled. */
  readonly share: number;
  readonly text: string;
}

export function rowLine(
  { id, metadata }: { readonly id: string; readonly metadata: Metadata | null },
  titlePath: string,
  closeness: Closeness | null,
  onChoose: () => void,
): HTMLLIElement {
  const title = titlePath === '' ? '' : textAt(metadata, titlePath);
  const line = make('button', 'row-line', title === '' ? null : foreign('title', title, 160), foreign('id', id, 80));
  line.type = 'button';
  if (closeness) {
    const filled = make('i');
    filled.style.width = `${Math.min(100, Math.max(0, 100 * closeness.share)).toFixed(1)}%`;
    line.append(make('span', 'bar', filled), make('span', 'figure', closeness.text));
  }
  line.addEventListener('click', onChoose);
  return make('li', '', line);
}
