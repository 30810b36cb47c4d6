// The nearest rows by a plain loop: what the database's answers are held against.
import type { VectorDB as Database } from '../../types/api.js';
import type { Row } from './rows.js';

const k = 10;
// The database sums in 32-bit floats.
const tolerance = 1e-5;

// Rows have length 1.
function distance(a: Float32Array, b: Float32Array): number {
  let dot = 0;
  for (let i = 0; i < a.length; i++) dot += (a[i] as number) * (b[i] as number);
  return 1 - dot;
}

/** Whether `db`, over exactly these rows, answers each query with the nearest ones in order, up to ties. */
export async function sameAnswers(db: Database, rows: readonly Row[], queries: readonly Float32Array[]): Promise<boolean> {
  for (const query of queries) {
    const truth = new Map(rows.map(({ id, vector }) => [id, distance(vector, query)]));
    const nearest = [...truth.values()].sort((a, b) => a - b).slice(0, k);
    const hits = await db.search({ vector: query, k, exact: true });
    const right = hits.every((hit, i) => Math.abs((truth.get(hit.id) ?? Infinity) - (nearest[i] as number)) < tolerance);
    if (!right || hits.length !== nearest.length || new Set(hits.map(({ id }) => id)).size !== hits.length) return false;
  }
  return true;
}
