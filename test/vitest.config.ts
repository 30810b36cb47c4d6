// The contract suite runs once for each target; test/support/env.ts is what knows about targets.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import type { Target } from './support/env.js';

const root = fileURLToPath(new URL('..', import.meta.url));

function project(name: string, folder: string, target: Target, env: Record<string, string> = {}) {
  return {
    extends: true as const,
    test: { name, include: [`test/${folder}/**/*.test.ts`], provide: { target }, env },
  };
}

/** The contract in a real Chromium, but for what looks at files and at the process. */
function inChromium(target: 'wasm-simd' | 'wasm-scalar') {
  const executablePath = process.env.RUVECTOR_CHROMIUM ?? '/usr/bin/chromium';
  if (!existsSync(executablePath)) {
    console.warn(`SKIPPED: the contract in Chromium (RUVECTOR_CHROMIUM says where it is; ${executablePath} is not there)`);
    return [];
  }
  const args = [
    '--no-sandbox',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-dev-shm-usage',
    '--no-first-run',
  ];
  return [
    {
      extends: true as const,
      resolve: {
        alias: [
          { find: /^ruvector$/, replacement: `${root}js/browser.ts` },
          { find: /^\.\.\/support\/env\.js$/, replacement: `${root}test/support/env_browser.ts` },
        ],
      },
      test: {
        name: `chromium-${target}`,
        include: contractOfBrowsers.map((name) => `test/contract/${name}.test.ts`),
        provide: { target },
        browser: {
          enabled: true,
          headless: true,
          screenshotFailures: false,
          provider: playwright({ launchOptions: { executablePath, args } }),
          instances: [{ browser: 'chromium' as const }],
        },
      },
    },
  ];
}
const contractOfBrowsers = [
  ...['batches', 'collections', 'errors', 'explain', 'faults', 'filter', 'input', 'ivf', 'merging', 'order', 'projection', 'quantization'],
  ...['reading', 'recall', 'recall_target', 'search', 'search_raw', 'transactions'],
];

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
      ...inChromium('wasm-simd'),
      ...inChromium('wasm-scalar'),
    ],
  },
});
