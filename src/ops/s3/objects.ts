/** Objects of S3 as places of snapshots; `loadS3` loads this file. */
import { parseObjectUrl } from '../../base/index.ts';
import { encryptionHeaders } from './encryption.ts';
import type { Env } from './profile.ts';
import { S3Client, type S3Limits } from './s3-client.ts';
import { S3Download } from './s3-download.ts';
import { S3Upload } from './s3-upload.ts';

/**
 * Begins to write an object; nothing is sent yet.
 * @throws {CodedError} `ERR_USAGE` or `ERR_S3`.
 */
export async function openUpload(
  url: string,
  encryption: string,
  env: Env,
  limits?: S3Limits,
): Promise<S3Upload> {
  const { bucket, key } = parseObjectUrl(url);
  const headers = encryptionHeaders(encryption);
  return new S3Upload(await S3Client.open(bucket, env, limits), key, headers);
}

/**
 * Begins to read an object.
 * @throws {CodedError} `ERR_USAGE` or `ERR_S3`.
 */
export async function openDownload(url: string, env: Env, limits?: S3Limits): Promise<S3Download> {
  const { bucket, key } = parseObjectUrl(url);
  const client = await S3Client.open(bucket, env, limits);
  try {
    return await S3Download.open(client, key);
  } catch (error) {
    client.close();
    throw error;
  }
}

export { S3Folder } from './s3-folder.ts';
