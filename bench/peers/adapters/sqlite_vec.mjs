import { join } from 'node:path';
import Database from 'better-sqlite3';
import * as vec from 'sqlite-vec';

export default () => ({
  package: 'sqlite-vec',
  note: 'compares every row; better-sqlite3, one prepared statement',
  knob: null,
  async open({ rows, dimensions }, folder) {
    const db = new Database(join(folder, 'db'));
    vec.load(db);
    db.exec(`create virtual table if not exists rows using vec0(bucket integer, vector float[${dimensions}])`);
    const search = db.prepare('select rowid from rows where vector match ? and k = ?').pluck();
    const upTo = db.prepare('select rowid from rows where vector match ? and k = ? and bucket <= ?').pluck();
    return {
      build(vectors) {
        const insert = db.prepare('insert into rows(rowid, bucket, vector) values (?, ?, ?)');
        db.transaction(() => {
          for (let i = 0; i < rows; i++)
            insert.run(BigInt(i), BigInt(1 + (i % 100)), vectors.subarray(i * dimensions, (i + 1) * dimensions));
        })();
      },
      query: (vector) => vector,
      search: (query, k) => search.all(query, k),
      numbers: (found) => found,
      searchUpTo: (query, k, bucket) => upTo.all(query, k, bucket),
      save: () => db.close(),
      load() {},
    };
  },
});
