import { Request } from '../../protocol/index.ts';

/** Unused requests that a thread keeps for its next blocked clients. */
const SPARES_MAX = 16;
/** A request that has had more keys is too large to keep. */
const SPARE_KEYS_MAX = 1024;

/** The requests of one thread: the one that decoders fill, and spares to replace a parked one. */
export class RequestPool {
  /** The request that the next decode fills. */
  current = new Request();
  readonly #spares: Request[] = [];

  /** Returns the current request, which the caller keeps until it recycles it. */
  park(): Request {
    const parked = this.current;
    this.current = this.#spares.pop() ?? new Request();
    return parked;
  }

  /** Frees the memory of a current request that has had many keys. */
  trim(): void {
    if (this.current.keyCapacity <= SPARE_KEYS_MAX) return;
    this.current.free();
    this.current = new Request();
  }

  recycle(request: Request): void {
    const isSmall = request.keyCapacity <= SPARE_KEYS_MAX;
    if (isSmall && this.#spares.length < SPARES_MAX) this.#spares.push(request);
    else request.free();
  }
}
