import { describe, expect, test } from 'vitest';
import { encryptionHeaders } from '../../../../src/ops/s3/encryption.ts';

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
