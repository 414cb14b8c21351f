/**
 * MurmurHash3 (x86, 32 bits; Austin Appleby, public domain algorithm) of `bytes[start, end)`.
 * It places keys on nodes. A seed does not make it safe for a hash table: some keys collide with
 * every seed.
 * @returns an unsigned 32-bit number.
 */
export function murmur3(bytes: Uint8Array, start: number, end: number, seed: number): number {
  let hash = seed | 0;
  let at = start;
  for (const blocksEnd = start + ((end - start) & ~3); at < blocksEnd; at += 4) {
    const block =
      bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    hash ^= scramble(block);
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  const tailBytes = end - at;
  if (tailBytes > 0) {
    let tail = bytes[at]!;
    if (tailBytes > 1) tail |= bytes[at + 1]! << 8;
    if (tailBytes > 2) tail |= bytes[at + 2]! << 16;
    hash ^= scramble(tail);
  }
  return finish(hash ^ (end - start));
}

function scramble(block: number): number {
  const mixed = Math.imul(block, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}

function finish(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
