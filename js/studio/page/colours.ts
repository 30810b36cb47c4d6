// What colour each point has, by a field's column, in the light and in the dark.
import type { Column } from '../source.js';

export type Rgb = readonly [number, number, number];

export interface Scheme {
  readonly background: Rgb;
  /** Of points without a value, and of all where nothing is coloured by. */
  readonly plain: Rgb;
  readonly none: Rgb;
  readonly other: Rgb;
  readonly accent: string;
  readonly ink: string;
  readonly labels: readonly Rgb[];
  readonly ramp: readonly Rgb[];
}

const rgb = (hex: string): Rgb => [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as unknown as Rgb;
const list = (hexes: string): Rgb[] => hexes.split(' ').map(rgb);

const light: Scheme = {
  background: rgb('fbfaf7'),
  plain: rgb('0b7d6c'),
  none: rgb('c4c1b8'),
  other: rgb('8d8a82'),
  accent: '#0b6e5f',
  ink: '#1d1f23',
  labels: list('0f8f7c e0701c 4a5fd9 d43a70 b98a00 1c8bd0 8a45c4 55982c 9a6238 d9432f 5f7c8a'),
  ramp: list('f0b03a e8743b d0436f 8f2f8f 3f2a86'),
};

const dark: Scheme = {
  background: rgb('14161a'),
  plain: rgb('4fd1b5'),
  none: rgb('454a54'),
  other: rgb('8b909b'),
  accent: '#4fd1b5',
  ink: '#e8e6e1',
  labels: list('3fd6b6 ff9a4a 8e9dff ff7aa8 f0cc4f 58bdff c68cff 93d968 d3a47e ff7360 9fb8c6'),
  ramp: list('5a4fd8 9a4fd0 de5591 ff9466 ffd866'),
};

export const schemeOf = (isDark: boolean): Scheme => (isDark ? dark : light);

export const css = ([r, g, b]: Rgb): string => `rgb(${r} ${g} ${b})`;

/** Along a ramp, 0 … 1. */
export function along(ramp: readonly Rgb[], share: number): Rgb {
  const at = Math.min(Math.max(share, 0), 1) * (ramp.length - 1);
  const first = Math.min(Math.floor(at), ramp.length - 2);
  const [from, to] = [ramp[first] as Rgb, ramp[first + 1] as Rgb];
  return from.map((x, i) => Math.round(x + (at - first) * ((to[i] as number) - x))) as unknown as Rgb;
}

export const labelColour = (scheme: Scheme, code: number): Rgb =>
  code === -1 ? scheme.none : code === -2 ? scheme.other : (scheme.labels[code % scheme.labels.length] as Rgb);

/** One for each row, as 0xrrggbb. */
export function coloursOf(column: Column | null, rows: number, scheme: Scheme): Uint32Array {
  const number = ([r, g, b]: Rgb) => (r << 16) | (g << 8) | b;
  if (!column) return new Uint32Array(rows).fill(number(scheme.plain));
  if (column.kind === 'categories') {
    const known = new Map([...new Set(column.codes)].map((code) => [code, number(labelColour(scheme, code))]));
    return Uint32Array.from(column.codes, (code) => known.get(code) as number);
  }
  const steps = Array.from({ length: 256 }, (_, i) => number(along(scheme.ramp, i / 255)));
  const none = number(scheme.none);
  const width = column.most - column.least || 1;
  return Uint32Array.from(column.values, (value) =>
    value === null ? none : (steps[Math.round((255 * (value - column.least)) / width)] as number),
  );
}
