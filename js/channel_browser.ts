// A dedicated Web Worker. The address is a literal, as bundlers look for exactly that.
import type { OpenChannel } from './worker_backend.js';

export const openChannel: OpenChannel = (answered, failed) => {
  let worker: Worker;
  try {
    worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'ruvector' });
  } catch (error) {
    queueMicrotask(() => failed((error as Error).message));
    return { post() {}, end() {} };
  }
  worker.onmessage = ({ data }) => answered(data);
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
