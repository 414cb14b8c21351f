import {
  type BinaryDecoder,
  type ClassicDecoder,
  DIALECT,
  isStorage,
  Request,
  VERB,
} from '../../protocol/index.ts';

const CRLF_BYTES = 2;
/** The requests of longer lines are freed, as in a RequestPool. */
const KEYS_KEPT_MAX = 1024;

/** Decodes the requests of an input once more, after the session has served them. */
export class RequestWalk {
  /** The request that `next` has decoded. */
  request = new Request();
  readonly #text: ClassicDecoder;
  readonly #binary: BinaryDecoder;

  constructor(decoders: { readonly text: ClassicDecoder; readonly binary: BinaryDecoder }) {
    this.#text = decoders.text;
    this.#binary = decoders.binary;
  }

  /**
   * Decodes the request at `at`; returns its length with its body, of which only a part may have
   * arrived, or 0 if there is none.
   */
  next(input: Buffer, at: number, end: number, isText: boolean): number {
    if (at >= end) return 0;
    const { request } = this;
    const length = (isText ? this.#text : this.#binary).decode(input, at, end, request);
    return length <= 0 ? 0 : length + bodyBytes(request);
  }

  /** How many requests begin in `input[start, end)`. */
  count(input: Buffer, start: number, end: number, isText: boolean): number {
    let count = 0;
    for (let at = start; ; count++) {
      const length = this.next(input, at, end, isText);
      if (length === 0) return count;
      at += length;
    }
  }

  /** Frees the memory of a request with many keys. */
  trim(): void {
    if (this.request.keyCapacity <= KEYS_KEPT_MAX) return;
    this.request.free();
    this.request = new Request();
  }
}

function bodyBytes({ verb, dialect, valueBytes, skipBytes }: Request): number {
  if (isStorage(verb)) return dialect === DIALECT.binary ? valueBytes : valueBytes + CRLF_BYTES;
  return verb === VERB.invalid || dialect === DIALECT.binary ? skipBytes : 0;
}
