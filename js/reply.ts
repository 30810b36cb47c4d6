// What comes back from the core, and its errors.
import type { ErrorCode } from '../types/api.js';
import type { Reply } from './backend.js';
import type { CallSite } from './call_site.js';
import { RuvectorError } from './errors.js';

interface ErrorReply {
  readonly error?: { readonly code: ErrorCode; readonly message: string };
}

/** The value of a reply; throws its error as if from `site`. */
export function parseReply([json]: Reply, method: string, site?: CallSite): unknown {
  const value = JSON.parse(json) as ErrorReply;
  if (value.error) {
    const error = new RuvectorError(value.error.code, value.error.message, method);
    site?.moveTo(error);
    throw error;
  }
  return value;
}

export function buffersOf([, ...buffers]: Reply): ArrayBuffer[] {
  return buffers;
}
