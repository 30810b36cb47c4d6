// Ids out of the core: their UTF-8, one after another, decoded many at once.

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

// What is cut out of a long text keeps all of it in memory, so a hit that somebody keeps holds on to no more than this beside its id.
const blockBytes = 4096;

/** The texts whose bytes follow each other in `bytes`. */
export function decodeIds(lengths: Uint32Array, bytes: Uint8Array): string[] {
  const ids = new Array<string>(lengths.length);
  let at = 0;
  for (let first = 0; first < lengths.length; ) {
    let end = first + 1;
    let size = lengths[first] as number;
    while (end < lengths.length && size + (lengths[end] as number) <= blockBytes) size += lengths[end++] as number;
    const block = bytes.subarray(at, at + size);
    const text = decoder.decode(block);
    // As many UTF-16 units as bytes: all of it is ASCII.
    const ascii = text.length === size;
    for (let from = 0; first < end; first++) {
      const to = from + (lengths[first] as number);
      ids[first] = ascii ? text.slice(from, to) : decoder.decode(block.subarray(from, to));
      from = to;
    }
    at += size;
  }
  return ids;
}
