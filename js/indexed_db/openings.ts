// Databases on their way out of IndexedDB and into a thread. Reading them may begin before there is a core: that takes a while to load, too.
import { RuvectorError } from '../errors.js';
import { IdbfsStore } from './idbfs_store.js';
import { Mount } from './mount.js';
import { type MountedFiles, mountPathOf } from './mounted_files.js';
import { Announcements, lockForWriting } from './writer_lock.js';

export interface OpenDatabase {
  readonly mount: Mount;
  readonly path: string;
  readonly store: IdbfsStore;
  readonly announcements: Announcements;
  readonly writes: boolean;
  readonly unlock: (() => void) | null;
}

interface Begun {
  readonly writes: boolean;
  readonly database: Promise<OpenDatabase>;
}

export class Openings {
  readonly #files: MountedFiles;
  readonly #begun = new Map<string, Begun>();

  constructor(files: MountedFiles) {
    this.#files = files;
  }

  /** Begins what `json`, of a db.open to come, will want. What fails fails there. Returns what gives it up, if that never comes. */
  begin(json: string): () => void {
    const { storagePath, readOnly } = JSON.parse(json);
    const path = mountPathOf(storagePath);
    if (path === undefined || typeof indexedDB === 'undefined' || this.#files.taken.has(path)) return () => {};
    const writes = readOnly !== true;
    const begun = { writes, database: this.take(path, writes) };
    this.#begun.set(path, begun);
    begun.database.catch(() => {});
    return () => {
      if (this.#begun.get(path) !== begun) return;
      this.#begun.delete(path);
      begun.database.then(
        (database) => this.unmount(database),
        () => this.#files.taken.delete(path),
      );
    };
  }

  /** The path is taken from now on: after a failure it is the caller's to give back. Throws LOCKED where it is taken already. */
  take(path: string, writes: boolean): Promise<OpenDatabase> {
    const begun = this.#begun.get(path);
    if (begun?.writes === writes) {
      this.#begun.delete(path);
      return begun.database;
    }
    if (this.#files.taken.has(path)) {
      throw new RuvectorError(
        'LOCKED',
        `${path} is open already, by this very page or worker; share that database, or close it first`,
        'open',
      );
    }
    this.#files.taken.add(path);
    return this.#mount(path, writes);
  }

  async #mount(path: string, writes: boolean): Promise<OpenDatabase> {
    const name = path.slice('idb://'.length);
    const unlock = writes ? await lockForWriting(name) : null;
    const store = new IdbfsStore(name);
    try {
      await store.open(writes);
      const mount = new Mount(store);
      await mount.load();
      // What a refresh reads, and what it need not read again, is the core's to know.
      if (!writes) mount.keepers++;
      this.#files.mounts.set(path, mount);
      return { mount, path, store, writes, unlock, announcements: new Announcements(name) };
    } catch (error) {
      store.close();
      unlock?.();
      throw error;
    }
  }

  unmount({ path, store, announcements, unlock }: OpenDatabase): void {
    this.#files.mounts.delete(path);
    this.#files.taken.delete(path);
    announcements.close();
    store.close();
    unlock?.();
  }
}
