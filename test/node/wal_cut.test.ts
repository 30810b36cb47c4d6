// The log cut at every byte: the database opens, and holds exactly the calls whose bytes were whole.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openDb, tempPath } from '../support/env.js';

it('holds whole calls only, wherever the log is cut', async () => {
  const path = tempPath();
  const db = await openDb({ dimensions: 2, storagePath: path, distanceMetric: 'euclidean' });
  // [ids after the call, length of the log after it]
  const states: [string[], number][] = [];
  const log = () => join(path, readdirSync(path).find((name) => name.startsWith('wal-')) as string);
  const ids = new Set<string>();
  const note = () => states.push([[...ids].sort(), readFileSync(log()).length]);
  note();
  for (let i = 0; i < 6; i++) {
    await db.insert({ id: `single${i}`, vector: [i, 1], metadata: { i } });
    ids.add(`single${i}`);
    note();
    const batch = Array.from({ length: 3 }, (_, j) => ({ id: `batch${i}-${j}`, vector: [i, j] }));
    await db.insertBatch(batch);
    for (const entry of batch) ids.add(entry.id);
    note();
    await db.deleteBatch([`single${i}`, `batch${i}-0`]);
    ids.delete(`single${i}`);
    ids.delete(`batch${i}-0`);
    note();
  }
  const bytes = readFileSync(log());
  const name = log().slice(path.length + 1);
  const manifest = readdirSync(path).find((file) => file.startsWith('manifest-')) as string;
  const copy = tempPath();
  mkdirSync(copy);
  let opened = 0;
  for (let length = 0; length <= bytes.length; length++) {
    copyFileSync(join(path, manifest), join(copy, manifest));
    writeFileSync(join(copy, name), bytes.subarray(0, length));
    const expected = states.filter(([, end]) => end <= length).at(-1)?.[0] ?? [];
    const cut = await openDb({ dimensions: 2, storagePath: copy, distanceMetric: 'euclidean' });
    const found: string[] = [];
    for await (const id of cut.keys()) found.push(id);
    expect(found.sort(), `cut at ${length} of ${bytes.length}`).toEqual(expected);
    await cut.close();
    opened++;
  }
  console.info(`the log of ${bytes.length} bytes was cut at each of them: ${opened} of ${bytes.length + 1} opened, whole calls only`);
});
