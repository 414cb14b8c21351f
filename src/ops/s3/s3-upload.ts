import { createHash, type Hash, randomUUID } from 'node:crypto';
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import type { CodedError } from '../../base/index.ts';
import type { S3Client } from './s3-client.ts';
import { S3Refusal, s3Failure } from './s3-failure.ts';
import { escapeXml, textOf } from './xml.ts';

/** Parts of this size, because a service accepts 10,000 of them. */
const PART_BYTES = 8 << 20;
/** Later parts are larger: an object can have 351 GiB. */
const LATE_PART_BYTES = 64 << 20;
const EARLY_PARTS = 5000;
const PARTS_MAX = 10_000;
/** Parts on their way at a time; one more is being filled. */
const PARTS_IN_FLIGHT_MAX = 4;
/** A writer lets the sockets work after this many bytes. */
const BYTES_PER_TURN = 512 << 10;
/** One try to send a part; milliseconds. */
const PART_MS_MAX = 300_000;
/** A service joins the parts in this time; milliseconds. */
const COMPLETE_MS_MAX = 600_000;
/** An interrupted upload waits this long for what it must know to abort; milliseconds. */
const ABANDON_MS_MAX = 5000;
/** Metadata by which an upload recognizes its own object. */
const MARK = 'x-amz-meta-slabring-upload';

/** The part that is being filled. */
interface Part {
  readonly buffer: Buffer;
  readonly hash: Hash;
  bytes: number;
}

/**
 * An object of any size that is written piece by piece. It appears under its name at `commit`,
 * complete, or not at all. It holds at most five parts of 8 MiB; later ones, after the 5000th, have
 * 64 MiB.
 */
export class S3Upload {
  bytes = 0;
  readonly #client: S3Client;
  readonly #key: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #mark = randomUUID();
  readonly #running = new Set<Promise<void>>();
  readonly #etags: string[] = [];
  readonly #stop = new AbortController();
  #part: Part | undefined;
  #spare: Buffer[] = [];
  #sentParts = 0;
  #bytesAtTurn = 0;
  #id: Promise<string> | undefined;
  #failure: unknown;

  /** `headers` are those of the object, such as its encryption. */
  constructor(client: S3Client, key: string, headers: Readonly<Record<string, string>> = {}) {
    this.#client = client;
    this.#key = key;
    this.#headers = { ...headers, [MARK]: this.#mark };
  }

