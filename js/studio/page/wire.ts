// A map as bytes, since a hundred thousand places are many digits: u32 length of the JSON, the JSON in UTF-8, spaces up to a multiple of four,
// then x and y as f32 in the order of the machine, which both ends share.
import type { MapPoints } from '../source.js';

export function packMap({ x, y, ...rest }: MapPoints): Uint8Array {
  let json = new TextEncoder().encode(JSON.stringify(rest));
  if (json.length % 4 > 0) {
    const padded = new Uint8Array(json.length + 4 - (json.length % 4)).fill(32);
    padded.set(json);
    json = padded;
  }
  const bytes = new Uint8Array(4 + json.length + x.byteLength + y.byteLength);
  new DataView(bytes.buffer).setUint32(0, json.length, true);
  bytes.set(json, 4);
  bytes.set(new Uint8Array(x.buffer, x.byteOffset, x.byteLength), 4 + json.length);
  bytes.set(new Uint8Array(y.buffer, y.byteOffset, y.byteLength), 4 + json.length + x.byteLength);
  return bytes;
}

export function unpackMap(bytes: ArrayBuffer): MapPoints {
  const length = new DataView(bytes).getUint32(0, true);
  const rest = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
  const places = new Float32Array(bytes, 4 + length);
  const count = places.length / 2;
  return { ...rest, x: places.subarray(0, count), y: places.subarray(count) };
}
