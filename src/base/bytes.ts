const NO_BYTES = Buffer.alloc(0);

/** Up to this length a loop is faster than a call of `Buffer.copy` (measured: 25 ns a call). */
const LOOP_BYTES_MAX = 24;

/** Copies `source[start, end)` to `target` at `at`. The caller has checked the ranges. */
export function copyBytes(
  source: Buffer,
  start: number,
  end: number,
  target: Buffer,
  at: number,
): void {
  if (end - start > LOOP_BYTES_MAX) {
    copyLong(source, start, end, target, at);
    return;
  }
  for (let from = start, to = at; from < end; ) target[to++] = source[from++]!;
}

/** Half of the cache of a core. */
const BOUNCE_BYTES = 16 * 1024;
/** Up to this length the way through a third buffer would cost more. */
const BOUNCED_BYTES_MIN = 256;
let bounce: Buffer | undefined;

/**
 * Copies with `Buffer.copy`. From shared memory to shared memory V8 copies byte by byte, 1 us for
 * 4000 bytes and not 0.1, so such a copy goes through memory of the thread.
 */
function copyLong(source: Buffer, start: number, end: number, target: Buffer, at: number): void {
  if (end - start < BOUNCED_BYTES_MIN || !isShared(source) || !isShared(target)) {
    source.copy(target, at, start, end);
    return;
  }
  bounce ??= Buffer.allocUnsafeSlow(BOUNCE_BYTES);
  for (let from = start; from < end; ) {
    const bytes = source.copy(bounce, 0, from, Math.min(from + BOUNCE_BYTES, end));
    bounce.copy(target, at + from - start, 0, bytes);
    from += bytes;
  }
}

function isShared(bytes: Buffer): boolean {
  return bytes.buffer instanceof SharedArrayBuffer;
}

/** Above this length `Buffer.copy` is faster than a copy by words (20 ns for 100 bytes). */
const WORDS_BYTES_MAX = 256;

/** Bytes and a DataView of the same bytes: the length decides which of them copies faster. */
export interface ViewedBytes {
  readonly bytes: Buffer;
  readonly view: DataView;
}

/** A view of the bytes of a buffer; it makes a new view only when another buffer comes. */
export class BufferView implements ViewedBytes {
  bytes: Buffer = NO_BYTES;
  view: DataView = viewOf(NO_BYTES);

  /** Views these bytes from now on. */
  show(bytes: Buffer): void {
    if (bytes === this.bytes) return;
    this.bytes = bytes;
    this.view = viewOf(bytes);
  }
}

export function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/**
 * Copies `source[start, end)` to `target` at `at`, eight bytes at a time where that is fastest.
 * It copies words as integers, because a copy as floats could change the bits of a NaN.
 */
export function copyViewed(
  source: ViewedBytes,
  start: number,
  end: number,
  target: ViewedBytes,
  at: number,
): void {
  if (end - start > WORDS_BYTES_MAX) {
    copyLong(source.bytes, start, end, target.bytes, at);
    return;
  }
  const from = source.view;
  const to = target.view;
  let offset = start;
  let targetOffset = at;
  for (; offset + 8 <= end; offset += 8, targetOffset += 8) {
    to.setBigUint64(targetOffset, from.getBigUint64(offset, true), true);
  }
  if (offset + 4 <= end) {
    to.setUint32(targetOffset, from.getUint32(offset));
    offset += 4;
    targetOffset += 4;
  }
  for (; offset < end; offset++, targetOffset++) to.setUint8(targetOffset, from.getUint8(offset));
}

/**
 * Whether `a[aStart, aStart + length)` equals `b[bStart, bStart + length)`. It compares from the
 * end, because keys with a common prefix differ there.
 */
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
