// What this process and a folder take of the machine.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const mega = 2 ** 20;

export function usage(folder) {
  const files = readdirSync(folder);
  const bytes = files.reduce((sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0), 0);
  globalThis.gc?.();
  return {
    rssMB: process.memoryUsage.rss() / mega,
    heapMB: process.memoryUsage().heapUsed / mega,
    fds: readdirSync('/proc/self/fd').length,
    threads: readdirSync('/proc/self/task').length,
    files: files.length,
    diskMB: bytes / mega,
  };
}

export const quantile = (values, q) => values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * q)] ?? 0;
export const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

/** Vectors around centres: near neighbours that mean something. */
export function clusters(dimensions, count, seed) {
  let state = seed;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
  const normal = () => Math.sqrt(-2 * Math.log(uniform() + 1e-12)) * Math.cos(6.283185307 * uniform());
  const centres = Array.from({ length: count }, () => Float32Array.from({ length: dimensions }, normal));
  return {
    uniform,
    below: (n) => Math.floor(uniform() * n),
    vector() {
      const centre = centres[Math.floor(uniform() * count)];
      return Float32Array.from(centre, (x) => x + 1.2 * normal());
    },
  };
}
