import { parseS3Url } from '../../base/index.ts';
import type { SnapshotFolder } from '../snapshot/snapshot-folder.ts';
import type { S3Destination } from '../snapshot/snapshot-place.ts';
import type { Env } from './profile.ts';
import { S3Client, type S3Limits } from './s3-client.ts';
import { listKeys, listUploads } from './s3-listing.ts';

/** The objects of a bucket whose keys begin with `prefix/`, as files of a folder. */
export class S3Folder implements SnapshotFolder {
  readonly #encryption: string;
  readonly #bucket: string;
  /** Empty, or with a slash at its end. */
  readonly #prefix: string;
  readonly #env: Env;
  readonly #limits: S3Limits | undefined;

  /** @throws {CodedError} `ERR_USAGE` for what is no such URL. */
  constructor(url: string, encryption: string, env: Env, limits?: S3Limits) {
    const { bucket, key } = parseS3Url(url);
    this.#encryption = encryption;
    this.#bucket = bucket;
    this.#prefix = key === '' || key.endsWith('/') ? key : `${key}/`;
    this.#env = env;
    this.#limits = limits;
  }

  /** A denied or absent bucket shows at the start, and not only at the first snapshot. */
  async open(): Promise<void> {
    await this.#use((client) => {
      const query = { 'list-type': '2', 'max-keys': '1', prefix: this.#prefix };
      return client.page({ method: 'GET', query, action: 's3:ListBucket' });
    });
  }

  placeOf(name: string): S3Destination {
    return { kind: 's3', url: this.urlOf(name), encryption: this.#encryption };
  }

  urlOf(name: string): string {
    return `s3://${this.#bucket}/${this.#prefix}${name}`;
  }

  async names(start: string): Promise<readonly string[]> {
    const keys = await this.#use((client) => listKeys(client, this.#prefix + start));
    return keys.map((key) => key.slice(this.#prefix.length));
  }

  async remove(names: readonly string[]): Promise<void> {
    await this.#use(async (client) => {
      for (const name of names) {
        const key = this.#prefix + name;
        await client.page({ method: 'DELETE', key, action: 's3:DeleteObject' });
      }
    });
  }

  async removeParts(start: string, isOwn: (name: string) => boolean): Promise<void> {
    await this.#use(async (client) => {
      for (const { key, id } of await listUploads(client, this.#prefix + start)) {
        if (!isOwn(key.slice(this.#prefix.length))) continue;
        const query = { uploadId: id };
        await client.page({ method: 'DELETE', key, query, action: 's3:AbortMultipartUpload' });
      }
    });
  }

  async #use<T>(work: (client: S3Client) => Promise<T>): Promise<T> {
    const client = await S3Client.open(this.#bucket, this.#env, this.#limits);
    try {
      return await work(client);
    } finally {
      client.close();
    }
  }
}
