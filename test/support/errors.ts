// What a call throws.
import { RuvectorError } from 'ruvector';
import { expect } from 'vitest';

/** The error of a call that must fail; anything but a RuvectorError fails the test. */
export async function errorOf(call: () => unknown): Promise<RuvectorError> {
  try {
    await call();
  } catch (error) {
    expect(error).toBeInstanceOf(RuvectorError);
    return error as RuvectorError;
  }
  return expect.fail('no error');
}
