// The files of pages and Web Workers for the core: the object that wasm/files.js documents as Module.ruvectorFiles. Paths: idb://name/file.
import { RuvectorError } from '../errors.js';
import type { Mount, MountedFile } from './mount.js';

interface OpenFile {
  readonly mount: Mount;
  readonly name: string;
  readonly file: MountedFile;
}

function missing(path: string): Error {
  return Object.assign(new Error(`${path}: no such file`), { code: 'ENOENT' });
}

export class MountedFiles {
  readonly mounts = new Map<string, Mount>();
  /** Of databases that are open, being opened or being closed in this thread: one at a time for each path, whichever core has it. */
  readonly taken = new Set<string>();
  #open = new Map<number, OpenFile>();
  #next = 1;

  #split(path: string): [Mount, string] {
    const [, folder, name = ''] = /^(idb:\/\/[^/]*)(?:\/(.*))?$/.exec(path) ?? [];
    const mount = folder === undefined ? undefined : this.mounts.get(folder);
    if (mount === undefined) {
      const why = path.startsWith('idb:')
        ? 'only databases that are open are here; toBytes() makes a copy'
        : 'a browser has no such files; expected "idb://" and a name, for IndexedDB';
      throw Object.assign(new Error(`"${path}": ${why}`), { code: 'ENOTSUP' });
    }
    return [mount, name];
  }
  #of(fd: number): OpenFile {
    return this.#open.get(fd) as OpenFile;
  }

  open(path: string, mode: 0 | 1 | 2): number {
    const [mount, name] = this.#split(path);
    let file = mount.files.get(name);
    if (mode === 1) {
      if (file) throw new Error(`${path} exists`);
      file = mount.create(name);
    }
    if (file === undefined) throw missing(path);
    file.users++;
    this.#open.set(this.#next, { mount, name, file });
    return this.#next++;
  }
  size(fd: number): number {
    return this.#of(fd).file.size;
  }
  read(fd: number, offset: number, into: Uint8Array): number {
    const { mount, name, file } = this.#of(fd);
    const bytes = mount.bytesOf(name, file).subarray(offset, Math.min(offset + into.length, file.size));
    into.set(bytes);
    return bytes.length;
  }
  append(fd: number, bytes: Uint8Array): void {
    const { mount, name, file } = this.#of(fd);
    mount.append(name, file, bytes);
  }
  sync(fd: number): void {
    this.#of(fd).mount.sync();
  }
  truncate(fd: number, size: number): void {
    const { mount, name, file } = this.#of(fd);
    mount.truncate(name, file, size);
  }
  close(fd: number): void {
    this.#of(fd).file.users--;
    this.#open.delete(fd);
  }
  list(path: string): string[] {
    return [...this.#split(path)[0].files.keys()];
  }
  kind(path: string): 0 | 1 | 2 {
    const [mount, name] = this.#split(path);
    if (name === '') return 2;
    return mount.files.has(name) ? 1 : 0;
  }
  remove(path: string): void {
    const [mount, name] = this.#split(path);
    mount.remove(name);
  }
  rename(from: string, to: string): void {
    const [mount, name] = this.#split(from);
    mount.rename(name, this.#split(to)[1]);
  }
  mkdir(path: string): void {
    this.#split(path);
  }
  rmdir(path: string): void {
    this.#split(path);
  }
  syncDir(path: string): void {
    this.#split(path)[0].sync();
  }
  storesWhole(): boolean {
    return true;
  }
  process() {
    return { pid: 1, start: '0', host: 'browser', boot: '', pidNamespace: '' };
  }
  // Whoever holds a lock file lives in this very memory; other tabs are kept out by writer_lock.ts.
  isAlive(): boolean {
    return true;
  }
}

/** "idb://name", or undefined for another path. Throws INVALID_OPTION for a name that is none. */
export function mountPathOf(storagePath: unknown): string | undefined {
  if (typeof storagePath !== 'string' || !storagePath.startsWith('idb:')) return undefined;
  // A name that may be part of a path, so that a stock mount can have it too.
  if (!/^idb:\/\/[\w-][\w.-]{0,127}$/.test(storagePath)) {
    throw new RuvectorError(
      'INVALID_OPTION',
      `storagePath is "${storagePath}", expected idb:// and a name of 1 … 128 letters, digits, "_", "-" and, but at its start, "."`,
      'open',
    );
  }
  return storagePath;
}
