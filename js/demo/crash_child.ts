// Inserts the passages of a file one by one until it is killed, and says which insert was acknowledged: one line on stdout for each.
import { readFileSync, writeSync } from 'node:fs';
import { VectorDB } from '../index.js';
import type { Document } from './corpus.js';
import { dimensions, toRows } from './rows.js';

const [path, documentsFile] = process.argv.slice(2) as [string, string];
const documents = JSON.parse(readFileSync(documentsFile, 'utf8')) as Document[];
const db = await VectorDB.open({ dimensions, storagePath: path });
for (const document of documents) {
  const [row] = toRows([document]);
  if (row) writeSync(1, `${await db.insert(row)}\n`);
}
await db.close();
