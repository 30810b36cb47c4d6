// A peer in a process of its own: `call` does one of the operations of host.mjs there.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const host = fileURLToPath(new URL('host.mjs', import.meta.url));

export class Remote {
  constructor(set, peer, folder, threads) {
    this.told = ''; // the end of what it printed as an error
    this.child = fork(host, [JSON.stringify(set), JSON.stringify(peer), folder, String(threads)], {
      execArgv: ['--expose-gc', '--max-old-space-size=8192'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.child.stderr.on('data', (bytes) => {
      this.told = (this.told + bytes).slice(-2000);
    });
    this.exited = new Promise((resolve) => {
      this.child.once('close', (code, signal) => {
        this.over = signal ? `ended by ${signal}` : `ended with code ${code}`;
        resolve();
      });
    });
  }

  /** Rejects with what the peer threw, how its process ended, or after `limit` seconds, which end it. */
  call(operation, args = {}, limit = 120) {
    return new Promise((resolve, reject) => {
      const fail = (message) => {
        clearTimeout(timer);
        this.child.off('message', answered);
        reject(new Error(message));
      };
      const answered = ({ value, error }) => {
        clearTimeout(timer);
        ended.abort();
        if (error === undefined) resolve(value);
        else reject(new Error(error));
      };
      const ended = new AbortController();
      const timer = setTimeout(() => {
        ended.abort();
        this.child.kill('SIGKILL');
        fail(`${operation} took longer than ${limit} s and was ended`);
      }, limit * 1000);
      this.child.once('message', answered);
      this.exited.then(() => {
        if (!ended.signal.aborted)
          fail(`its process ${this.over}${this.told ? `: ${this.told.trim().split('\n').slice(-3).join(' | ')}` : ''}`);
      });
      this.child.send({ operation, args }, (error) => {
        if (error && this.over === undefined) fail(error.message);
      });
    });
  }

  async end() {
    if (this.over === undefined) this.child.kill('SIGKILL');
    await this.exited;
  }
}
