import type { Reply } from '../../protocol/client.ts';
import { CacheError, decodeError, encodeError } from '../base/errors.ts';
import type { Serializer } from '../base/serializer.ts';
import type { CompressionOptions } from '../option-types/client.ts';
import { bytesOf, isBytes } from './bytes.ts';
import { isZlib, SYNC_BYTES_MAX, type Unpacking, ZLIB, ZSTD } from './compression.ts';
import {
  BYTES_FLAG,
  CUSTOM_FLAG,
  EMPTY_TEXT_FLAG,
  JSON_FLAG,
  mayBeZlib,
  ZSTD_FLAG,
} from './flags.ts';
import { jsonOf } from './json.ts';
import { Packer, type PackingCall } from './packer.ts';
import { Unpacker, type UnpackerTiming } from './unpacker.ts';
import { contentBytesOf } from './zstd-frame.ts';

/** A value as the client sends it to a node. */
export interface EncodedValue {
  readonly value: string | Uint8Array;
  readonly flags: number;
}

/** The largest value of memcached. */
const VALUE_BYTES_MAX = 2 ** 30;
const NO_DEADLINE = Number.POSITIVE_INFINITY;
/** The most bytes of UTF-8 for a UTF-16 unit. */
const UTF8_BYTES_MAX = 3;

/** A promise if another thread compresses or decompresses the value. */
type MaybePromise<T> = T | Promise<T>;

/**
 * Encodes and decodes values. The serializer does not apply to text and to a `Uint8Array`; without
 * one, other views of memory are bytes too.
 */
export class ValueCodec {
  readonly #serializer: Serializer | undefined;
  readonly #packer: Packer | undefined;
  readonly #maxValueBytes: number;
  readonly #unpacker: Unpacker;

  constructor(
    serializer?: Serializer,
    compression?: Required<CompressionOptions>,
    maxValueBytes = VALUE_BYTES_MAX,
    timing?: UnpackerTiming,
  ) {
    this.#serializer = serializer;
    this.#packer = compression && new Packer(compression);
    this.#maxValueBytes = maxValueBytes;
    this.#unpacker = new Unpacker(maxValueBytes, timing);
  }

  /**
   * @throws {CacheError} ERR_VALUE for a value that has no exact form, ERR_ARGUMENT for none; a
   *     promise rejects. ERR_QUEUE_FULL if too many values wait for their compression.
   */
  encode(value: unknown, call?: PackingCall): MaybePromise<EncodedValue> {
    const plain = this.#serialized(value);
    if (plain.value.length * UTF8_BYTES_MAX > this.#maxValueBytes) this.#checkSize(plain.value);
    return this.#packer === undefined ? plain : pack(this.#packer, plain, call);
  }

  /**
   * Decodes the value of a hit.
   * @param deadlineAt when the caller stops waiting for a value that another thread unpacks.
   */
  decode(reply: Reply, deadlineAt = NO_DEADLINE): unknown {
    const { flags } = reply;
    if (reply.isSkipped) throw this.#tooLarge(reply.valueBytes);
    if (flags === 0) return reply.text();
    if (flags === BYTES_FLAG) return reply.takeBytes();
    if (flags === JSON_FLAG) return parseJson(reply.text());
    const bytes = mayBeZlib(flags)
      ? this.#inflated(reply.takeBytes(), deadlineAt)
      : this.#unpacked(reply, deadlineAt);
    if (bytes instanceof Promise) return bytes.then((result) => this.#fromBytes(result, flags));
    return this.#fromBytes(bytes, flags);
  }

  /** The bytes of a hit, without regard to their type; decompressed if they are a zstd frame. */
  decodeBytes(reply: Reply, deadlineAt = NO_DEADLINE): MaybePromise<Uint8Array> {
    if (reply.isSkipped) throw this.#tooLarge(reply.valueBytes);
    return this.#unpacked(reply, deadlineAt);
  }

  #unpacked(reply: Reply, deadlineAt: number): MaybePromise<Uint8Array> {
    const bytes = reply.takeBytes();
    if ((reply.flags & ZSTD_FLAG) === 0) return bytes;
    return this.#unpack(ZSTD, bytes, contentBytesOf(bytes), deadlineAt, 'It is not a zstd frame.');
  }

  #inflated(bytes: Buffer, deadlineAt: number): MaybePromise<Uint8Array> {
    if (!isZlib(bytes)) return bytes;
    return this.#unpack(ZLIB, bytes, undefined, deadlineAt, 'It is not a zlib stream.');
  }

