/** The header of a zstd frame: RFC 8878, section 3.1.1. */
const MAGIC = 0xfd2f_b528;
const SINGLE_SEGMENT = 0x20;
/** Bytes of the dictionary id and of the content size, by their flags in the descriptor. */
const DICTIONARY_ID_BYTES = [0, 1, 2, 4];
const SIZE_BYTES = [0, 2, 4, 8];
const DESCRIPTOR_AT = 4;
/** What a content size of two bytes adds to it. */
const TWO_BYTES_OFFSET = 256;

/**
 * The number of bytes that the (first) frame says it unpacks to; undefined if it does not say so,
 * or is no frame. The header may lie: what unpacks the frame must have a bound of its own.
 */
export function contentBytesOf(frame: Buffer): number | undefined {
  if (frame.length <= DESCRIPTOR_AT || frame.readUInt32LE(0) !== MAGIC) return undefined;
  const descriptor = frame[DESCRIPTOR_AT]!;
  const isSingleSegment = (descriptor & SINGLE_SEGMENT) !== 0;
  const windowBytes = isSingleSegment ? 0 : 1;
  const at = DESCRIPTOR_AT + 1 + windowBytes + DICTIONARY_ID_BYTES[descriptor & 3]!;
  const sizeBytes = SIZE_BYTES[descriptor >> 6] || (isSingleSegment ? 1 : 0);
  if (sizeBytes === 0 || frame.length < at + sizeBytes) return undefined;
  if (sizeBytes === 8) return Number(frame.readBigUInt64LE(at));
  return frame.readUIntLE(at, sizeBytes) + (sizeBytes === 2 ? TWO_BYTES_OFFSET : 0);
}
