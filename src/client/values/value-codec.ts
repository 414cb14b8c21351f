import type { Reply } from '../../protocol/client.ts';
import { CacheError } from '../base/errors.ts';
import type { Serializer } from '../base/serializer.ts';
import type { CompressionOptions } from '../option-types/client.ts';
import { compress, decompress, inflate, isZlib } from './compression.ts';
import {
  BYTES_FLAG,
  CUSTOM_FLAG,
  EMPTY_TEXT_FLAG,
  JSON_FLAG,
  mayBeZlib,
  ZSTD_FLAG,
} from './flags.ts';

/** A value as the client sends it to a node. */
export interface EncodedValue {
  readonly value: string | Uint8Array;
  readonly flags: number;
}

/** A promise if another thread compresses or decompresses the value. */
type MaybePromise<T> = T | Promise<T>;

/** Encodes and decodes values. The serializer does not apply to text and bytes. */
export class ValueCodec {
  readonly #serializer: Serializer | undefined;
  readonly #compression: Required<CompressionOptions> | undefined;

  constructor(serializer?: Serializer, compression?: Required<CompressionOptions>) {
    this.#serializer = serializer;
    this.#compression = compression;
  }

  encode(value: unknown): MaybePromise<EncodedValue> {
    const plain = this.#serialize(value);
    return this.#compression === undefined ? plain : this.#compress(plain, this.#compression);
  }

  /** Decodes the value of a hit. */
  decode(reply: Reply): unknown {
    const { flags } = reply;
    if (flags === 0) return reply.text();
    if (flags === BYTES_FLAG) return reply.takeBytes();
    if (flags === JSON_FLAG) return parseJson(reply.text());
    const bytes = mayBeZlib(flags) ? inflated(reply.takeBytes()) : decompressed(reply);
    if (bytes instanceof Promise) return bytes.then((result) => this.#fromBytes(result, flags));
    return this.#fromBytes(bytes, flags);
  }

  /** The bytes of a hit, without regard to their type; decompressed if they are a zstd frame. */
  decodeBytes(reply: Reply): MaybePromise<Uint8Array> {
    return decompressed(reply);
  }

  #serialize(value: unknown): EncodedValue {
    if (typeof value === 'string') return { value, flags: value === '' ? EMPTY_TEXT_FLAG : 0 };
    if (value instanceof Uint8Array) return { value, flags: BYTES_FLAG };
    if (this.#serializer !== undefined) {
      return { value: this.#serializer.serialize(value), flags: CUSTOM_FLAG };
    }
    const json: string | undefined = JSON.stringify(value);
    if (json !== undefined) return { value: json, flags: JSON_FLAG };
    throw new CacheError('ERR_ARGUMENT', { detail: `A ${typeof value} has no JSON.` });
  }

  #compress(
    plain: EncodedValue,
    { minBytes, level }: Required<CompressionOptions>,
  ): MaybePromise<EncodedValue> {
    // A UTF-16 unit is at least one byte of UTF-8.
    if (plain.value.length < minBytes) return plain;
    const bytes = typeof plain.value === 'string' ? Buffer.from(plain.value) : plain.value;
    const result = compress(bytes, level);
    const choose = (compressed: Buffer) => smallerOf(plain, compressed, bytes.length);
    return result instanceof Promise ? result.then(choose) : choose(result);
  }

  #fromBytes(bytes: Uint8Array, flags: number): unknown {
    if ((flags & BYTES_FLAG) !== 0) return bytes;
    if ((flags & CUSTOM_FLAG) !== 0) return this.#deserialize(bytes);
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
    return (flags & JSON_FLAG) === 0 ? text : parseJson(text);
  }

  #deserialize(bytes: Uint8Array): unknown {
    if (this.#serializer === undefined) {
      throw unreadable('Another serializer stored it; this client has none.');
    }
    try {
      return this.#serializer.deserialize(bytes);
    } catch (cause) {
      throw unreadable('The serializer failed.', cause);
    }
  }
}

function smallerOf(plain: EncodedValue, compressed: Uint8Array, plainBytes: number): EncodedValue {
  if (compressed.length >= plainBytes) return plain;
  return { value: compressed, flags: (plain.flags | ZSTD_FLAG) >>> 0 };
}

function decompressed(reply: Reply): MaybePromise<Uint8Array> {
  const bytes = reply.takeBytes();
  if ((reply.flags & ZSTD_FLAG) === 0) return bytes;
  return orUnreadable(() => decompress(bytes), 'It is not a zstd frame.');
}

function inflated(bytes: Uint8Array): MaybePromise<Uint8Array> {
  return isZlib(bytes) ? orUnreadable(() => inflate(bytes), 'It is not a zlib stream.') : bytes;
}

function orUnreadable(
  read: () => MaybePromise<Uint8Array>,
  detail: string,
): MaybePromise<Uint8Array> {
  const fail = (cause: unknown): never => {
    throw unreadable(detail, cause);
  };
  try {
    const bytes = read();
    return bytes instanceof Promise ? bytes.catch(fail) : bytes;
  } catch (cause) {
    return fail(cause);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw unreadable('It is not JSON.', cause);
  }
}

function unreadable(detail: string, cause?: unknown): CacheError {
  return new CacheError('ERR_VALUE', cause === undefined ? { detail } : { detail, cause });
}
