// A full disk, and a stock IDBFS mount of Emscripten over the same database.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VectorDB } from 'ruvector';
import { describe, expect, test } from 'vitest';
import {
  executablePath,
  launch,
  loadPackage,
  newProfile,
  openPage,
  refusal,
  removeProfile,
  run,
  servePackage,
} from '../support/chromium.js';

function smallDisk(folder: string): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=96m', 'tmpfs', folder]).status === 0;
}

describe.skipIf(!executablePath)('IndexedDB', () => {
  test('on a full disk says how much it needed, stays usable, and goes on when there is room', { timeout: 180_000 }, async (context) => {
    const profile = newProfile();
    if (!smallDisk(profile)) {
      removeProfile(profile);
      return context.skip('a file system of its own takes root');
    }
    const server = await servePackage();
    try {
      let browser = await launch(profile);
      let page = await openPage(browser, server.origin);
      const ballast = join(profile, 'ballast');
      await run(
        page,
        `window.db = await VectorDB.open({ storagePath: 'idb://full', dimensions: 1024, index: 'flat', distanceMetric: 'euclidean' });
         window.count = 0;
         window.batch = () => db.insertBatch(Array.from({ length: 500 }, (_, i) => ({ id: String(count + i), vector: new Float32Array(1024).map(() => Math.random()) }))).then(() => { count += 500; });
         await batch();`,
      );
      // All but some megabytes.
      const free = Number(execFileSync('df', ['--output=avail', '-B1', profile], { encoding: 'utf8' }).split('\n')[1]);
      writeFileSync(ballast, Buffer.alloc(free - 9_000_000, 1));
      const refused = await refusal(page, 'for (;;) await batch();');
      expect(refused.code, refused.message).toBe('QUOTA');
      expect(refused.message).toMatch(/writing \d+ bytes to idb:\/\/full: /);
      const acknowledged = await run<number>(page, 'return count');
      expect(await run(page, 'return (await db.search(new Float32Array(1024), 5)).length')).toBe(5);
      rmSync(ballast);
      await run(page, "await db.insert({ id: 'after', vector: new Float32Array(1024) }); await db.flush();");
      await browser.close();
      browser = await launch(profile);
      page = await openPage(browser, server.origin);
      const found = await run<{ ids: string[]; length: number }>(
        page,
        `const db = await VectorDB.open({ storagePath: 'idb://full' });
         return { ids: (await db.search(new Float32Array(1024), 1)).map(({ id }) => id), length: await db.len() };`,
      );
      expect(found.ids).toEqual(['after']);
      // What was refused went to disk together with what came after it.
      expect([acknowledged + 1, acknowledged + 501]).toContain(found.length);
      await browser.close();
    } finally {
      server.close();
      spawnSync('umount', ['-l', profile]);
      removeProfile(profile);
    }
  });

  test('is read by a stock IDBFS mount', async (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'ruvector-stock-'));
    const profile = newProfile();
    writeFileSync(join(folder, 'stock.c'), 'int main(void) { return 0; }');
    const made = spawnSync(
      'emcc',
      [
        ...['stock.c', '-o', 'stock.mjs', '-lidbfs.js', '-sFORCE_FILESYSTEM=1', '-sEXPORTED_RUNTIME_METHODS=FS,IDBFS', '-sMODULARIZE'],
        ...['-sEXPORT_ES6', '-sENVIRONMENT=web', '-sDYNAMIC_EXECUTION=0', '-sINCOMING_MODULE_JS_API=instantiateWasm'],
      ],
      { cwd: folder, env: { ...process.env, NODE_PATH: '/usr/share/nodejs' }, encoding: 'utf8' },
    );
    if (made.error) return context.skip('emcc is not here');
    expect(made.status, made.stderr).toBe(0);
    const server = await servePackage({ more: folder });
    const browser = await launch(profile);
    try {
      const page = await openPage(browser, server.origin);
      await run(
        page,
        `const db = await VectorDB.open({ storagePath: 'idb://stock', dimensions: 3 });
         await db.insertBatch(Array.from({ length: 300 }, (_, i) => ({ id: 'r' + i, vector: [1, i, 2], metadata: { i } })));
         await db.compact();
         await db.insert({ id: 'last', vector: [3, 2, 1] });`,
      );
      await page.reload();
      const files = await page.evaluate<[string, number[]][]>(
        `(async () => {
           const { default: Stock } = await import('/more/stock.mjs');
           const { FS, IDBFS } = await Stock({
             instantiateWasm(imports, done) {
               fetch('/more/stock.wasm').then((r) => r.arrayBuffer()).then((bytes) => WebAssembly.instantiate(bytes, imports)).then(({ instance }) => done(instance));
               return {};
             },
           });
           FS.mkdirTree('/ruvector/stock');
           FS.mount(IDBFS, {}, '/ruvector/stock');
           await new Promise((resolve, reject) => FS.syncfs(true, (error) => (error ? reject(error) : resolve())));
           return FS.readdir('/ruvector/stock').filter((name) => !name.startsWith('.')).map((name) => [name, Array.from(FS.readFile('/ruvector/stock/' + name))]);
         })()`,
      );
      // They are a database in any folder.
      const copy = join(folder, 'copy');
      execFileSync('mkdir', [copy]);
      for (const [name, bytes] of files) writeFileSync(join(copy, name), Uint8Array.from(bytes));
      const db = await VectorDB.open({ storagePath: copy });
      expect(await db.len()).toBe(301);
      expect((await db.search([3, 2, 1], 1))[0]?.id).toBe('last');
      expect((await db.get('r7'))?.metadata).toEqual({ i: 7 });
      expect((await db.verify()).ok).toBe(true);
      await db.close();
      // And the mount took nothing away.
      await loadPackage(page);
      expect(
        await run(
          page,
          "const db = await VectorDB.open({ storagePath: 'idb://stock' }); const length = await db.len(); await db.close(); return length;",
        ),
      ).toBe(301);
    } finally {
      await browser.close();
      server.close();
      removeProfile(profile);
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
