// A folder of files in IndexedDB, in the database, store and records of a stock IDBFS mount of Emscripten: a record a file.
// Unlike that mount it is written in one transaction of just what changed, and only on top of the state that it was read at.
import { RuvectorError } from '../errors.js';

const version = 21;
const storeName = 'FILE_DATA';
const fileMode = 0o100666;
/** Counts the transactions that have written. */
const generationName = 'generation';

interface FileRecord {
  readonly timestamp: Date;
  readonly mode: number;
  readonly contents: Uint8Array;
}

export interface StoredFiles {
  readonly generation: number;
  readonly files: Map<string, Uint8Array>;
}

export interface Changes {
  readonly puts: ReadonlyMap<string, Uint8Array>;
  readonly removes: readonly string[];
  /** That of the state which the changes are to. */
  readonly generation: number;
}

function failure(error: unknown, what: string): RuvectorError {
  if (error instanceof RuvectorError) return error;
  const { name, message } = (error ?? { name: 'AbortError', message: 'the transaction was ended' }) as Error;
  // Chromium stores large values in files of their own, and this is what it says of a disk that has no room for one.
  const noRoom = name === 'QuotaExceededError' || (name === 'DataError' && message.includes('write blobs'));
  return new RuvectorError(noRoom ? 'QUOTA' : 'IO', `${what}: ${name}: ${message}`, 'open');
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function numberOf(record: FileRecord | undefined): number {
  return record === undefined ? 0 : Number(new TextDecoder().decode(record.contents));
}

export class IdbfsStore {
  readonly #name: string;
  readonly #mountPoint: string;
  #database: IDBDatabase | null = null;
  #gone = false;

  /** `name`: of idb://name. The IndexedDB database is called as the mount point of a stock mount would be: /ruvector/name. */
  constructor(name: string) {
    this.#name = `idb://${name}`;
    this.#mountPoint = `/ruvector/${name}`;
  }

  /** Throws NOT_FOUND where it is not there and not to be made. */
  async open(create: boolean): Promise<void> {
    if (this.#gone) throw this.#wasRemoved();
    let missing = false;
    const request = indexedDB.open(this.#mountPoint, version);
    request.onupgradeneeded = ({ oldVersion }) => {
      if (oldVersion === 0 && !create) {
        missing = true;
        request.transaction?.abort();
        return;
      }
      const store = request.result.objectStoreNames.contains(storeName)
        ? (request.transaction as IDBTransaction).objectStore(storeName)
        : request.result.createObjectStore(storeName);
      if (!store.indexNames.contains('timestamp')) store.createIndex('timestamp', 'timestamp', { unique: false });
    };
    try {
      this.#database = await settled(request);
    } catch (error) {
      if (missing) throw new RuvectorError('NOT_FOUND', `there is no database in ${this.#name}`, 'open');
      throw failure(error, `opening ${this.#name}`);
    }
    // Somebody deletes it, or clears the site's data: it is theirs to do.
    this.#database.onversionchange = () => {
      this.#gone = true;
      this.close();
    };
    this.#database.onclose = () => {
      this.#database = null;
    };
  }

  #wasRemoved(): RuvectorError {
    return new RuvectorError(
      'IO',
      `${this.#name} was deleted from IndexedDB while it was open here; what is in memory can be kept with toBytes()`,
      'open',
    );
  }

  async #transaction(mode: IDBTransactionMode): Promise<IDBTransaction> {
    for (let attempt = 1; ; attempt++) {
      if (this.#database === null)
        await this.open(false).catch((error) => Promise.reject(error.code === 'NOT_FOUND' ? this.#wasRemoved() : error));
      try {
        return (this.#database as IDBDatabase).transaction(storeName, mode, { durability: 'strict' });
      } catch (error) {
        // The browser has closed the connection.
        this.close();
        if (attempt > 1) throw failure(error, `using ${this.#name}`);
      }
    }
  }

  /** All files that `wanted` takes; null where nothing was written since `generation`. */
  async load(wanted: (name: string) => boolean, generation?: number): Promise<StoredFiles | null> {
    try {
      const store = (await this.#transaction('readonly')).objectStore(storeName);
      const now = numberOf(await settled(store.get(this.#path(generationName))));
      if (now === generation) return null;
      const files = new Map<string, Uint8Array>();
      const names = (await settled(store.getAllKeys())).map((key) => String(key).slice(this.#mountPoint.length + 1));
      await Promise.all(
        names
          .filter((name) => name !== generationName && wanted(name))
          .map(async (name) => {
            const record = (await settled(store.get(this.#path(name)))) as FileRecord | undefined;
            if (record?.contents instanceof Uint8Array) files.set(name, record.contents);
          }),
      );
      return { generation: now, files };
    } catch (error) {
      throw failure(error, `reading ${this.#name}`);
    }
  }

  /** One transaction: all of it, on disk, or nothing. Throws CONFLICT where another has written since `generation`, QUOTA. */
  async commit({ puts, removes, generation }: Changes): Promise<void> {
    const bytes = [...puts.values()].reduce((sum, contents) => sum + contents.byteLength, 0);
    try {
      const transaction = await this.#transaction('readwrite');
      const store = transaction.objectStore(storeName);
      let conflict: RuvectorError | undefined;
      const done = new Promise<void>((resolve, reject) => {
        transaction.oncomplete = () => resolve();
        transaction.onabort = () => reject(conflict ?? transaction.error);
      });
      const put = (name: string, contents: Uint8Array) =>
        store.put({ timestamp: new Date(), mode: fileMode, contents } satisfies FileRecord, this.#path(name));
      const current = store.get(this.#path(generationName));
      current.onsuccess = () => {
        const now = numberOf(current.result);
        try {
          if (now !== generation) {
            const what = `${this.#name} was written by another tab or worker since it was opened here`;
            conflict = new RuvectorError('CONFLICT', `${what}; this one is read-only until it is opened again`, 'flush');
            throw conflict;
          }
          for (const [name, contents] of puts) put(name, contents);
          for (const name of removes) store.delete(this.#path(name));
          put(generationName, new TextEncoder().encode(String(generation + 1)));
        } catch (error) {
          conflict ??= failure(error, `writing ${this.#name}`);
          transaction.abort();
        }
      };
      await done;
    } catch (error) {
      const told = failure(error, `writing ${bytes} bytes to ${this.#name}`);
      // Some engines let nothing more be written through a connection whose quota was met.
      if (told.code === 'QUOTA') this.close();
      throw told;
    }
  }

  close(): void {
    this.#database?.close();
    this.#database = null;
  }

  #path(name: string): string {
    return `${this.#mountPoint}/${name}`;
  }
}
