import type { IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { CodedError } from '../../base/index.ts';
import type { S3Client } from './s3-client.ts';
import { s3Failure } from './s3-failure.ts';

/** Connections in a row that bring no byte. */
const EMPTY_TRIES_MAX = 6;

/** An object that is read from its start to its end, over as many connections as it takes. */
export class S3Download {
  /** Bytes of the whole object. */
  readonly bytes: number;
  readonly #client: S3Client;
  readonly #key: string;
  readonly #etag: string | undefined;
  #response: IncomingMessage;

  private constructor(client: S3Client, key: string, response: IncomingMessage) {
    this.#client = client;
    this.#key = key;
    this.#response = response;
    this.#etag = response.headers.etag;
    this.bytes = Number(response.headers['content-length']);
  }

  /** @throws {CodedError} `ERR_S3`. */
  static async open(client: S3Client, key: string): Promise<S3Download> {
    const response = await client.stream({ method: 'GET', key, action: 's3:GetObject' });
    return new S3Download(client, key, response);
  }

  /**
   * The bytes of the object, once. A cut connection is continued where it ended, if the object is
   * still the same.
   * @throws {CodedError} `ERR_S3`.
   */
  async *read(): AsyncGenerator<Buffer> {
    let read = 0;
    let emptyTries = 0;
    try {
      for (;;) {
        const before = read;
        let reason = 'the connection was closed early';
        try {
          for await (const piece of this.#response as AsyncIterable<Buffer>) {
            read += piece.length;
            yield piece;
          }
        } catch (error) {
          reason = (error as Error).message;
        }
        if (read === this.bytes) return;
        emptyTries = read > before ? 0 : emptyTries + 1;
        if (read > this.bytes || emptyTries >= EMPTY_TRIES_MAX) throw this.#cut(read, reason);
        if (emptyTries > 0) await pause(this.#client.limits.pauseMs * emptyTries);
        this.#response = await this.#rest(read);
      }
    } finally {
      this.#client.close();
    }
  }

  async #rest(from: number): Promise<IncomingMessage> {
    const response = await this.#client.stream({
      method: 'GET',
      key: this.#key,
      headers: {
        range: `bytes=${from}-`,
        ...(this.#etag === undefined ? {} : { 'if-match': this.#etag }),
      },
      action: 's3:GetObject',
    });
    const { 'content-range': range = '' } = response.headers;
    if (range.startsWith(`bytes ${from}-`) && range.endsWith(`/${this.bytes}`)) return response;
    response.destroy();
    throw s3Failure(
      `S3 did not continue s3://${this.#client.bucket}/${this.#key} at byte ${from}.`,
    );
  }

  #cut(read: number, reason: string): CodedError {
    const object = `s3://${this.#client.bucket}/${this.#key}`;
    const text = `Reading ${object} ended after ${read} of ${this.bytes} bytes: ${reason}.`;
    return new CodedError('ERR_S3', text);
  }
}
