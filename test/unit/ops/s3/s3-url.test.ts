import { describe, expect, test } from 'vitest';
import { encryptionHeaders } from '../../../../src/ops/s3/encryption.ts';
import { isS3Url, parseObjectUrl, parseS3Url } from '../../../../src/ops/s3/s3-url.ts';

describe('s3://bucket/key', () => {
  test.each([
    ['s3://backups/items', 'backups', 'items'],
    ['s3://a.b-c/d/e f?g#h%20i', 'a.b-c', 'd/e f?g#h%20i'],
    ['s3://backups//x', 'backups', '/x'],
  ])('the URL %s is an object', (url, bucket, key) => {
    expect(parseObjectUrl(url)).toEqual({ bucket, key });
  });
  test.each(['s3://', 's3:///key', 's3://a/b', 's3://-bucket/key', 's3://my bucket/key'])(
    'the URL %s has no valid bucket',
    (url) => {
      expect(() => parseS3Url(url)).toThrow(/no valid name of a bucket/);
    },
  );
  test.each(['s3://backups', 's3://backups/', 's3://backups/folder/'])(
    'the URL %s names no object',
    (url) => {
      expect(() => parseObjectUrl(url)).toThrow(/names no object: use s3:\/\/backups/);
    },
  );
  test('a key has at most 1024 bytes, and is Unicode', () => {
    expect(parseS3Url(`s3://backups/${'ü'.repeat(512)}`).key).toHaveLength(512);
    expect(() => parseS3Url(`s3://backups/${'ü'.repeat(513)}`)).toThrow(/more than 1024 bytes/);
    expect(() => parseS3Url('s3://backups/\ud800')).toThrow(/no Unicode/);
  });
  test('a path of a file is none', () => {
    expect(['s3/x', './s3:/x', 'S3://x', '-'].map(isS3Url)).toEqual([false, false, false, false]);
  });
});

describe('--s3-encryption', () => {
  const kind = 'x-amz-server-side-encryption';
  test.each([
    ['', {}],
    ['AES256', { [kind]: 'AES256' }],
    ['aws:kms', { [kind]: 'aws:kms' }],
    ['aws:kms:arn:aws:k', { [kind]: 'aws:kms', [`${kind}-aws-kms-key-id`]: 'arn:aws:k' }],
  ])('"%s" is these headers', (word, headers) => {
    expect(encryptionHeaders(word)).toEqual(headers);
  });
});
