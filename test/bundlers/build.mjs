// node build.mjs <bundler> <program folder>: bundles the program, as somebody would who follows the README. With a process of its own for
// each bundler, as they keep things open.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [, , bundler, folder] = process.argv;
const require = createRequire(import.meta.url);
const out = join(folder, 'out');
mkdirSync(out, { recursive: true });

const html = (script) => `<!doctype html><title>ruvector</title><script type="module" src="${script}"></script>`;

/** The step that README.md tells of, for bundlers that copy no files: the program is /app/page.js, so WebAssembly is in /wasm/dist. */
function copyWasm() {
  for (const variant of ['simd', 'scalar']) {
    const name = `wasm/dist/ruvector-${variant}.wasm`;
    cpSync(join(folder, 'node_modules/ruvector', name), join(out, name));
  }
}

async function withEsbuild(entryPoints, options) {
  const { build } = await import('esbuild');
  await build({ absWorkingDir: folder, entryPoints, bundle: true, outdir: join(out, 'app'), logLevel: 'warning', ...options });
  writeFileSync(join(out, 'index.html'), html('/app/page.js'));
}

async function withRollup(input, output) {
  const { rollup } = require('rollup');
  const { nodeResolve } = require('@rollup/plugin-node-resolve');
  const bundle = await rollup({ input, plugins: [nodeResolve({ browser: true, rootDir: folder })] });
  await bundle.write({ dir: join(out, 'app'), format: 'es', ...output });
  await bundle.close();
  writeFileSync(join(out, 'index.html'), html('/app/page.js'));
}

const bundlers = {
  async vite() {
    const { build } = await import('vite');
    writeFileSync(join(folder, 'index.html'), html('/app.js'));
    await build({ root: folder, configFile: false, logLevel: 'warn', build: { outDir: 'out' } });
  },
  async webpack() {
    const webpack = require('webpack');
    const stats = await new Promise((resolve, reject) => {
      const compiler = webpack({ context: folder, entry: './app.js', mode: 'production', output: { path: out } });
      compiler.run((error, result) => (error ? reject(error) : compiler.close(() => resolve(result))));
    });
    // It finds any WebAssembly large.
    const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
    const problems = [...errors, ...warnings.filter(({ message }) => !/size limit|limit the size/.test(message))];
    if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join('\n'));
    writeFileSync(join(out, 'index.html'), html('/main.js'));
  },
  async esbuild() {
    await withEsbuild({ page: 'page.js', worker: 'ruvector/worker' }, { format: 'esm' });
    copyWasm();
  },
  async rollup() {
    await withRollup({ page: join(folder, 'page.js'), worker: 'ruvector/worker' });
    copyWasm();
  },
  'esbuild, inline': () => withEsbuild({ page: 'inline.js' }, { format: 'iife' }),
  'rollup, inline': () => withRollup({ page: join(folder, 'inline.js') }, { inlineDynamicImports: true }),
};
await bundlers[bundler]();
