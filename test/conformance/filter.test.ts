// The Mongo filter suite through the public API: every filter, on documents stored as metadata.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Filter, type Metadata, VectorDB } from 'ruvector';
import { describe, expect, it } from 'vitest';
import { pack } from '../support/data.js';
import { register } from '../support/env.js';

const folder = process.env.RUVECTOR_SUITES ?? fileURLToPath(new URL('../../../shared/suites', import.meta.url));
const path = `${folder}/filter/mongo-filter-oracle.json`;
const present = existsSync(path);
if (!present) console.warn(`SKIPPED: no ${path} (RUVECTOR_SUITES says where the suites are)`);

interface Suite {
  docs: Metadata[];
  cases: Record<string, unknown>[];
}

describe('Mongo filters', () => {
  it.runIf(present).each(['native', 'wasm'] as const)('all agree with the oracle, through search and count: %s', async (backend) => {
    const suite = JSON.parse(readFileSync(path, 'utf8')) as Suite;
    const { docs } = suite;
    const options = { dimensions: 1, distanceMetric: 'euclidean', backend } as const;
    const db = register(await VectorDB.open(options), options);
    await db.insertBatch({
      ids: docs.map((_, i) => String(i)),
      vectors: pack(docs.map((_, i) => Float32Array.of(i))),
      metadata: docs,
    });
    const wrong: unknown[] = [];
    let run = 0;
    for (const { filter, expected } of casesOf(suite)) {
      const hits = await db.search({ vector: [0], k: docs.length, filter, includeMetadata: false });
      const ids = hits.map((hit) => Number(hit.id)); // by distance, which is the index
      const same = ids.length === expected.length && ids.every((id, i) => id === expected[i]);
      if (!same || (await db.count(filter)) !== expected.length) wrong.push({ filter, expected, ids });
      run++;
    }
    console.info(`${backend}: ${run - wrong.length} of ${run} filters on ${docs.length} documents agree`);
    expect(wrong.slice(0, 5)).toEqual([]);
    expect(run).toBe(1784);
  });
});

function casesOf(suite: Suite): { filter: Filter; expected: number[] }[] {
  return suite.cases.map((c) => ({ filter: c.filter as Filter, expected: c.match as number[] }));
}
