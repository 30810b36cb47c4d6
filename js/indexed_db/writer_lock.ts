// One writer for each database in IndexedDB, over all tabs and workers of an origin; readers are told what it wrote.
import { RuvectorError } from '../errors.js';

/** A holder that has just been closed, or was killed, may still have it for a moment. */
const tries = 5;
const pauseMs = 25;

/** Null where the page has no locks (no secure context): then the store's generations alone keep writers from each other. */
export async function lockForWriting(name: string): Promise<(() => void) | null> {
  if (navigator.locks === undefined) return null;
  for (let left = tries; ; left--) {
    try {
      return await tryToLock(name);
    } catch (error) {
      if (left === 1 || (error as RuvectorError).code !== 'LOCKED') throw error;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}

function tryToLock(name: string): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const held = navigator.locks.request(`ruvector:idb://${name}`, { mode: 'exclusive', ifAvailable: true }, (lock) => {
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
