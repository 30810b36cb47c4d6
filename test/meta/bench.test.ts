// The benchmarks' own arithmetic: what reports and the check of counted work rest on.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
// @ts-expect-error: plain JavaScript
import { compareFigures } from '../../bench/check/compare.mjs';
// @ts-expect-error: plain JavaScript
import { at, tooSlow } from '../../bench/peers/compare.mjs';
// @ts-expect-error: plain JavaScript
import { peers } from '../../bench/peers/list.mjs';
// @ts-expect-error: plain JavaScript
import { plot } from '../../bench/report/plot.mjs';

const bench = fileURLToPath(new URL('../../bench/', import.meta.url));

describe('counted work', () => {
  const of = (counts: Record<string, number>, instructions = { search: 1000 }, on: string | null = 'AVX2') => ({
    counts,
    instructions,
    on,
  });
  const before = of({ 'a/hops': 100, 'a/recall': 0.95 });
  const worse = (found: ReturnType<typeof of>) => compareFigures(before, found).worse;

  it('is worse beyond 5 %, and for a lower recall', () => {
    expect(worse(of({ 'a/hops': 104.9, 'a/recall': 0.95 }))).toBe(0);
    expect(worse(of({ 'a/hops': 105.1, 'a/recall': 0.95 }))).toBe(1);
    expect(worse(of({ 'a/hops': 50, 'a/recall': 0.94 }))).toBe(1);
    expect(worse(of({ 'a/hops': 100, 'a/recall': 0.95 }, { search: 1051 }))).toBe(1);
  });
  it('is worse where a figure is missing or new', () => {
    expect(worse(of({ 'a/hops': 100 }))).toBe(1);
    expect(worse(of({ 'a/hops': 100, 'a/recall': 0.95, 'b/hops': 1 }))).toBe(1);
  });
  it('skips instructions, saying so, of another target or without valgrind', () => {
    for (const on of ['SSE4', null]) {
      const { worse, lines } = compareFigures(before, of({ 'a/hops': 100, 'a/recall': 0.95 }, { search: 9999 }, on));
      expect(worse).toBe(0);
      expect(lines.join()).toContain('skipped instructions');
    }
  });
});

describe('speed at a recall', () => {
  const curve = [
    { recall10: 0.8, qps: 10_000 },
    { recall10: 0.9, qps: 1000 },
    { recall10: 0.9, qps: 900 },
    { recall10: 1, qps: 100 },
  ];
  it('lies between the points around it, on a log scale', () => {
    expect(at(0.85, curve)).toBeCloseTo(Math.sqrt(10_000 * 1000), 6);
    expect(at(0.95, curve)).toBeCloseTo(Math.sqrt(900 * 100), 6);
  });
  it('is that of the first point where all are better, and none where none is', () => {
    expect(at(0.5, curve)).toBe(10_000);
    expect(at(0.95, curve.slice(0, 3))).toBeNull();
  });
});

it('a peer that would take too long is left out, with the reason', () => {
  const set = (rows: number) => ({ name: `${rows}`, rows, dimensions: 10 });
  const earlier = [{ set: set(1000), results: [{ name: 'slow', buildSeconds: 5, knob: null, curve: [{ qps: 20 }] }] }];
  const limits = { buildLimit: 100 };
  expect(tooSlow('slow', set(10_000), limits, earlier)).toBeNull();
  expect(tooSlow('slow', set(30_000), limits, earlier)).toContain('at least 150 s');
  expect(tooSlow('slow', set(30_000), { buildLimit: 200 }, earlier)).toContain('1.5 s');
  expect(tooSlow('other', set(30_000), limits, earlier)).toBeNull();
});

it('every peer has its adapter and a pinned package', () => {
  const { dependencies } = JSON.parse(readFileSync(`${bench}peers/package.json`, 'utf8'));
  for (const { adapter } of peers) {
    const file = `${bench}peers/adapters/${adapter}.mjs`;
    expect(existsSync(file), file).toBe(true);
    const name = readFileSync(file, 'utf8').match(/package: '([^']+)'/)?.[1];
    if (name !== 'ruvector') expect(dependencies[name ?? ''], adapter).toMatch(/^\d+\.\d+\.\d+$/);
  }
});

it('a plot draws every peer that was measured and names no other', () => {
  const curve = [
    { recall10: 0.9, qps: 1000 },
    { recall10: 1, qps: 100 },
  ];
  const svg = plot('a < b', [
    { name: 'ruvector', curve },
    { name: 'sqlite-vec', curve: curve.slice(1) },
    { name: 'vectra', error: 'gone' },
  ]);
  expect(svg).toContain('a &lt; b');
  expect(svg.match(/class="label/g)).toHaveLength(2);
  expect(svg).not.toContain('vectra');
  expect(svg).not.toContain('NaN');
});
