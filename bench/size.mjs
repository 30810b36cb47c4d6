// npm run size: what is shipped, raw and compressed with brotli, and what a page loads that imports ruvector. Fails when that is more than
// 5 % larger than bench/size.json says; --update writes it anew.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import { buildSync } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const committed = join(root, 'bench/size.json');
const growth = 0.05;

const brotli = (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;

function print(name, bytes) {
  const small = brotli(bytes);
  console.log(`${name.padEnd(44)}${String(bytes.length).padStart(10)}${String(small).padStart(10)}`);
  return small;
}

/** As a bundler gives it out that leaves the WebAssembly glue in a file of its own. */
function bundled(entry) {
  const { outputFiles } = buildSync({
    absWorkingDir: root,
    entryPoints: [entry],
    external: ['../wasm/dist/*'],
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
  });
  return outputFiles[0].contents;
}

console.log(`${'file'.padEnd(44)}${'raw'.padStart(10)}${'brotli'.padStart(10)}`);
const files = readdirSync(join(root, 'wasm/dist')).map((name) => `wasm/dist/${name}`);
for (const file of [...files.sort(), 'build/native/ruvector.node'].filter((file) => existsSync(join(root, file)))) {
  print(file, readFileSync(join(root, file)));
}

console.log('\nimport of ruvector on a page, with SIMD');
const total =
  print('page, minified', bundled('dist/browser.js')) +
  print('worker, minified', bundled('dist/worker.js')) +
  print('glue, minified', bundled('wasm/dist/ruvector-simd.mjs')) +
  print('WebAssembly', readFileSync(join(root, 'wasm/dist/ruvector-simd.wasm')));
if (process.argv.includes('--update')) writeFileSync(committed, `${JSON.stringify({ pageImportBrotli: total }, null, 2)}\n`);
const { pageImportBrotli: before } = JSON.parse(readFileSync(committed, 'utf8'));
console.log(`together ${total} with brotli, ${((total / before - 1) * 100).toFixed(1)} % from the ${before} of bench/size.json`);
if (total > before * (1 + growth)) {
  console.error(`size: that is more than ${growth * 100} % larger; make it smaller, or accept it: npm run size -- --update`);
  process.exitCode = 1;
}
