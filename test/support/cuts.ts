/** Where to cut a run of bytes: ascending offsets inside it; none means whole. */
export type Cuts = readonly number[];

/**
 * Every way of cutting `bytes` that finds a decoder's mistakes: whole, cut once at each place, byte by byte.
 * `everyCut(wire)` in a `for` gives `bytes.length + 1` ways.
 */
export function* everyCut(bytes: Uint8Array): Generator<Cuts> {
  yield [];
  for (let at = 1; at < bytes.length; at++) yield [at];
  yield Array.from({ length: Math.max(0, bytes.length - 1) }, (_, i) => i + 1);
}

/** The pieces that `cuts` makes of `bytes`. */
export function pieces(bytes: Uint8Array, cuts: Cuts): Uint8Array[] {
  const ends = [...cuts, bytes.length];
  return ends.map((end, i) => bytes.subarray(i === 0 ? 0 : ends[i - 1], end));
}
