// The files of one database in IndexedDB, as the core sees them: in memory, synchronous; and what of them is still to be stored.
import type { RuvectorError } from '../errors.js';
import type { IdbfsStore, StoredFiles } from './idbfs_store.js';

/** Grows as it is appended to; `stored` files may have no bytes here: the core has read them, and IndexedDB keeps them. */
export interface MountedFile {
  bytes: Uint8Array | null;
  size: number;
  /** How many have it open. */
  users: number;
  /** Counts its changes. */
  changes: number;
}

// Locks are for this instance of the core; what is half made is not there yet.
function isStored(name: string): boolean {
  return !name.endsWith('.lock') && name !== 'LOCK' && !name.endsWith('.tmp');
}

// Appended to while it is the newest; the others never change once they are stored.
function isLog(name: string): boolean {
  return name.startsWith('wal-');
}

export class Mount {
  readonly files = new Map<string, MountedFile>();
  /** Who needs the bytes of stored files: readers beside the writer, verifications, snapshots. */
  keepers = 0;
  readonly #store: IdbfsStore;
  #generation = 0;
  #dirty = new Set<string>();
  #removed = new Set<string>();
  #wantsDisk = false;
  /** By the call under way. */
  #touched = false;
  /** The last flush failed: the next write is to hear of it, whatever its durability. */
  #failing = false;
  #reloading: Promise<unknown> = Promise.resolve();
  #flushing: Promise<void> = Promise.resolve();
  #waiting: Promise<void> | null = null;
  #conflict: RuvectorError | null = null;
  /** Called after something was stored. */
  onStored: () => void = () => {};

  constructor(store: IdbfsStore) {
    this.#store = store;
  }

  // --- What the core does

  create(name: string): MountedFile {
    const file = { bytes: new Uint8Array(0), size: 0, users: 0, changes: 0 };
    this.files.set(name, file);
    this.#changed(name, file);
    return file;
  }

  append(name: string, file: MountedFile, bytes: Uint8Array): void {
    const size = file.size + bytes.length;
    let room = this.bytesOf(name, file);
    if (room.length < size) {
      room = new Uint8Array(Math.max(size, 2 * room.length));
      room.set(file.bytes as Uint8Array);
      file.bytes = room;
    }
    room.set(bytes, file.size);
    file.size = size;
    this.#changed(name, file);
  }

  truncate(name: string, file: MountedFile, size: number): void {
    file.size = size;
    this.#changed(name, file);
  }

  remove(name: string): void {
    if (!this.files.delete(name) || !isStored(name)) return;
    this.#touched = true;
    this.#dirty.delete(name);
    this.#removed.add(name);
  }

  rename(from: string, to: string): void {
    const file = this.files.get(from);
    if (file === undefined) throw Object.assign(new Error(`${from} is not there`), { code: 'ENOENT' });
    this.remove(from);
    this.files.set(to, file);
    this.#changed(to, file);
  }

  bytesOf(name: string, file: MountedFile): Uint8Array {
    if (file.bytes === null) throw new Error(`${name} is in IndexedDB only, and was not fetched before this call`);
    return file.bytes;
  }

  #changed(name: string, file: MountedFile): void {
    file.changes++;
    if (!isStored(name)) return;
    this.#touched = true;
    if (this.#conflict) throw this.#conflict;
    this.#removed.delete(name);
    this.#dirty.add(name);
  }

  /** What was written so far is to be on disk before the call under way is answered. */
  sync(): void {
    this.#wantsDisk = this.isDirty;
  }
  /** Whether the call that has just ended asked for that, or wrote something after a flush that failed. */
  takeWish(): boolean {
    const wish = this.#wantsDisk || (this.#failing && this.#touched);
    this.#wantsDisk = false;
    this.#touched = false;
    return wish;
  }
  get isDirty(): boolean {
    return this.#dirty.size > 0 || this.#removed.size > 0;
  }

  // --- What IndexedDB does

  #take({ generation, files }: StoredFiles): void {
    this.#generation = generation;
    for (const [name, bytes] of files) this.files.set(name, { bytes, size: bytes.length, users: 0, changes: 0 });
  }

  async load(): Promise<void> {
    this.#take((await this.#store.load(() => true)) as StoredFiles);
  }

  /** For one that only reads: whether there is something new. One after another, so that none puts back what another has replaced. */
  reload(): Promise<boolean> {
    const next = this.#reloading.then(() => this.#reloadNow());
    this.#reloading = next.catch(() => {});
    return next;
  }

  async #reloadNow(): Promise<boolean> {
    let names = new Set<string>();
    const stored = await this.#store.load((name) => {
      names = names.add(name);
      return isLog(name) || !this.files.has(name);
    }, this.#generation);
    if (stored === null) return false;
    for (const name of this.files.keys()) if (isStored(name) && !names.has(name)) this.files.delete(name);
    this.#take(stored);
    return true;
  }

  /** Fetches what `drop` has left to IndexedDB. */
  async fetch(): Promise<void> {
    const missing = [...this.files].filter(([, file]) => file.bytes === null);
    if (missing.length === 0) return;
    const stored = await this.#store.load((name) => this.files.get(name)?.bytes === null);
    for (const [name, file] of missing) file.bytes ??= stored?.files.get(name) ?? null;
  }

  /** Forgets the bytes of what is stored, and nobody will change: the core has its own copy of what it uses. */
  drop(): void {
    if (this.keepers > 0) return;
    for (const [name, file] of this.files) {
      if (file.users === 0 && isStored(name) && !this.#dirty.has(name)) file.bytes = null;
    }
  }

  /** Returns when what was written before the call is on disk. Throws QUOTA, CONFLICT, IO: the next flush tries it again. */
  flush(): Promise<void> {
    this.#wantsDisk = false;
    // Who comes while another flush is under way shares the one after it.
    if (this.#waiting === null) {
      const next = this.#flushing
        .catch(() => {})
        .then(() => {
          this.#waiting = null;
          return this.#flushNow();
        });
      this.#waiting = next;
      this.#flushing = next;
    }
    return this.#waiting;
  }

  async #flushNow(): Promise<void> {
    if (this.#conflict) throw this.#conflict;
    const names = [...this.#dirty];
    const removes = [...this.#removed];
    if (names.length === 0 && removes.length === 0) return;
    const puts = new Map<string, Uint8Array>();
    const changes = new Map<string, number>();
    for (const name of names) {
      const file = this.files.get(name) as MountedFile;
      const bytes = this.bytesOf(name, file);
      // Exactly as long as the file: a view would be stored with all of its buffer.
      puts.set(name, bytes.length === file.size && bytes.buffer.byteLength === file.size ? bytes : bytes.slice(0, file.size));
      changes.set(name, file.changes);
    }
    try {
      await this.#store.commit({ puts, removes, generation: this.#generation });
    } catch (error) {
      this.#failing = true;
      if ((error as RuvectorError).code === 'CONFLICT') this.#conflict = error as RuvectorError;
      throw error;
    }
    this.#failing = false;
    this.#generation++;
    for (const [name, count] of changes) if (this.files.get(name)?.changes === count) this.#dirty.delete(name);
    for (const name of removes) if (!this.files.has(name)) this.#removed.delete(name);
    this.drop();
    this.onStored();
  }
}
