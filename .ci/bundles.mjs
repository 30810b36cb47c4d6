// What tsc does not make, part of `npm run build:js`: the CommonJS builds and their types, WebAssembly as text for ruvector/inline, and
// the build for a <script> tag. The last two need the WebAssembly build; without it they are left out.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const wasm = join(root, 'wasm/dist');
const variants = ['simd', 'scalar'];

// --- CommonJS. Beside the ES modules, as both look for their files relative to themselves.

for (const name of ['index', 'inline']) {
  await build({
    absWorkingDir: root,
    entryPoints: [`dist/${name}.js`],
    outfile: `dist/${name}.cjs`,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    keepNames: true,
    external: ['*/ruvector-simd.inline.mjs', '*/ruvector-scalar.inline.mjs'],
    logOverride: { 'empty-import-meta': 'silent' }, // js/module_url.ts knows
    logLevel: 'warning',
  });
}
// To TypeScript, declarations are of the kind that their ending says.
for (const name of ['index', 'api', 'calls', 'filter']) {
  const text = readFileSync(join(root, `types/${name}.d.ts`), 'utf8');
  writeFileSync(join(root, `dist/${name}.d.cts`), text.replace(/(from '\.\/\w+)\.js'/g, "$1.cjs'"));
}

// --- The worker as one file, in place of what tsc made of it: a page waits for it, and each level of imports would be one more wait.
// From the source, as tsc writes its own file only where that has changed.

await build({
  absWorkingDir: root,
  entryPoints: ['js/worker.ts'],
  outfile: 'dist/worker.js',
  bundle: true,
  format: 'esm',
  target: 'es2022',
  external: ['../wasm/dist/*'],
  logLevel: 'warning',
});

if (!variants.every((variant) => existsSync(join(wasm, `ruvector-${variant}.wasm`)))) {
  console.error('bundles: no wasm/dist, so neither ruvector/inline nor the build for <script> was made (npm run build:wasm)');
  process.exit();
}

// --- WebAssembly as text

for (const variant of variants) {
  const file = `ruvector-${variant}.mjs`;
  const glue = readFileSync(join(wasm, file), 'utf8');
  // It names the .wasm file, which bundlers would copy, by an address that it does not have everywhere.
  const inlined = glue.replace(/new URL\(("ruvector-\w+\.wasm"), ?import\.meta\.url\)\.(toString\(\)|href)/g, '$1');
  if (inlined === glue) throw new Error(`${file} names its WebAssembly in another way`);
  const base64 = readFileSync(join(wasm, `ruvector-${variant}.wasm`)).toString('base64');
  writeFileSync(
    join(wasm, `ruvector-${variant}.inline.mjs`),
    `${inlined.replaceAll('import.meta.url', "''")}\nexport const wasm =\n  '${base64}';\n`,
  );
}

// --- For <script>: beside the .wasm files, so that one folder is all a page needs

const beside = {
  platform_browser: ["new URL('../wasm/dist/", "new URL('./"],
  channel_browser: ["new URL('./worker.js'", "new URL('./ruvector.worker.js'"],
};
const besideScript = {
  name: 'beside the script',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/](platform|channel)_browser\.[jt]s$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const contents = text.replaceAll(...beside[basename(path, extname(path))]);
      if (contents === text) throw new Error(`${path} says in another way where its files are`);
      return { contents, loader: extname(path).slice(1) };
    });
  },
};
const script = { absWorkingDir: root, bundle: true, minify: true, target: 'es2022', plugins: [besideScript], logLevel: 'warning' };
await build({
  ...script,
  entryPoints: ['dist/browser.js'],
  outfile: 'wasm/dist/ruvector.iife.js',
  format: 'iife',
  globalName: 'ruvector',
  define: { 'import.meta.url': 'scriptUrl' },
  inject: ['.ci/script_url.js'],
});
await build({ ...script, entryPoints: ['js/worker.ts'], outfile: 'wasm/dist/ruvector.worker.js', format: 'esm' });
