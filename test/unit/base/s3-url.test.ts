import { describe, expect, test } from 'vitest';
import { isS3Url, parseObjectUrl, parseS3Url } from '../../../src/base/s3-url.ts';

describe('s3://bucket/key', () => {
  test.each([
    ['s3://backups/items', 'backups', 'items'],
    ['s3://a.b-c/d/e f?g#h%20i', 'a.b-c', 'd/e f?g#h%20i'],
    ['s3://backups//x', 'backups', '/x'],
  ])('the URL %s is an object', (url, bucket, key) => {
    expect(parseObjectUrl(url)).toEqual({ bucket, key });
  });
  test.each([
    's3://',
    's3:///key',
    's3://ab/key',
    's3://-bucket/key',
    's3://bucket./key',
    's3://my bucket/key',
    's3://my_bucket/key',
    's3://Bucket/key',
    's3://UPPER..bad/x',
    's3://two..dots/key',
    's3://192.168.0.1/key',
    `s3://${'b'.repeat(64)}/key`,
  ])('the URL %s has no valid bucket', (url) => {
    expect(() => parseS3Url(url)).toThrow(/no bucket that S3 allows \(its name has 3 to 63 /);
  });
  test.each(['abc', 'b'.repeat(63), '1.2.3', '0-0'])('%s is a valid bucket', (bucket) => {
    expect(parseS3Url(`s3://${bucket}/key`).bucket).toBe(bucket);
  });
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
