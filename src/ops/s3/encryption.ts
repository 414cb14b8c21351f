const ENCRYPTION = 'x-amz-server-side-encryption';

/**
 * The headers for an `--s3-encryption`: `AES256`, `aws:kms` or `aws:kms:<key>`. Without one the
 * bucket decides.
 */
export function encryptionHeaders(encryption: string): Readonly<Record<string, string>> {
  if (encryption === '') return {};
  const [, key] = /^aws:kms:(.+)$/.exec(encryption) ?? [];
  if (key === undefined) return { [ENCRYPTION]: encryption };
  return { [ENCRYPTION]: 'aws:kms', [`${ENCRYPTION}-aws-kms-key-id`]: key };
}
