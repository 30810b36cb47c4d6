import type { ErrorCode } from '../types/api.js';

/** The one error of this library. `code` is for programs, `message` says what was expected, what came, and where. */
export class RuvectorError extends Error {
  readonly code: ErrorCode;
  /** The method that failed: "insert". */
  readonly method: string;

  constructor(code: ErrorCode, message: string, method: string) {
    super(message);
    this.name = 'RuvectorError';
    this.code = code;
    this.method = method;
  }
}
