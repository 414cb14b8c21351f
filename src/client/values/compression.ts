import { promisify } from 'node:util';
import * as zlib from 'node:zlib';

/** Up to this size compressing takes less time than passing the value to another thread. */
export const SYNC_BYTES_MAX = 32 * 1024;
/** A small frame can expand without bound: reject values larger than memcached can store. */
const DECOMPRESSED_BYTES_MAX = 2 ** 30;
const ZLIB_METHOD = 0x78;

const compressInThread = promisify(zlib.zstdCompress);
const decompressInThread = promisify(zlib.zstdDecompress);
const inflateInThread = promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.inflate);

/** Compresses large values in another thread and then returns a promise. */
export function compress(bytes: Uint8Array, level: number): Buffer | Promise<Buffer> {
  const options = { params: { [zlib.constants.ZSTD_c_compressionLevel]: level } };
  return bytes.length <= SYNC_BYTES_MAX
    ? zlib.zstdCompressSync(bytes, options)
    : compressInThread(bytes, options);
}

export function decompress(bytes: Uint8Array): Buffer | Promise<Buffer> {
  const options = { maxOutputLength: DECOMPRESSED_BYTES_MAX };
  return bytes.length <= SYNC_BYTES_MAX
    ? zlib.zstdDecompressSync(bytes, options)
    : decompressInThread(bytes, options);
}

/** RFC 1950: deflate with a 32 KiB window, which every client uses, and a valid header checksum. */
export function isZlib(bytes: Uint8Array): boolean {
  const [method = 0, check = 0] = bytes;
  return method === ZLIB_METHOD && (method * 256 + check) % 31 === 0;
}

export function inflate(bytes: Uint8Array): Buffer | Promise<Buffer> {
  const options = { maxOutputLength: DECOMPRESSED_BYTES_MAX };
  return bytes.length <= SYNC_BYTES_MAX
    ? zlib.inflateSync(bytes, options)
    : inflateInThread(bytes, options);
}
