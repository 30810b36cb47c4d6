// In Chromium: a database in a Web Worker and in IndexedDB, as a page sees it.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { servePage } from '../browser/serve.mjs';
import { dataset, rowsOf } from '../data/dataset.mjs';
import { root, VectorDB } from './context.mjs';

export const title = 'Browser';
const ms = (figure) => `${figure.toFixed(2)} ms`;

/** Seconds that the same rows take natively, on one thread, on disk. */
async function nativeSeconds(context, set, rows) {
  const db = await VectorDB.open({
    dimensions: set.dimensions,
    distanceMetric: 'euclidean',
    storagePath: context.path('native-one'),
    threads: 1,
  });
  const start = performance.now();
  await db.insertBatch({ vectors: rows });
  const seconds = (performance.now() - start) / 1000;
  await db.close();
  return seconds;
}

export async function measure(context) {
  const executablePath = process.env.RUVECTOR_CHROMIUM ?? '/usr/bin/chromium';
  if (!existsSync(executablePath)) {
    context.note('Chromium is not here (RUVECTOR_CHROMIUM): not measured');
    return;
  }
  const set = dataset('text', context.rows, 384);
  const server = await servePage(root, set.folder);
  const profile = mkdtempSync(join(tmpdir(), 'ruvector-bench-chromium-'));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--no-first-run'],
  });
  try {
    const page = await browser.newPage();
    page.on('pageerror', (error) => context.note(String(error)));
    const ask = async (name, ...args) => {
      await page.goto(server.origin);
      return page.evaluate(`import('/bench/browser/page.mjs').then((page) => page.${name}(...${JSON.stringify(args)}))`);
    };
    const native = await nativeSeconds(context, set, rowsOf(set));
    const inserted = await ask('insert', set.dimensions);
    context.note(
      `${set.name}: insertBatch in ${inserted.seconds.toFixed(1)} s, natively on one thread ${native.toFixed(1)} s; progress told ${inserted.steps} times`,
    );
    context.atMost('insertBatch in a worker against native, one thread', inserted.seconds / native, 3);
    context.atMost('longest the page was kept busy: insert, search, flush', inserted.busiest, 50, ms);
    const searched = await ask('search', set.dimensions);
    context.note(
      `recall@10 ${searched.recall.toFixed(3)} at efSearch ${searched.efSearch}; opened, and its first search answered, ${searched.first.toFixed(0)} ms after the page`,
    );
    context.atMost('search p50 in the worker, recall@10 0.95', searched.inWorker, 0.5, ms);
    context.atMost('search p50 as the page sees it', searched.onPage, 1, ms);
    const committed = await ask('commits', 64);
    context.note(`${committed.megabytes.toFixed(0)} MB in IndexedDB; ${committed.count} inserts of ${committed.change} bytes`);
    context.atMost('insert at 64 MB, p50, on disk', committed.p50, 3, ms);
    context.atMost('bytes written beyond the change', committed.beyond / 1024, 64, (kb) => `${kb.toFixed(1)} KB`);
    const reloaded = await ask('reload', 64);
    context.atMost('reload with 64 MB until the first search has answered', reloaded.first, 300, ms);
    const sharded = await ask('shards', set.dimensions);
    context.atLeast('2 shards against one, queries a second in batches', sharded.one / sharded.two, 1.7);
  } finally {
    await browser.close();
    server.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
