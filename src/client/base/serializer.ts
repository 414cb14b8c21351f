/** Converts values other than text and bytes to bytes and back. Default: JSON. */
export interface Serializer {
  serialize(value: unknown): string | Uint8Array;
  /** The implementation must not keep `bytes`. */
  deserialize(bytes: Uint8Array): unknown;
}
