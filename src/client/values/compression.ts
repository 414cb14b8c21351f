import { promisify } from 'node:util';
import * as zlib from 'node:zlib';

/** Up to this size compressing takes less time than passing the value to another thread. */
export const SYNC_BYTES_MAX = 32 * 1024;
/** The same for unpacking: it counts the bytes that come out. */
export const SYNC_UNPACKED_BYTES_MAX = 256 * 1024;
/** The client takes unpacked bytes from the other thread in pieces of up to this size. */
const PIECE_BYTES_MAX = 1024 * 1024;
const PIECE_BYTES_MIN = 16 * 1024;
const ZLIB_METHOD = 0x78;

const zstdInThread = promisify(zlib.zstdCompress);

/** Compresses a value of up to SYNC_BYTES_MAX. */
export function compressAtOnce(bytes: Uint8Array, level: number): Buffer {
  return zlib.zstdCompressSync(bytes, { params: paramsOf(level) });
}

export function compressInThread(bytes: Uint8Array, level: number): Promise<Buffer> {
  // The frame names its content size, so that a reader can refuse or reserve it.
  return zstdInThread(bytes, { params: paramsOf(level), pledgedSrcSize: bytes.length });
}

function paramsOf(level: number): Record<number, number> {
  return { [zlib.constants.ZSTD_c_compressionLevel]: level };
}

/** How to unpack one format. */
export interface Unpacking {
  readonly sync: (bytes: Uint8Array, maxBytes: number) => Buffer;
  readonly inThread: (
    bytes: Uint8Array,
    maxBytes: number,
    expectedBytes: number | undefined,
  ) => Promise<Buffer>;
}

const unzstdInThread = promisify(zlib.zstdDecompress);
export const ZSTD: Unpacking = {
  sync: (bytes, maxBytes) => zlib.zstdDecompressSync(bytes, { maxOutputLength: maxBytes }),
  inThread: (bytes, maxBytes, expectedBytes) => {
    return unzstdInThread(bytes, {
      maxOutputLength: maxBytes,
      chunkSize: pieceBytes(expectedBytes),
    });
  },
};

const inflateInThread = promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.inflate);
export const ZLIB: Unpacking = {
  sync: (bytes, maxBytes) => zlib.inflateSync(bytes, { maxOutputLength: maxBytes }),
  inThread: (bytes, maxBytes) => {
    return inflateInThread(bytes, { maxOutputLength: maxBytes, chunkSize: pieceBytes(undefined) });
  },
};

function pieceBytes(expectedBytes = SYNC_UNPACKED_BYTES_MAX): number {
  return Math.min(PIECE_BYTES_MAX, Math.max(PIECE_BYTES_MIN, expectedBytes));
}

/** RFC 1950: deflate with a 32 KiB window, which every client uses, and a valid header checksum. */
export function isZlib(bytes: Uint8Array): boolean {
  const [method = 0, check = 0] = bytes;
  return method === ZLIB_METHOD && (method * 256 + check) % 31 === 0;
}

/** Whether a value is small enough to be unpacked at once, as far as its header says. */
export function mayUnpackAtOnce(bytes: Uint8Array, expectedBytes = 0): boolean {
  return bytes.length <= SYNC_BYTES_MAX && expectedBytes <= SYNC_UNPACKED_BYTES_MAX;
}

/**
 * Unpacks a small value at once.
 * @returns undefined if it is not small: the first bytes of it took less than 1 ms.
 */
export function unpackAtOnce(
  { sync }: Unpacking,
  bytes: Uint8Array,
  maxBytes: number,
): Buffer | undefined {
  const syncBytesMax = Math.min(maxBytes, SYNC_UNPACKED_BYTES_MAX);
  try {
    return sync(bytes, syncBytesMax);
  } catch (error) {
    if (syncBytesMax < maxBytes && isTooLarge(error)) return undefined;
    throw error;
  }
}

/** Whether the bytes would unpack to more than `maxOutputLength`. */
export function isTooLarge(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
}
