import type { Reply } from '../../protocol/client.ts';
import { CacheError } from '../errors.ts';
import {
  COMPRESSION_DEFAULTS,
  type CompressionOptions,
  compress,
  decompress,
  inflate,
  isZlib,
} from './compression.ts';
import { BYTES_FLAG, CUSTOM_FLAG, JSON_FLAG, maySayZlib, ZSTD_FLAG } from './flags.ts';

/** How values other than text and bytes become bytes. Default: JSON. */
export interface Serializer {
  serialize(value: unknown): string | Uint8Array;
  /** Must not keep `bytes`. */
  deserialize(bytes: Uint8Array): unknown;
}

/** A value as it goes to a node. */
export interface Encoded {
  readonly value: string | Uint8Array;
  readonly flags: number;
}

/** A value, or what will be one: large compressed values are unpacked by another thread. */
export type MaybeLater<T> = T | Promise<T>;

/** Values to bytes and back. Text and bytes are themselves, whatever the serializer. */
export class ValueCodec {
  readonly #serializer: Serializer | undefined;
  readonly #compression: Required<CompressionOptions> | undefined;

  constructor(serializer?: Serializer, compression?: CompressionOptions) {
    this.#serializer = serializer;
    this.#compression = compression && { ...COMPRESSION_DEFAULTS, ...compression };
  }

  encode(value: unknown): MaybeLater<Encoded> {
    const plain = this.#plain(value);
    return this.#compression === undefined ? plain : this.#compressed(plain, this.#compression);
  }

  /** The value of a hit. */
  decode(reply: Reply): unknown {
    const { flags } = reply;
    if (flags === 0) return reply.text();
    if (flags === BYTES_FLAG) return reply.takeBytes();
    if (flags === JSON_FLAG) return parseJson(reply.text());
    const bytes = maySayZlib(flags) ? inflated(reply.takeBytes()) : unpacked(reply);
    if (bytes instanceof Promise) return bytes.then((all) => this.#fromBytes(all, flags));
    return this.#fromBytes(bytes, flags);
  }

  /**
   * The bytes of a hit, whatever they stand for; unpacked, if they were compressed by this
   * client's like.
   */
  decodeBytes(reply: Reply): MaybeLater<Uint8Array> {
    return unpacked(reply);
  }

  #plain(value: unknown): Encoded {
    if (typeof value === 'string') return { value, flags: 0 };
    if (value instanceof Uint8Array) return { value, flags: BYTES_FLAG };
    if (this.#serializer !== undefined) {
      return { value: this.#serializer.serialize(value), flags: CUSTOM_FLAG };
    }
    const json: string | undefined = JSON.stringify(value);
    if (json !== undefined) return { value: json, flags: JSON_FLAG };
    throw new CacheError('ERR_ARGUMENT', { detail: `A ${typeof value} has no JSON.` });
  }

  #compressed(
    plain: Encoded,
    { thresholdBytes, level }: Required<CompressionOptions>,
  ): MaybeLater<Encoded> {
    // A UTF-16 unit is at least one byte of UTF-8.
    if (plain.value.length < thresholdBytes) return plain;
    const bytes = typeof plain.value === 'string' ? Buffer.from(plain.value) : plain.value;
    const packed = compress(bytes, level);
    if (packed instanceof Promise) return packed.then((all) => smaller(plain, all, bytes.length));
    return smaller(plain, packed, bytes.length);
  }

  #fromBytes(bytes: Uint8Array, flags: number): unknown {
    if ((flags & BYTES_FLAG) !== 0) return bytes;
    if ((flags & CUSTOM_FLAG) !== 0) return this.#deserialize(bytes);
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
    return (flags & JSON_FLAG) === 0 ? text : parseJson(text);
  }

  #deserialize(bytes: Uint8Array): unknown {
    if (this.#serializer === undefined) {
      throw unreadable('It was stored by a serializer that this client does not have.');
    }
    try {
      return this.#serializer.deserialize(bytes);
    } catch (cause) {
      throw unreadable('The serializer failed.', cause);
    }
  }
}

function smaller(plain: Encoded, packed: Uint8Array, plainBytes: number): Encoded {
  if (packed.length >= plainBytes) return plain;
  return { value: packed, flags: (plain.flags | ZSTD_FLAG) >>> 0 };
}

function unpacked(reply: Reply): MaybeLater<Uint8Array> {
  const bytes = reply.takeBytes();
  if ((reply.flags & ZSTD_FLAG) === 0) return bytes;
  return readable(() => decompress(bytes), 'It is not a zstd frame.');
}

function inflated(bytes: Uint8Array): MaybeLater<Uint8Array> {
  return isZlib(bytes) ? readable(() => inflate(bytes), 'It is not a zlib stream.') : bytes;
}

function readable(unpack: () => MaybeLater<Uint8Array>, detail: string): MaybeLater<Uint8Array> {
  const fail = (cause: unknown): never => {
    throw unreadable(detail, cause);
  };
  try {
    const all = unpack();
    return all instanceof Promise ? all.catch(fail) : all;
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
