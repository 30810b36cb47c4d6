// A core in WebAssembly whose databases may lie in IndexedDB: a call is answered once what it wrote is on disk.
import type { Backend, FastHits, Reply } from '../backend.js';
import { RuvectorError } from '../errors.js';
import type { Mount } from './mount.js';
import { type MountedFiles, mountPathOf } from './mounted_files.js';
import type { OpenDatabase, Openings } from './openings.js';

function errorReply(error: unknown): Reply {
  const { code, message } = error instanceof RuvectorError ? error : { code: 'INTERNAL', message: String(error) };
  return [JSON.stringify({ error: { code, message } })];
}

/** Kinds of jobs that read files again. */
const readingJobs = ['verify', 'snapshot'];

export class PersistentBackend implements Backend {
  readonly #core: Backend;
  readonly #files: MountedFiles;
  readonly #openings: Openings;
  /** By handle. */
  readonly #databases = new Map<number, OpenDatabase>();
  readonly #keepers = new Map<number, Mount>();

  constructor(core: Backend, files: MountedFiles, openings: Openings) {
    this.#core = core;
    this.#files = files;
    this.#openings = openings;
  }

  get name(): string {
    return this.#core.name;
  }

  async call(method: string, json: string, buffers: readonly ArrayBufferView[]): Promise<Reply> {
    try {
      if (method === 'db.open') return await this.#open(json);
      if (method === 'db.close') return await this.#close(json);
      if (method === 'db.refresh') await this.#databases.get(JSON.parse(json).handle)?.mount.reload();
      if (method === 'job.begin') return await this.#beginJob(json);
      const reply = this.#core.callSync(method, json, buffers);
      if (method === 'job.end') this.#endJob(JSON.parse(json).job);
      // The core takes for stored what an earlier flush could not store.
      if (method === 'db.flush') this.#databases.get(JSON.parse(json).handle)?.mount.sync();
      await this.#flush();
      return reply;
    } catch (error) {
      return errorReply(error);
    }
  }

  callSync(method: string, json: string, buffers: readonly ArrayBufferView[]): Reply {
    if (method === 'db.open' && mountPathOf(JSON.parse(json).storagePath) !== undefined) {
      return errorReply(new RuvectorError('NOT_READY', 'IndexedDB answers later; await VectorDB.open before the Sync methods', 'open'));
    }
    const reply = this.#core.callSync(method, json, buffers);
    // Only with a durability that does not wait for it. What fails is tried again with the next flush, which tells.
    this.#flush().catch(() => {});
    return reply;
  }

  async #flush(): Promise<void> {
    const waiting = [...this.#files.mounts.values()].filter((mount) => mount.takeWish());
    await Promise.all(waiting.map((mount) => mount.flush()));
  }

  pause(): Promise<void> {
    return this.#core.pause();
  }
  search(handle: number, query: Float32Array, k: number, efSearch: number, exact: boolean): FastHits | string {
    return this.#core.search(handle, query, k, efSearch, exact);
  }

  // --- Opening and closing

  async #open(json: string): Promise<Reply> {
    const { storagePath, readOnly } = JSON.parse(json);
    const path = mountPathOf(storagePath);
    if (path === undefined) return this.#core.call('db.open', json, []);
    if (typeof indexedDB === 'undefined') {
      throw new RuvectorError('UNSUPPORTED', `${path} needs IndexedDB, which is not here (a private window, perhaps)`, 'open');
    }
    const opening = this.#openings.take(path, readOnly !== true);
    try {
      return await this.#openMounted(await opening, json);
    } catch (error) {
      this.#files.taken.delete(path);
      throw error;
    }
  }

  async #openMounted(database: OpenDatabase, json: string): Promise<Reply> {
    const reply = await this.#core.call('db.open', json, []);
    const { error, handle } = JSON.parse(reply[0]);
    if (error) {
      this.#openings.unmount(database);
      return reply;
    }
    try {
      await database.mount.flush();
    } catch (failed) {
      this.#core.callSync('db.close', JSON.stringify({ handle }), []);
      this.#openings.unmount(database);
      throw failed;
    }
    this.#databases.set(handle, database);
    database.mount.drop();
    this.#follow(handle, database);
    return reply;
  }

  #follow(handle: number, { mount, announcements, writes }: OpenDatabase): void {
    if (writes) mount.onStored = () => announcements.tell();
    else announcements.whenTold(this.#refresher(handle));
  }

  /** Refreshes once for all that is told while a refresh is under way. What fails fails again, and is told, when the user asks for it. */
  #refresher(handle: number): () => void {
    let running = false;
    let again = false;
    return async () => {
      again = true;
      if (running) return;
      running = true;
      while (again && this.#databases.has(handle)) {
        again = false;
        await this.call('db.refresh', JSON.stringify({ handle }), []);
      }
      running = false;
    };
  }

  async #close(json: string): Promise<Reply> {
    const { handle } = JSON.parse(json);
    const reply = this.#core.callSync('db.close', json, []);
    const database = this.#databases.get(handle);
    if (database === undefined) return reply;
    this.#databases.delete(handle);
    try {
      await database.mount.flush();
    } catch (error) {
      const { code, message } = error as RuvectorError;
      throw new RuvectorError(code, `closed, but the last writes are not on disk: ${message}`, 'close');
    } finally {
      this.#openings.unmount(database);
    }
    return reply;
  }

  // --- Jobs that read files, which may have been left to IndexedDB

  async #beginJob(json: string): Promise<Reply> {
    const { handle, kind } = JSON.parse(json);
    const mount = readingJobs.includes(kind) ? this.#databases.get(handle)?.mount : undefined;
    if (mount) mount.keepers++;
    let job: number | undefined;
    try {
      await mount?.fetch();
      const reply = this.#core.callSync('job.begin', json, []);
      job = JSON.parse(reply[0]).job;
      await this.#flush();
      return reply;
    } finally {
      if (mount && job !== undefined) this.#keepers.set(job, mount);
      else if (mount) this.#release(mount);
    }
  }

  #endJob(job: number): void {
    const mount = this.#keepers.get(job);
    if (mount) this.#release(mount);
    this.#keepers.delete(job);
  }

  #release(mount: Mount): void {
    mount.keepers--;
    mount.drop();
  }
}