  #unpack(
    format: Unpacking,
    bytes: Buffer,
    expectedBytes: number | undefined,
    deadlineAt: number,
    detail: string,
  ): MaybePromise<Uint8Array> {
    const unpacker = this.#unpacker;
    return orUnreadable(() => unpacker.unpack(format, bytes, expectedBytes, deadlineAt), detail);
  }

  /** A value that this client could not read again is not stored. */
  #checkSize(value: string | Uint8Array): void {
    const valueBytes = Buffer.byteLength(value);
    if (valueBytes > this.#maxValueBytes) throw encodeError(this.#sizeText(valueBytes));
  }

  #tooLarge(valueBytes: number): CacheError {
    return decodeError(this.#sizeText(valueBytes));
  }

  #sizeText(valueBytes: number): string {
    return `It has ${valueBytes} bytes; \`maxValueBytes\` is ${this.#maxValueBytes}.`;
  }

  #serialized(value: unknown): EncodedValue {
    try {
      return this.#serialize(value);
    } catch (cause) {
      // A revoked proxy, or an object that only looks like bytes.
      throw cause instanceof CacheError ? cause : encodeError('See `cause`.', cause);
    }
  }

  #serialize(value: unknown): EncodedValue {
    if (typeof value === 'string') return { value, flags: value === '' ? EMPTY_TEXT_FLAG : 0 };
    if (value instanceof Uint8Array) return { value: bytesOf(value), flags: BYTES_FLAG };
    if (this.#serializer !== undefined) {
      return { value: serializedBy(this.#serializer, value), flags: CUSTOM_FLAG };
    }
    if (isBytes(value)) return { value: bytesOf(value), flags: BYTES_FLAG };
    return { value: jsonOf(value), flags: JSON_FLAG };
  }

  #fromBytes(bytes: Uint8Array, flags: number): unknown {
    if ((flags & BYTES_FLAG) !== 0) return bytes;
    if ((flags & CUSTOM_FLAG) !== 0) return this.#deserialize(bytes);
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
    return (flags & JSON_FLAG) === 0 ? text : parseJson(text);
  }

  #deserialize(bytes: Uint8Array): unknown {
    const serializer = this.#serializer;
    if (serializer === undefined) {
      throw decodeError('Another serializer stored it; this client has none.');
    }
    return orUnreadable(() => serializer.deserialize(bytes), 'The serializer failed.');
  }
}

function pack(
  packer: Packer,
  given: EncodedValue,
  call: PackingCall | undefined,
): MaybePromise<EncodedValue> {
  // A UTF-16 unit is at least one byte of UTF-8.
  if (given.value.length < packer.minBytes) return given;
  const plain = detached(given);
  const bytes = typeof plain.value === 'string' ? utf8Of(plain.value) : plain.value;
  const result = packer.pack(bytes, call);
  const choose = (compressed: Buffer) => smallerOf(plain, compressed, bytes.length);
  return result instanceof Promise ? result.then(choose) : choose(result);
}

/** A copy of bytes that another thread compresses: their owner may change them. */
function detached(encoded: EncodedValue): EncodedValue {
  const { value, flags } = encoded;
  if (typeof value === 'string' || value.length <= SYNC_BYTES_MAX) return encoded;
  return { value: Buffer.from(value), flags };
}

function utf8Of(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text);
  throw encodeError('The text has a lone surrogate, which has no UTF-8.');
}

/** What the serializer makes of a value, which the client checks at the call. */
function serializedBy(serializer: Serializer, value: unknown): string | Uint8Array {
  let serialized: unknown;
  try {
    serialized = serializer.serialize(value);
  } catch (cause) {
    throw encodeError('The serializer failed, see `cause`.', cause);
  }
  if (typeof serialized === 'string') return serialized;
  if (isBytes(serialized)) return bytesOf(serialized);
  const type = serialized instanceof Promise ? 'promise' : typeof serialized;
  throw encodeError(`The serializer returned a ${type}, not text or bytes.`);
}

function smallerOf(plain: EncodedValue, compressed: Uint8Array, plainBytes: number): EncodedValue {
  if (compressed.length >= plainBytes) return plain;
  return { value: compressed, flags: (plain.flags | ZSTD_FLAG) >>> 0 };
}

function orUnreadable<T>(read: () => MaybePromise<T>, detail: string): MaybePromise<T> {
  const fail = (cause: unknown): never => {
    throw cause instanceof CacheError ? cause : decodeError(detail, cause);
  };
  try {
    const result = read();
    return result instanceof Promise ? result.catch(fail) : result;
  } catch (cause) {
    return fail(cause);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw decodeError('It is not JSON.', cause);
  }
}