  /** Takes bytes; the caller heeds `needsTurn`, so that they take no more memory. */
  write(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      this.#part ??= this.#newPart();
      const part = this.#part;
      const length = Math.min(bytes.length - at, part.buffer.length - part.bytes);
      bytes.copy(part.buffer, part.bytes, at, at + length);
      part.hash.update(bytes.subarray(at, at + length));
      part.bytes += length;
      at += length;
      if (part.bytes === part.buffer.length) this.#send(part);
    }
    this.bytes += bytes.length;
  }

  /** Whether the writer has to wait for `untilRoom`. */
  get needsTurn(): boolean {
    return this.bytes - this.#bytesAtTurn >= BYTES_PER_TURN;
  }

  /**
   * Lets the sockets work; resolves once a part may be sent.
   * @throws {CodedError} `ERR_S3` if the upload has failed.
   */
  async untilRoom(): Promise<void> {
    this.#bytesAtTurn = this.bytes;
    await turn();
    while (this.#running.size >= PARTS_IN_FLIGHT_MAX && this.#failure === undefined) {
      await Promise.race(this.#running);
    }
    this.#throwFailure();
  }

  /**
   * Gives the object its name.
   * @throws {CodedError} `ERR_S3`.
   */
  async commit(): Promise<void> {
    if (this.#id === undefined) await this.#putWhole(this.#part ?? this.#newPart());
    else {
      if (this.#part !== undefined) this.#send(this.#part);
      await Promise.all(this.#running);
      this.#throwFailure();
      await this.#complete(await this.#id);
    }
    this.#client.close();
  }

  /** Removes what was sent. Resolves with a sentence if parts may be left, within seconds. */
  async abandon(): Promise<string | undefined> {
    this.#stop.abort();
    try {
      if (this.#id === undefined) return undefined;
      const settled = Promise.all([this.#id.catch(() => undefined), ...this.#running]);
      const [id] = await Promise.race([settled, pause(ABANDON_MS_MAX, ['late'])]);
      if (id === undefined) return undefined;
      await this.#client.page({
        method: 'DELETE',
        key: this.#key,
        query: { uploadId: id },
        action: 's3:AbortMultipartUpload',
        totalMs: ABANDON_MS_MAX,
        signal: AbortSignal.timeout(ABANDON_MS_MAX),
      });
      return undefined;
    } catch (error) {
      if (error instanceof S3Refusal && error.s3Code === 'NoSuchUpload') return undefined;
      const reason = (error as Error).message;
      return (
        `Parts of it may be left in the bucket ${this.#client.bucket} (${reason}): a lifecycle ` +
        'rule AbortIncompleteMultipartUpload removes them.'
      );
    } finally {
      this.#client.close();
    }
  }

  #newPart(): Part {
    const bytes = this.#sentParts < EARLY_PARTS ? PART_BYTES : LATE_PART_BYTES;
    this.#spare = this.#spare.filter(({ length }) => length === bytes);
    const buffer = this.#spare.pop() ?? Buffer.allocUnsafeSlow(bytes);
    return { buffer, hash: createHash('sha256'), bytes: 0 };
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  #send(part: Part): void {
    this.#part = undefined;
    const number = ++this.#sentParts;
    if (number > PARTS_MAX) this.#failure ??= tooLarge(this.#client.bucket, this.#key);
    if (this.#failure !== undefined) return;
    this.#id ??= this.#create();
    const sent = this.#sendPart(this.#id, number, part)
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => {
        this.#running.delete(sent);
        this.#spare.push(part.buffer);
      });
    this.#running.add(sent);
  }

  async #create(): Promise<string> {
    const { text } = await this.#client.page({
      method: 'POST',
      key: this.#key,
      query: { uploads: '' },
      headers: this.#headers,
      action: 's3:PutObject',
    });
    const id = textOf(text, 'UploadId');
    if (id === undefined) throw s3Failure('S3 began an upload without naming it.');
    return id;
  }

  async #sendPart(id: Promise<string>, number: number, part: Part): Promise<void> {
    const { headers } = await this.#client.page({
      method: 'PUT',
      key: this.#key,
      query: { partNumber: `${number}`, uploadId: await id },
      body: part.buffer.subarray(0, part.bytes),
      bodyHash: part.hash.digest('hex'),
      action: 's3:PutObject',
      totalMs: PART_MS_MAX,
      signal: this.#stop.signal,
    });
    this.#etags[number - 1] = headers.etag ?? '';
  }

  async #putWhole(part: Part): Promise<void> {
    await this.#client.page({
      method: 'PUT',
      key: this.#key,
      headers: this.#headers,
      body: part.buffer.subarray(0, part.bytes),
      bodyHash: part.hash.digest('hex'),
      action: 's3:PutObject',
      totalMs: PART_MS_MAX,
      signal: this.#stop.signal,
    });
  }

  async #complete(uploadId: string): Promise<void> {
    const parts = this.#etags.map(
      (etag, at) =>
        `<Part><PartNumber>${at + 1}</PartNumber><ETag>${escapeXml(etag)}</ETag></Part>`,
    );
    const xml = `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`;
    try {
      await this.#client.page({
        method: 'POST',
        key: this.#key,
        query: { uploadId },
        headers: { 'content-type': 'application/xml' },
        body: Buffer.from(xml),
        action: 's3:PutObject',
        totalMs: COMPLETE_MS_MAX,
        signal: this.#stop.signal,
      });
    } catch (error) {
      // The reply of an earlier try may be lost.
      const isUnknown = error instanceof S3Refusal && error.s3Code === 'NoSuchUpload';
      if (!isUnknown || !(await this.#hasObject())) throw error;
    }
  }

  /** Whether the object under the name is this one. */
  async #hasObject(): Promise<boolean> {
    try {
      const request = { method: 'HEAD', key: this.#key, action: 's3:GetObject' } as const;
      const { headers } = await this.#client.page(request);
      return headers[MARK] === this.#mark;
    } catch {
      return false;
    }
  }
}

function tooLarge(bucket: string, key: string): CodedError {
  const gib = (EARLY_PARTS * PART_BYTES + (PARTS_MAX - EARLY_PARTS) * LATE_PART_BYTES) / 2 ** 30;
  return s3Failure(
    `The object s3://${bucket}/${key} would be larger than ${Math.floor(gib)} GiB: dump the ` +
      'nodes one by one, or with --compression zstd.',
  );
}
