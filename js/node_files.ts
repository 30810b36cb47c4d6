// The files of Node for the WebAssembly core: the object that wasm/files.js documents as Module.ruvectorFiles.
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';

const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = fs.constants;
const modes = [O_RDONLY, O_RDWR | O_CREAT | O_EXCL, O_RDWR];

function readText(path: string): string {
  try {
    return fs.readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

/** Fields of /proc/<pid>/stat from the third on: the second, a name, may hold anything but ends at the last parenthesis. */
function statFields(pid: number | 'self'): string[] {
  const text = readText(`/proc/${pid}/stat`);
  return text === '' ? [] : text.slice(text.lastIndexOf(')') + 2).split(' ');
}

function linkTarget(path: string): string {
  try {
    return fs.readlinkSync(path);
  } catch {
    return '';
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

// A terminated worker thread runs no code that would remove its lock file, but Node closes its files: lock files are kept open, so that
// other threads of this process see whose writer is gone. All of a process start alike: writer-wasm-<pid>-<start>-<space>-<nonce>.lock.
const lockName = /^(writer-wasm-.*-)[0-9a-f]{16}\.lock$/;
const locks = new Map<string, number>();

/** Without the lock files of threads of this process that have ended. */
function withoutDeadLocks(folder: string, names: string[]): string[] {
  const own = names.find((name) => locks.has(`${folder}/${name}`));
  const start = lockName.exec(own ?? '')?.[1];
  const others = names.filter((name) => name !== own && lockName.exec(name)?.[1] === start);
  if (start === undefined || others.length === 0 || !fs.existsSync('/proc/self/fd')) return names;
  const open = fs.readdirSync('/proc/self/fd').map((fd) => path.basename(linkTarget(`/proc/self/fd/${fd}`)));
  const dead = others.filter((name) => !open.includes(name));
  for (const name of dead) fs.rmSync(`${folder}/${name}`, { force: true });
  return names.filter((name) => !dead.includes(name));
}

export const nodeFiles = {
  open(file: string, mode: 0 | 1 | 2): number {
    const fd = fs.openSync(file, (modes[mode] as number) | O_NOFOLLOW | O_NONBLOCK, 0o644);
    if (fs.fstatSync(fd).isFile()) {
      try {
        if (mode === 1 && lockName.test(path.basename(file))) locks.set(file, fs.openSync(file, O_RDONLY));
      } catch (error) {
        fs.closeSync(fd);
        throw error;
      }
      return fd;
    }
    fs.closeSync(fd);
    throw new Error(`${file} is no regular file`);
  },
  size: (fd: number): number => fs.fstatSync(fd).size,
  read(fd: number, offset: number, into: Uint8Array): number {
    let done = 0;
    while (done < into.length) {
      const n = fs.readSync(fd, into, done, into.length - done, offset + done);
      if (n === 0) break;
      done += n;
    }
    return done;
  },
  append(fd: number, bytes: Uint8Array, offset: number): void {
    let done = 0;
    while (done < bytes.length) done += fs.writeSync(fd, bytes, done, bytes.length - done, offset + done);
  },
  sync: (fd: number): void => fs.fdatasyncSync(fd),
  truncate: (fd: number, size: number): void => fs.ftruncateSync(fd, size),
  close: (fd: number): void => fs.closeSync(fd),
  list(folder: string): string[] | null {
    try {
      const entries = fs.readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
      return withoutDeadLocks(
        folder,
        entries.map((entry) => entry.name),
      );
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  },
  kind(path: string): 0 | 1 | 2 {
    const stat = fs.statSync(path, { throwIfNoEntry: false });
    if (!stat) return 0;
    return stat.isDirectory() ? 2 : 1;
  },
  remove(file: string): void {
    const lock = locks.get(file);
    if (lock !== undefined) fs.closeSync(lock);
    locks.delete(file);
    fs.rmSync(file, { force: true });
  },
  rename: (from: string, to: string): void => fs.renameSync(from, to),
  mkdir(path: string): void {
    try {
      fs.mkdirSync(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  },
  rmdir: (path: string): void => fs.rmdirSync(path),
  syncDir(path: string): void {
    if (process.platform === 'win32') return;
    const fd = fs.openSync(path, O_RDONLY);
    try {
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
  },
  process() {
    const { pid } = process;
    const host = os.hostname();
    // Elsewhere C++ knows of no /proc either.
    if (process.platform !== 'linux') return { pid, start: '0', host, boot: '', pidNamespace: '' };
    return {
      pid,
      start: statFields('self')[19] ?? '0',
      host,
      boot: readText('/proc/sys/kernel/random/boot_id'),
      pidNamespace: linkTarget('/proc/self/ns/pid'),
    };
  },
  isAlive(pid: number, start: string): boolean {
    if (process.platform === 'linux') {
      const fields = statFields(pid);
      const [state] = fields;
      if (state === undefined || state === 'Z' || state === 'X') return false;
      return start === '0' || fields[19] === start;
    }
    try {
      process.kill(pid, 0);
      return true;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EPERM';
    }
  },
};
