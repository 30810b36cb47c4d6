// Which backend a caller gets: the one asked for, or the best there is.
import type { Backend, Platform } from './backend.js';
import { RuvectorError } from './errors.js';
import { show } from './options.js';

let announced = false;

function announceFallback(platform: Pick<Platform, 'warn'>, error: Error): void {
  if (!announced) platform.warn(`${error.message}\nusing WebAssembly instead`);
  announced = true;
}

/** The native addon; null: WebAssembly is to be taken. Throws UNSUPPORTED where only native would do, INVALID_OPTION. */
export function nativeIfWanted(platform: Pick<Platform, 'native' | 'preferred' | 'warn'>, asked: unknown, method: string): Backend | null {
  const wanted = asked === undefined || asked === 'auto' ? (platform.preferred() ?? 'auto') : asked;
  if (wanted === 'wasm') return null;
  if (wanted !== 'auto' && wanted !== 'native') {
    throw new RuvectorError('INVALID_OPTION', `backend is ${show(wanted)}, expected "auto", "native" or "wasm"`, method);
  }
  let native: Backend | null = null;
  try {
    native = platform.native();
  } catch (error) {
    if (wanted === 'native') throw error;
    announceFallback(platform, error as Error);
  }
  if (native === null && wanted === 'native') {
    throw new RuvectorError('UNSUPPORTED', "backend 'native' needs Node, Bun or Electron", method);
  }
  return native;
}
