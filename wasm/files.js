// What the core imports from JavaScript (an Emscripten --js-library): files, entropy, a short sleep. Every WASM build links it.
//
// Files come from an object that the embedder passes as `Module.ruvectorFiles`, before the module is instantiated. Without it
// (browsers) every path operation throws UNSUPPORTED and databases live in memory. Its interface, all of it synchronous:
//
//   interface RuvectorFiles {
//     // Opens a file, never following a symbolic link as its last step, and returns a number ≥ 0 to name it by.
//     // mode 0: read, must exist. 1: create, must not exist (flags 'wx+'). 2: read and append, must exist (flags 'r+', not 'a').
//     // What is no regular file is an error, not a wait: open with O_NONBLOCK, then fstat.
//     open(path: string, mode: 0 | 1 | 2): number;
//     // Length in bytes, now.
//     size(fd: number): number;
//     // Fills `into` from `offset` on; returns the bytes read, fewer than asked only at the end of the file.
//     // `into` is a view into the WASM memory: use it at once, never keep it.
//     read(fd: number, offset: number, into: Uint8Array): number;
//     // Writes all of `bytes` at `offset`, which is the end of the file; retries short writes. Same rule for the view.
//     append(fd: number, bytes: Uint8Array, offset: number): void;
//     // Returns when the bytes are on disk (fdatasync, or fsync), or throws.
//     sync(fd: number): void;
//     truncate(fd: number, size: number): void;
//     close(fd: number): void;
//     // Names (not paths) of the regular files in a folder, in no order, without symbolic links; null when there is no such folder.
//     list(path: string): string[] | null;
//     // What is at a path, following symbolic links: 0 nothing, 1 something that is no folder, 2 a folder.
//     kind(path: string): 0 | 1 | 2;
//     // Removes a file. One that is missing is no error.
//     remove(path: string): void;
//     // Replaces `to`, atomically.
//     rename(from: string, to: string): void;
//     // Makes one folder. One that exists is no error.
//     mkdir(path: string): void;
//     // Removes an empty folder.
//     rmdir(path: string): void;
//     // Makes creations, renames and removals in the folder durable: open it, fsync, close. Where the system cannot (Windows), nothing.
//     syncDir(path: string): void;
//     // Optional, else false: whether a file in this folder is stored whole by each sync, in one transaction with all others (IndexedDB).
//     storesWhole?(path: string): boolean;
//     // This process, in raw strings: the core hashes them, so that native and WASM openers understand each other's lock files.
//     process(): {
//       pid: number;           // process.pid
//       start: string;         // Linux: field 22 of /proc/self/stat, in decimal (split after the last ')'); elsewhere '0': not known
//       host: string;          // os.hostname()
//       boot: string;          // Linux: /proc/sys/kernel/random/boot_id, trimmed; elsewhere or unreadable ''
//       pidNamespace: string;  // Linux: readlink /proc/self/ns/pid, such as 'pid:[4026531836]'; elsewhere or unreadable ''
//     };
//     // Whether process `pid` runs. Linux: /proc/<pid>/stat exists, its state (field 3) is neither Z nor X, and its field 22 equals
//     // `start` unless that is '0'. Elsewhere: process.kill(pid, 0) succeeds, or fails with EPERM. When in doubt, true.
//     isAlive(pid: number, start: string): boolean;
//   }
//
// Paths are those the user gave, joined with '/'. Numbers are safe integers. Each function may throw: the error's message becomes the
// message of the core's Error, whose code is NOT_FOUND for `error.code === 'ENOENT'`, UNSUPPORTED for 'ENOTSUP', and IO for anything else.

