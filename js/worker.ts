// The script of the Web Worker that holds a page's database.
import { browserCore } from './platform_browser.js';
import { type Request, serve } from './worker_messages.js';

const scope = self as unknown as { onmessage: unknown; postMessage(message: unknown, transfer: Transferable[]): void };
const answer = serve(browserCore, (reply, transfer) => scope.postMessage(reply, transfer));
// Held for life: the page gets it when this worker is gone, of which no event tells. Nothing is answered before.
const held = new Promise<void>((resolve) => {
  if (navigator.locks === undefined) return resolve();
  const forLife = () => {
    resolve();
    return new Promise(() => {});
  };
  navigator.locks.request(self.name, forLife).catch(() => resolve());
});
scope.onmessage = ({ data }: MessageEvent<Request>) => void held.then(() => answer(data));
