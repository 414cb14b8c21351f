/** Below this many bytes a loop beats the call into `Buffer.copy` (measured: about 25 ns a call). */
const LOOP_BYTES_MAX = 24;

/** Copies `source[start, end)` to `target` at `at`. The ranges are the caller's to check. */
export function copyBytes(
  source: Buffer,
  start: number,
  end: number,
  target: Buffer,
  at: number,
): void {
  if (end - start > LOOP_BYTES_MAX) {
    source.copy(target, at, start, end);
    return;
  }
  for (let from = start, to = at; from < end; ) target[to++] = source[from++]!;
}

/** From here on the call into `Buffer.copy` beats copying by words (measured, 20 ns for 100 bytes). */
const WORDS_BYTES_MAX = 256;

/** Bytes and a DataView of the same bytes: some copies are faster by the one, some by the other. */
export interface ViewedBytes {
  readonly bytes: Buffer;
  readonly view: DataView;
}

/**
 * Copies `source[start, end)` to `target` at `at`, eight bytes at a time where that is fastest.
 * Words go as integers: as floats, some would not arrive as they left (NaN).
 */
export function copyViewed(
  source: ViewedBytes,
  start: number,
  end: number,
  target: ViewedBytes,
  at: number,
): void {
  if (end - start > WORDS_BYTES_MAX) {
    source.bytes.copy(target.bytes, at, start, end);
    return;
  }
  const from = source.view;
  const to = target.view;
  let offset = start;
  let place = at;
  for (; offset + 8 <= end; offset += 8, place += 8) {
    to.setBigUint64(place, from.getBigUint64(offset, true), true);
  }
  for (; offset < end; offset++, place++) target.bytes[place] = source.bytes[offset]!;
}

/** Whether `a[aStart, aStart + length)` equals `b[bStart, …)`; from the end, where keys differ. */
export function equalBytes(
  a: Uint8Array,
  aStart: number,
  b: Uint8Array,
  bStart: number,
  length: number,
): boolean {
  for (let i = length - 1; i >= 0; i--) if (a[aStart + i] !== b[bStart + i]) return false;
  return true;
}
