// A worker thread of Node, which keeps the process alive only while it owes an answer.
import { Worker } from 'node:worker_threads';
import { moduleUrl } from './module_url.js';
import type { OpenChannel } from './worker_backend.js';

export const openChannel: OpenChannel = (answered, failed) => {
  const worker = new Worker(new URL('./worker_node.js', moduleUrl));
  let owed = 0;
  worker.on('message', (answer) => {
    if (--owed === 0) worker.unref();
    answered(answer);
  });
  worker.on('messageerror', (error) => failed(error.message));
  worker.on('error', (error) => failed(error.message));
  worker.on('exit', (code) => failed(`it exited with code ${code}`));
  return {
    post(request, transfer) {
      if (owed++ === 0) worker.ref();
      worker.postMessage(request, transfer);
    },
    end: () => void worker.terminate(),
  };
};
