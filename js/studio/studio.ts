// `ruvector studio <database>`: opens it for reading, serves the page until it is told to stop.
import { readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { VectorDB } from '../index.js';
import { DatabaseSource } from './database_source.js';
import { SecondBackend } from './second_backend.js';
import { serveStudio } from './server.js';

export async function runStudio(path: string, port: number): Promise<boolean> {
  const db = await VectorDB.open({ storagePath: path, readOnly: true });
  // Where WebAssembly runs already, there is nothing to compare it with.
  const second = db.backend.startsWith('native')
    ? new SecondBackend(() => VectorDB.open({ storagePath: path, readOnly: true, backend: 'wasm' }))
    : null;
  try {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
    const server = await serveStudio(new DatabaseSource(db, basename(resolve(path)), version, second), { port });
    process.stdout.write(`${server.address}\n`);
    process.stderr.write('Only this address opens it. It reads; ctrl-c ends it.\n');
    await new Promise<void>((ended) => {
      for (const signal of ['SIGINT', 'SIGTERM']) process.removeAllListeners(signal).once(signal, () => ended()); // the command line's own leave at once
    });
    await server.close();
    return true;
  } finally {
    await second?.close();
    await db.close();
  }
}
