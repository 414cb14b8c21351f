import type { S3Client, S3Request } from './s3-client.ts';
import { elementsOf, textOf } from './xml.ts';

/** An upload that has not ended. */
interface OpenUpload {
  readonly key: string;
  readonly id: string;
}

/** A bucket with more pages than this has something else under the prefix. */
const PAGES_MAX = 1000;

/** The keys of a bucket that begin with `prefix`. */
export async function listKeys(client: S3Client, prefix: string): Promise<readonly string[]> {
  const keys: string[] = [];
  const query = { 'list-type': '2', 'encoding-type': 'url', prefix };
  for await (const page of pages(client, query, 's3:ListBucket', nextKeys)) {
    for (const content of elementsOf(page, 'Contents')) keys.push(keyIn(content, page));
  }
  return keys;
}

/** The uploads to keys that begin with `prefix` which have neither been completed nor aborted. */
export async function listUploads(
  client: S3Client,
  prefix: string,
): Promise<readonly OpenUpload[]> {
  const uploads: OpenUpload[] = [];
  const query = { uploads: '', 'encoding-type': 'url', prefix };
  for await (const page of pages(client, query, 's3:ListBucketMultipartUploads', nextUploads)) {
    for (const upload of elementsOf(page, 'Upload')) {
      uploads.push({ key: keyIn(upload, page), id: textOf(upload, 'UploadId') ?? '' });
    }
  }
  return uploads;
}

type NextQuery = (page: string) => Record<string, string> | undefined;

const nextKeys: NextQuery = (page) => {
  const token = textOf(page, 'NextContinuationToken');
  return token === undefined ? undefined : { 'continuation-token': token };
};

const nextUploads: NextQuery = (page) => {
  const key = textOf(page, 'NextKeyMarker');
  if (key === undefined || key === '') return undefined;
  const id = textOf(page, 'NextUploadIdMarker') ?? '';
  return { 'key-marker': decoded(key, page), 'upload-id-marker': id };
};

async function* pages(
  client: S3Client,
  query: NonNullable<S3Request['query']>,
  action: string,
  nextOf: NextQuery,
): AsyncGenerator<string> {
  let next: ReturnType<NextQuery> = {};
  for (let page = 0; page < PAGES_MAX && next !== undefined; page++) {
    const { text } = await client.page({ method: 'GET', query: { ...query, ...next }, action });
    yield text;
    next = textOf(text, 'IsTruncated') === 'true' ? nextOf(text) : undefined;
  }
}

const keyIn = (element: string, page: string): string => decoded(textOf(element, 'Key')!, page);

/** Not every service escapes the keys as asked; one that does says so. */
function decoded(key: string, page: string): string {
  if (textOf(page, 'EncodingType') !== 'url') return key;
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch {
    return key;
  }
}
