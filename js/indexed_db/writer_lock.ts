// One writer for each database in IndexedDB, over all tabs and workers of an origin; readers are told what it wrote.
import { RuvectorError } from '../errors.js';

/** Null where the page has no locks (no secure context): then the store's generations alone keep writers from each other. */
export async function lockForWriting(name: string): Promise<(() => void) | null> {
  const { locks } = navigator;
  if (locks === undefined) return null;
  return new Promise((resolve, reject) => {
    const held = locks.request(`ruvector:idb://${name}`, { mode: 'exclusive', ifAvailable: true }, (lock) => {
      if (lock === null) {
        throw new RuvectorError(
          'LOCKED',
          `idb://${name} is open for writing in another tab or worker; readOnly: true opens it beside`,
          'open',
        );
      }
      return new Promise<void>((release) => resolve(release));
    });
    held.catch(reject);
  });
}

export class Announcements {
  #channel: BroadcastChannel;

  constructor(name: string) {
    this.#channel = new BroadcastChannel(`ruvector:idb://${name}`);
  }
  tell(): void {
    this.#channel.postMessage('written');
  }
  whenTold(listener: () => void): void {
    this.#channel.onmessage = listener;
  }
  close(): void {
    this.#channel.close();
  }
}
