import { CodedError } from '../../base/index.ts';

/** An object, or the beginning of the names of objects, in a bucket. */
interface S3Place {
  readonly bucket: string;
  /** Without escapes, without a slash at its start. */
  readonly key: string;
}

const SCHEME = 's3://';
/** Also the names of older buckets and of other services. */
const BUCKET = /^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/;
const KEY_BYTES_MAX = 1024;

export const isS3Url = (place: string): boolean => place.startsWith(SCHEME);

/**
 * The bucket and the key of `s3://bucket/key`. Characters stand for themselves: nothing is escaped.
 * @throws {CodedError} `ERR_USAGE`.
 */
export function parseS3Url(url: string): S3Place {
  const [bucket = '', ...parts] = url.slice(SCHEME.length).split('/');
  const key = parts.join('/');
  if (!BUCKET.test(bucket)) {
    throw usage(url, 'has no valid name of a bucket', 's3://my-bucket/backups/items.snapshot');
  }
  if (Buffer.byteLength(key) > KEY_BYTES_MAX) {
    throw usage(url, `has more than ${KEY_BYTES_MAX} bytes after the bucket`, 'a shorter name');
  }
  if (!key.isWellFormed()) throw usage(url, 'is no Unicode text', 'another name');
  return { bucket, key };
}

/**
 * The same, of one object.
 * @throws {CodedError} `ERR_USAGE`.
 */
export function parseObjectUrl(url: string): S3Place {
  const place = parseS3Url(url);
  if (place.key !== '' && !place.key.endsWith('/')) return place;
  throw usage(url, 'names no object', `${url.replace(/\/*$/, '')}/items.snapshot`);
}

const usage = (url: string, problem: string, example: string): CodedError =>
  new CodedError('ERR_USAGE', `"${url}" ${problem}: use ${example}.`);
