/**
 * Frees the memory of a buffer that has an ArrayBuffer of its own (`allocUnsafeSlow`) and that
 * nothing uses any more. An idle node does not collect garbage for minutes after a burst.
 */
export function freeMemory({ buffer }: Buffer): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}
