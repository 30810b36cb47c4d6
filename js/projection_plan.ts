// The request of a projection, and how its reply is read. What goes to and fro is described in types/calls.d.ts.
import type { Projection, ProjectionAxis } from '../types/api.js';
import type { Plan } from './endpoint.js';
import { toFilter } from './entries.js';
import { RuvectorError } from './errors.js';
import { decodeIds } from './id_text.js';
import { requireSignal, requireTimeout } from './interruption.js';
import { type Bag, requireObject, sendable } from './options.js';

const known = ['limit', 'filter', 'signal', 'timeoutMs'];

export function projection(options: unknown, method: string, token?: number): Plan<Projection> {
  const bag: Bag = options === undefined ? {} : requireObject(options, 'options', method);
  for (const key of Object.keys(bag)) {
    if (!known.includes(key)) {
      throw new RuvectorError('INVALID_OPTION', `unknown option "${key}", expected ${known.join(', ')}`, method);
    }
  }
  requireSignal(bag.signal, method);
  const filter = toFilter(bag.filter, method);
  const timeoutMs = requireTimeout(bag.timeoutMs, method);
  return {
    call: 'db.projection',
    args: {
      ...(bag.limit === undefined ? {} : { limit: sendable(bag.limit, method) }),
      ...(filter === undefined ? {} : { filter }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(token === undefined ? {} : { token }),
    },
    buffers: [],
    read: ({ total }: { total: number }, [points, texts, axes]) => {
      const places = new Float32Array(points as ArrayBuffer);
      const count = places.length / 2;
      const lengths = new Uint32Array(texts as ArrayBuffer, 0, count);
      const values = new Float32Array(axes as ArrayBuffer);
      const width = values.length / 2 - 2;
      const axis = (k: number): ProjectionAxis => ({
        direction: values.slice(k * width, (k + 1) * width),
        origin: values[2 * width + k] as number,
        explained: values[2 * width + 2 + k] as number,
      });
      return {
        ids: decodeIds(lengths, new Uint8Array(texts as ArrayBuffer, lengths.byteLength)),
        x: places.slice(0, count),
        y: places.slice(count),
        axes: [axis(0), axis(1)],
        total,
      };
    },
  };
}
