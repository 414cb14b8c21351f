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
