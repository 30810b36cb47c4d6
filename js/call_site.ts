// Where a call came from, kept before the first await: an error that comes back later knows only this library's frames.
export class CallSite {
  declare stack?: string;

  constructor(skip: (...args: never[]) => unknown) {
    (Error as { captureStackTrace?(to: object, skip: unknown): void }).captureStackTrace?.(this, skip);
  }

  moveTo(error: Error): void {
    const frames = this.stack?.slice(this.stack.indexOf('\n    at '));
    if (frames) error.stack = `${error.name}: ${error.message}${frames}`;
  }
}
