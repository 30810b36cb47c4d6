// A disk that is really full: typed errors, nothing changed, reading goes on, and so does writing once there is room. As root only: it mounts
// a small file system in memory.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type DbOptions, VectorDB } from 'ruvector';
import { afterEach, expect, it } from 'vitest';
import { collect, gaussian } from '../support/data.js';
import { register, tempPath } from '../support/env.js';
import { errorOf } from '../support/errors.js';

const mounts: { folder: string; databases: VectorDB[] }[] = [];

/** An empty disk of 8 MB, or nothing where that may not be mounted. */
function smallDisk(): (typeof mounts)[number] | undefined {
  const folder = join(dirname(tempPath()), 'disk');
  mkdirSync(folder);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', folder], { stdio: 'pipe' });
  } catch {
    return undefined;
  }
  const disk = { folder, databases: [] };
  mounts.push(disk);
  return disk;
}

afterEach(async () => {
  for (const { folder, databases } of mounts.splice(0)) {
    for (const db of databases) await db.close();
    execFileSync('umount', [folder]);
  }
});

const dimensions = 128;
const vectors = gaussian(61, 500, dimensions);
const batch = (n: number) =>
  vectors.slice(0, 200).map((vector, i) => ({ id: `${n}-${i}`, vector: vector.map((x) => x + n), metadata: { n, text: 'x'.repeat(50) } }));

for (const backend of ['native', 'wasm'] as const) {
  for (const durability of ['sync', 'batch'] as const) {
    it(`a full disk: ${backend}, ${durability}`, async ({ skip }) => {
      const disk = smallDisk();
      if (!disk) return skip('a file system can be mounted by root only');
      const options: DbOptions = { dimensions, storagePath: join(disk.folder, 'db'), backend, durability, distanceMetric: 'euclidean' };
      const open = async () => {
        const db = register(await VectorDB.open(options), options);
        disk.databases.push(db);
        return db;
      };
      const ballast = join(disk.folder, 'ballast');
      writeFileSync(ballast, Buffer.alloc(6 << 20));
      let db = await open();

      let batches = 0;
      const error = await errorOf(async () => {
        for (; batches < 200; batches++) await db.insertBatch(batch(batches));
      });
      expect([error.code, error.message]).toEqual(['IO', expect.stringMatching(/no space/i)]);
      expect(batches).toBeGreaterThan(10);

      // Nothing of the failed call is there, everything else is, however often it fails.
      const check = async () => {
        const rows = await collect(db.entries());
        expect(rows.length).toBe(200 * batches);
        expect(rows.slice(-200).map(({ id }) => id)).toEqual(batch(batches - 1).map(({ id }) => id));
        for (const n of [0, batches - 1]) {
          const [, wanted] = batch(n);
          expect(await db.get(`${n}-1`)).toEqual(wanted);
          expect((await db.search({ vector: wanted?.vector as Float32Array, k: 1, exact: true }))[0]).toMatchObject({
            id: `${n}-1`,
            distance: 0,
          });
        }
        expect(await db.has(`${batches}-0`)).toBe(false);
      };
      await check();
      for (let i = 0; i < 3; i++) expect((await errorOf(() => db.insertBatch(batch(batches)))).code).toBe('IO');
      expect((await errorOf(() => db.compact())).code).toBe('IO');
      expect((await errorOf(() => db.snapshot(join(disk.folder, 'copy.rvf')))).code).toBe('IO');
      await check();

      // Deleting goes on; a little room is enough for more of it.
      expect(await db.delete('0-0')).toBe(true);
      expect(await db.has('0-0')).toBe(false);
      rmSync(ballast);
      writeFileSync(ballast, Buffer.alloc((6 << 20) - 65536));
      expect(await db.deleteBatch(batch(0).map(({ id }) => id))).toBe(199);
      expect(await db.len()).toBe(200 * (batches - 1));
      await db.insertBatch(batch(0).slice(0, 10));
      expect(await db.deleteBatch(batch(0).map(({ id }) => id))).toBe(10);

      // With room again it goes on, without opening it anew, and what was written is there afterwards.
      rmSync(ballast);
      await db.insertBatch(batch(batches));
      await db.compact();
      await db.snapshot(join(disk.folder, 'copy.rvf'));
      rmSync(join(disk.folder, 'copy.rvf'));
      for (let round = 0; round < 2; round++) {
        const ids = (await collect(db.keys())).sort();
        const wanted = Array.from({ length: batches }, (_, n) => batch(n + 1).map(({ id }) => id)).flat();
        expect(ids).toEqual(wanted.sort());
        expect(await db.verify()).toMatchObject({ ok: true });
        await db.close();
        db = await open();
      }
    });
  }
}
