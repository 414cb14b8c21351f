/** Where to cut a sequence of bytes: ascending offsets inside it; none leaves it whole. */
export type Cuts = readonly number[];

/**
 * The cuts of `bytes` that find bugs of a decoder: whole, one cut at each offset, and byte by byte.
 * The generator yields `bytes.length + 1` cuts.
 */
export function* everyCut(bytes: Uint8Array): Generator<Cuts> {
  yield [];
  for (let at = 1; at < bytes.length; at++) yield [at];
  yield Array.from({ length: Math.max(0, bytes.length - 1) }, (_, i) => i + 1);
}

/** Cuts `bytes` into pieces. */
export function pieces(bytes: Uint8Array, cuts: Cuts): Uint8Array[] {
  const ends = [...cuts, bytes.length];
  return ends.map((end, i) => bytes.subarray(i === 0 ? 0 : ends[i - 1], end));
}
