import { CodedError } from './coded-error.ts';

/** An object, or the beginning of the names of objects, in a bucket. */
interface S3Place {
  readonly bucket: string;
  /** Without escapes, without a slash at its start. */
  readonly key: string;
}

const SCHEME = 's3://';
/** The rules of S3 for the names of buckets. */
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const IP_ADDRESS = /^\d+\.\d+\.\d+\.\d+$/;
const BUCKET_RULES =
  'its name has 3 to 63 lower-case letters, digits, dots and hyphens, begins and ends with a ' +
  'letter or a digit, has no two dots in a row, and is no IP address';
const KEY_BYTES_MAX = 1024;

export const isS3Url = (place: string): boolean => place.startsWith(SCHEME);

/**
 * The bucket and the key of `s3://bucket/key`. Characters stand for themselves: nothing is escaped.
 * @throws {CodedError} `ERR_USAGE`.
 */
export function parseS3Url(url: string): S3Place {
  const [bucket = '', ...parts] = url.slice(SCHEME.length).split('/');
  const key = parts.join('/');
  if (!isBucket(bucket)) {
    const problem = `names no bucket that S3 allows (${BUCKET_RULES})`;
    throw usage(url, problem, 's3://my-bucket/backups');
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

const isBucket = (name: string): boolean =>
  BUCKET.test(name) && !name.includes('..') && !IP_ADDRESS.test(name);

const usage = (url: string, problem: string, example: string): CodedError =>
  new CodedError('ERR_USAGE', `"${url}" ${problem}: use ${example}.`);
