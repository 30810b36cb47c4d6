// A dedicated Web Worker. The address is a literal, as bundlers look for exactly that.
import { newId } from './entries.js';
import type { OpenChannel } from './worker_backend.js';

export const openChannel: OpenChannel = (answered, failed) => {
  let worker: Worker;
  const name = `ruvector-worker-${newId()}`;
  try {
    worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name });
  } catch (error) {
    queueMicrotask(() => failed((error as Error).message));
    return { post() {}, end() {} };
  }
  let started = false;
  worker.onmessage = ({ data }) => {
    // It has its lock, as it has answered.
    if (!started) void navigator.locks?.request(name, () => failed('it crashed'));
    started = true;
    answered(data);
  };
  worker.onmessageerror = () => failed('its answer could not be read');
  worker.onerror = (event) => {
    event.preventDefault();
    failed(event.message || `${new URL('./worker.js', import.meta.url)} did not load`);
  };
  return {
    post: (request, transfer) => worker.postMessage(request, transfer),
    end: () => worker.terminate(),
  };
};
