// The browser is killed at any moment: what was acknowledged is there, batches whole or not at all.
import { describe, expect, test } from 'vitest';
import { executablePath, launchToKill, newProfile, openPage, removeProfile, run, servePackage } from '../support/chromium.js';

const rounds = 20;

describe.skipIf(!executablePath)('a browser that is killed', () => {
  test(`loses nothing acknowledged, and tears nothing, ${rounds} times`, { timeout: 400_000 }, async () => {
    const profile = newProfile();
    const server = await servePackage();
    let acknowledged = 0;
    let inFlight = 0;
    try {
      for (let round = 0; round <= rounds; round++) {
        const { context, kill } = await launchToKill(profile);
        const page = await openPage(context, server.origin);
        // Rows of one batch share its number; a batch is acknowledged by its number.
        const found = await run<{ counts: Record<string, number>; ok: boolean; length: number }>(
          page,
          `window.db = await VectorDB.open({ storagePath: 'idb://killed', dimensions: 4, index: 'hnsw' });
           const counts = {};
           for await (const { metadata } of db.entries()) counts[metadata.batch] = (counts[metadata.batch] ?? 0) + 1;
           return { counts, ok: (await db.verify()).ok, length: await db.len() };`,
        );
        expect(found.ok).toBe(true);
        for (let batch = 0; batch < acknowledged; batch++)
          expect(found.counts[batch], `batch ${batch}, round ${round}`).toBe(1 + (batch % 40));
        const others = Object.entries(found.counts).filter(([batch]) => Number(batch) >= acknowledged);
        for (const [batch, count] of others) expect(count).toBe(1 + (Number(batch) % 40));
        expect(others.length).toBeLessThanOrEqual(1);
        acknowledged += others.length;
        if (round === rounds) {
          await kill();
          break;
        }
        await page.exposeFunction('acknowledge', (batch: number) => {
          acknowledged = batch + 1;
        });
        void run(
          page,
          `for (let batch = ${acknowledged}; ; batch++) {
             const entries = Array.from({ length: 1 + (batch % 40) }, (_, i) => ({ id: batch + '/' + i, vector: [batch, i, 1, 0], metadata: { batch } }));
             if (entries.length === 1) await db.insert(entries[0]); else await db.insertBatch(entries);
             await acknowledge(batch);
             if (batch % 50 === 0) await db.compact();
             else if (batch % 20 === 0) await db.flush();
           }`,
        ).catch(() => {});
        await new Promise((resolve) => setTimeout(resolve, 200 + ((round * 577) % 900)));
        inFlight = acknowledged;
        await kill();
      }
      expect(inFlight).toBeGreaterThan(100);
    } finally {
      server.close();
      removeProfile(profile);
    }
  });
});
