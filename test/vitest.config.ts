// The contract suite runs once for each target; test/support/env.ts is what knows about targets.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import type { Target } from './support/env.js';

const root = fileURLToPath(new URL('..', import.meta.url));

function project(name: string, folder: string, target: Target, env: Record<string, string> = {}) {
  return {
    extends: true as const,
    test: { name, include: [`test/${folder}/**/*.test.ts`], provide: { target }, env },
  };
}

export default defineConfig({
  root,
  resolve: {
    alias: [
      { find: /^ruvector$/, replacement: `${root}js/index.ts` },
      { find: /^ruvector\/browser$/, replacement: `${root}js/browser.ts` },
    ],
  },
  test: {
    root,
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    projects: [
      project('native', 'contract', 'native'),
      project('wasm-simd', 'contract', 'wasm-simd', { RUVECTOR_WASM: 'simd' }),
      project('wasm-scalar', 'contract', 'wasm-scalar', { RUVECTOR_WASM: 'scalar' }),
      project('node', 'node', 'native'),
      project('conformance', 'conformance', 'native'),
      project('browser', 'browser', 'native'),
      project('meta', 'meta', 'native'),
    ],
  },
});
