import type { ByteRing } from './byte-ring.ts';

/** The bytes of a snapshot through a ring. */
export class RingTarget {
  bytes = 0;
  readonly #ring: ByteRing;
  readonly #check: () => void;

  /** `check` throws if the writer has to end. */
  constructor(ring: ByteRing, check: () => void) {
    this.#ring = ring;
    this.#check = check;
  }

  write(bytes: Buffer): void {
    this.#ring.write(bytes, this.#check);
    this.bytes += bytes.length;
  }

  commit(): void {
    this.#ring.end(this.#check);
  }

  abandon(): void {
    this.#ring.cancel();
  }
}
