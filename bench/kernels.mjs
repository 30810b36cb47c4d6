// Every kernel for every instruction set against plain loops, native with Google Benchmark and as WebAssembly: an array of
// { target, kernel, ratios: { dimensions: ratio }, bound: at least, or null }. A part that cannot be built is told through `note`.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './bounds/context.mjs';

// Whatever the dimensions.
const bounds = [
  [/^AVX2/, 4],
  [/^AVX3/, 8],
  [/^WASM/, 4],
];

function native() {
  const args = [
    '--benchmark_format=json',
    '--benchmark_enable_random_interleaving=true',
    '--benchmark_repetitions=9',
    '--benchmark_min_time=0.005',
    '--benchmark_report_aggregates_only=true',
  ];
  const text = execFileSync(join(root, 'build/native/bench_kernels'), args, {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const { context, benchmarks } = JSON.parse(text);
  const times = benchmarks
    .filter(({ aggregate_name }) => aggregate_name === 'median')
    .map(({ run_name, cpu_time }) => [run_name, cpu_time]);
  return { times, unmeasured: Number(context.unmeasured) };
}
function wasm() {
  const text = execFileSync(process.execPath, ['--no-experimental-fetch', join(root, 'build/wasm/kernels_simd.cjs')], { encoding: 'utf8' });
  const lines = text
    .trim()
    .split('\n')
    .map((line) => line.split(' '));
  return {
    times: lines.filter(([name]) => name !== 'unmeasured').map(([name, ns]) => [name, Number(ns)]),
    unmeasured: Number(lines.find(([name]) => name === 'unmeasured')[1]),
  };
}
function ratiosOf({ times }) {
  const found = new Map();
  const plain = Object.fromEntries(times.filter(([name]) => name.includes('/plain/')));
  for (const [name, time] of times) {
    const [kernel, target, dimensions] = name.split('/');
    if (target === 'plain') continue;
    const key = `${target}/${kernel}`;
    if (!found.has(key))
      found.set(key, { target, kernel, ratios: {}, bound: bounds.find(([pattern]) => pattern.test(target))?.[1] ?? null });
    found.get(key).ratios[dimensions] = plain[`${kernel}/plain/${dimensions}`] / time;
  }
  return [...found.values()].sort((a, b) => (a.target < b.target ? -1 : a.target > b.target ? 1 : 0));
}

export const title = 'Kernels, in cache, against plain loops that are not vectorized';
export function measure(context) {
  const all = [];
  for (const [what, program, run] of [
    ['native', 'build/native/bench_kernels', native],
    ['WebAssembly', 'build/wasm/kernels_simd.cjs', wasm],
  ]) {
    if (!existsSync(join(root, program))) {
      context.note(`${what}: ${program} was not built: not measured`);
      continue;
    }
    const measured = run();
    if (measured.unmeasured !== 0)
      context.note(`${what}: ${measured.unmeasured} kernel(s) of cpp/simd have no case in bench/native/kernel_cases.h`);
    all.push(...ratiosOf(measured));
  }
  for (const { target, kernel, ratios, bound } of all) {
    const what = `${target} ${kernel}, ${Object.keys(ratios).join('/')}: ${Object.values(ratios)
      .map((ratio) => ratio.toFixed(1))
      .join('/')}`;
    if (bound === null) context.note(`${what} ×`);
    else context.atLeast(`${what}, the least`, Math.min(...Object.values(ratios)), bound);
  }
  return all;
}