(typeof addToLibrary === 'function'
  ? addToLibrary
  : function (library) {
      mergeInto(LibraryManager.library, library);
    })({
  // Text on its way to the core: a result, or the message after a failure.
  $ruvectorHost: {
    text: null,

    string: function (pointer, bytes) {
      // A copy, since TextDecoder refuses shared memory.
      return new TextDecoder().decode(HEAPU8.slice(pointer >>> 0, (pointer >>> 0) + bytes));
    },

    // Leaves a text to be fetched with ruvector_files_text; returns its length in bytes.
    leave: function (text) {
      ruvectorHost.text = new TextEncoder().encode(text);
      return ruvectorHost.text.length;
    },

    // Runs f(files). A failure leaves its message and gives -1 (IO), -2 (NOT_FOUND) or -3 (UNSUPPORTED).
    run: function (f) {
      var files = Module['ruvectorFiles'];
      if (!files) {
        ruvectorHost.leave('storagePath needs a file system, and this host offers none to WebAssembly');
        return -3;
      }
      try {
        return f(files);
      } catch (error) {
        ruvectorHost.leave(String((error && error.message) || error));
        return error && error.code === 'ENOENT' ? -2 : error && error.code === 'ENOTSUP' ? -3 : -1;
      }
    },
  },

  // Length of the text left last.
  ruvector_files_text_size__deps: ['$ruvectorHost'],
  ruvector_files_text_size: function () {
    return ruvectorHost.text ? ruvectorHost.text.length : 0;
  },

  // Copies the text left last to `out`, which has room for it.
  ruvector_files_text__deps: ['$ruvectorHost'],
  ruvector_files_text: function (out) {
    if (ruvectorHost.text) HEAPU8.set(ruvectorHost.text, out >>> 0);
    ruvectorHost.text = null;
  },

  ruvector_files_open__deps: ['$ruvectorHost'],
  ruvector_files_open: function (path, bytes, mode) {
    return ruvectorHost.run(function (files) {
      return files['open'](ruvectorHost.string(path, bytes), mode);
    });
  },

  ruvector_files_size__deps: ['$ruvectorHost'],
  ruvector_files_size: function (fd) {
    return ruvectorHost.run(function (files) {
      return files['size'](fd);
    });
  },

  ruvector_files_read__deps: ['$ruvectorHost'],
  ruvector_files_read: function (fd, offset, out, bytes) {
    return ruvectorHost.run(function (files) {
      out >>>= 0;
      return files['read'](fd, offset, HEAPU8.subarray(out, out + (bytes >>> 0)));
    });
  },

  ruvector_files_append__deps: ['$ruvectorHost'],
  ruvector_files_append: function (fd, data, bytes, offset) {
    return ruvectorHost.run(function (files) {
      data >>>= 0;
      files['append'](fd, HEAPU8.subarray(data, data + (bytes >>> 0)), offset);
      return 0;
    });
  },

  ruvector_files_sync__deps: ['$ruvectorHost'],
  ruvector_files_sync: function (fd) {
    return ruvectorHost.run(function (files) {
      files['sync'](fd);
      return 0;
    });
  },

  ruvector_files_truncate__deps: ['$ruvectorHost'],
  ruvector_files_truncate: function (fd, size) {
    return ruvectorHost.run(function (files) {
      files['truncate'](fd, size);
      return 0;
    });
  },

  ruvector_files_close__deps: ['$ruvectorHost'],
  ruvector_files_close: function (fd) {
    return ruvectorHost.run(function (files) {
      files['close'](fd);
      return 0;
    });
  },

  // Leaves the names joined with NUL. Returns 1, or 0 when there is no such folder.
  ruvector_files_list__deps: ['$ruvectorHost'],
  ruvector_files_list: function (path, bytes) {
    return ruvectorHost.run(function (files) {
      var names = files['list'](ruvectorHost.string(path, bytes));
      if (!names) return 0;
      ruvectorHost.leave(names.join('\0'));
      return 1;
    });
  },

  ruvector_files_kind__deps: ['$ruvectorHost'],
  ruvector_files_kind: function (path, bytes) {
    return ruvectorHost.run(function (files) {
      return files['kind'](ruvectorHost.string(path, bytes));
    });
  },

  ruvector_files_remove__deps: ['$ruvectorHost'],
  ruvector_files_remove: function (path, bytes) {
    return ruvectorHost.run(function (files) {
      files['remove'](ruvectorHost.string(path, bytes));
      return 0;
    });
  },

  ruvector_files_rename__deps: ['$ruvectorHost'],
  ruvector_files_rename: function (from, fromBytes, to, toBytes) {
    return ruvectorHost.run(function (files) {
      files['rename'](ruvectorHost.string(from, fromBytes), ruvectorHost.string(to, toBytes));
      return 0;
    });
  },

  ruvector_files_mkdir__deps: ['$ruvectorHost'],
  ruvector_files_mkdir: function (path, bytes) {
    return ruvectorHost.run(function (files) {
      files['mkdir'](ruvectorHost.string(path, bytes));
      return 0;
    });
  },

  ruvector_files_rmdir__deps: ['$ruvectorHost'],
  ruvector_files_rmdir: function (path, bytes) {
    return ruvectorHost.run(function (files) {
      files['rmdir'](ruvectorHost.string(path, bytes));
      return 0;
    });
  },

  ruvector_files_sync_dir__deps: ['$ruvectorHost'],
  ruvector_files_sync_dir: function (path, bytes) {
    return ruvectorHost.run(function (files) {
      files['syncDir'](ruvectorHost.string(path, bytes));
      return 0;
    });
  },

  ruvector_files_stores_whole__deps: ['$ruvectorHost'],
  ruvector_files_stores_whole: function (path, bytes) {
    return ruvectorHost.run(function (files) {
      return files['storesWhole'] && files['storesWhole'](ruvectorHost.string(path, bytes)) ? 1 : 0;
    });
  },

  // Leaves pid, start, host, boot and pidNamespace, joined with NUL.
  ruvector_files_process__deps: ['$ruvectorHost'],
  ruvector_files_process: function () {
    return ruvectorHost.run(function (files) {
      var self = files['process']();
      ruvectorHost.leave(
        [self['pid'], self['start'], self['host'], self['boot'], self['pidNamespace']].join('\0'),
      );
      return 0;
    });
  },

  // `start` is text, in decimal.
  ruvector_files_is_alive__deps: ['$ruvectorHost'],
  ruvector_files_is_alive: function (pid, start, bytes) {
    return ruvectorHost.run(function (files) {
      return files['isAlive'](pid, ruvectorHost.string(start, bytes)) ? 1 : 0;
    });
  },

  // Random bytes; 1, or 0 when the host has none.
  ruvector_random: function (out, bytes) {
    try {
      out >>>= 0;
      bytes >>>= 0;
      // getRandomValues serves at most 65536 bytes a call.
      for (var at = 0; at < bytes; at += 65536) {
        var part = new Uint8Array(Math.min(65536, bytes - at));
        globalThis.crypto.getRandomValues(part);
        HEAPU8.set(part, out + at);
      }
      return 1;
    } catch (error) {
      return 0;
    }
  },

  // Blocks this thread. Only lock retries use it, hence only hosts with files, which can block.
  ruvector_sleep: function (milliseconds) {
    try {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
    } catch (error) {
      for (var end = Date.now() + milliseconds; Date.now() < end; );
    }
  },
});
