import { promisify } from 'node:util';
import * as zlib from 'node:zlib';

/** When values are compressed (by zstd, from node:zlib). */
export interface CompressionOptions {
  /** Values of so many bytes or more; smaller ones gain too little. Default 4096. */
  readonly thresholdBytes?: number;
  /** zstd's level, 1 … 19. Default 3. */
  readonly level?: number;
}

export const COMPRESSION_DEFAULTS = { thresholdBytes: 4096, level: 3 } as const;

/** Up to here compressing takes less time than handing it to another thread. */
const SYNC_BYTES_MAX = 32 * 1024;
/** A small frame can stand for endless zeros: more than memcached can hold is not unpacked. */
const UNPACKED_BYTES_MAX = 2 ** 30;
const ZLIB_METHOD = 0x78;

const compressAside = promisify(zlib.zstdCompress);
const decompressAside = promisify(zlib.zstdDecompress);
const inflateAside = promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.inflate);

/** Large values are packed by another thread: then it is a promise. */
export function compress(bytes: Uint8Array, level: number): Buffer | Promise<Buffer> {
  const options = { params: { [zlib.constants.ZSTD_c_compressionLevel]: level } };
  return bytes.length <= SYNC_BYTES_MAX
    ? zlib.zstdCompressSync(bytes, options)
    : compressAside(bytes, options);
}

export function decompress(bytes: Uint8Array): Buffer | Promise<Buffer> {
  const options = { maxOutputLength: UNPACKED_BYTES_MAX };
  return bytes.length <= SYNC_BYTES_MAX
    ? zlib.zstdDecompressSync(bytes, options)
    : decompressAside(bytes, options);
}

/**
 * RFC 1950: deflate with a window of 32 KiB, which every client takes, and a check of the header
 * itself.
 */
export function isZlib(bytes: Uint8Array): boolean {
  const [method = 0, check = 0] = bytes;
  return method === ZLIB_METHOD && (method * 256 + check) % 31 === 0;
}

export function inflate(bytes: Uint8Array): Buffer | Promise<Buffer> {
  const options = { maxOutputLength: UNPACKED_BYTES_MAX };
  return bytes.length <= SYNC_BYTES_MAX
    ? zlib.inflateSync(bytes, options)
    : inflateAside(bytes, options);
}
