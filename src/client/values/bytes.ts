import { types } from 'node:util';
import { encodeError } from '../base/errors.ts';

/** What the client stores as bytes: any view of memory, and memory itself. */
export type Bytes = ArrayBufferView | ArrayBufferLike;

/** Whether the value is a view of memory, or memory itself; also of another realm. */
export function isBytes(value: unknown): value is Bytes {
  return ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value);
}

/**
 * The bytes of a value, without a copy. A later change of the length is a failure, which the
 * pipeline detects.
 * @throws {CacheError} ERR_VALUE for memory that was transferred to another thread, and for a view
 *     that is out of the bounds of its memory.
 */
export function bytesOf(value: Bytes): Uint8Array {
  const bytes = viewOf(value);
  if (bytes.length === 0) checkInBounds(bytes);
  return bytes;
}

function viewOf(value: Bytes): Uint8Array {
  if (value instanceof Uint8Array) return value;
  try {
    if (!ArrayBuffer.isView(value)) return new Uint8Array(value, 0, value.byteLength);
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  } catch (cause) {
    throw encodeError(GONE, cause);
  }
}

const GONE = 'Its memory was transferred or became shorter.';

/** Every method of a view throws if the view is out of bounds; its length is then 0. */
function checkInBounds(bytes: Uint8Array): void {
  try {
    bytes.at(0);
  } catch (cause) {
    throw encodeError(GONE, cause);
  }
}
