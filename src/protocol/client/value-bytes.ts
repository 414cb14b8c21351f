/**
 * The bytes of a value on the wire.
 * @throws {TypeError} for text with a lone surrogate, which has no UTF-8: the node would store
 *     another text.
 */
export function valueBytesOf(value: string | Uint8Array): number {
  if (typeof value !== 'string') return value.length;
  const bytes = Buffer.byteLength(value, 'utf8');
  if (bytes === value.length || value.isWellFormed()) return bytes;
  throw new TypeError('the text has a lone surrogate');
}
