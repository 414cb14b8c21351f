/**
 * The outcome of a request:
 *
 *   value       the reply has a value, a counter or a statistic
 *   done        the node carried out the request
 *   miss        the key has no live item
 *   not-stored  an item exists (add), or none exists (replace, append, prepend)
 *   exists      the item has another CAS id than the request
 *   line        the reply is a line of text: a version
 *   refused     the node replied with an error; `line` holds it
 */
export type ReplyStatus = 'value' | 'done' | 'miss' | 'not-stored' | 'exists' | 'line' | 'refused';

/** What `decode` found: too few bytes, one of several items, or the end of the reply. */
export type DecodeProgress = 'incomplete' | 'item' | 'complete';

/** The node sent bytes that cannot be a reply to the request; no later byte can be trusted. */
export class MalformedReply extends Error {
  override readonly name = 'MalformedReply';
}

const NO_BYTES = Buffer.alloc(0);

/**
 * A decoded reply. Each connection refills one object, so its content is valid until the connection
 * decodes the next reply; `text` and `takeBytes` return a value that stays valid.
 */
export class Reply {
  status: ReplyStatus = 'done';
  /** The value is `bytes[start, end)`. */
  bytes: Buffer = NO_BYTES;
  start = 0;
  end = 0;
  /** Whether only this value uses `bytes`, so that the caller may keep them without a copy. */
  ownsBytes = false;
  /** The value is longer than the client reads: `start` and `end` tell its length only. */
  isSkipped = false;
  /** Of an item: which of the keys it belongs to, or the name of the statistic. */
  index = 0;
  name = '';
  /** The text of the reply, for `line` and `refused`; also the value of a statistic. */
  line = '';
  /** Client flags. */
  flags = 0;
  cas: bigint | undefined = undefined;
  /** The remaining ttl; -1 for an item without expiry; undefined if not requested. */
  ttl: number | undefined = undefined;
  sizeBytes: number | undefined = undefined;
  /** Whether a client read the item before, and how many seconds ago. */
  wasRead: boolean | undefined = undefined;
  idleSeconds: number | undefined = undefined;
  /** W: this request got the lease. */
  wonLease = false;
  /** Z: another client has the lease. */
  leaseHeldByOther = false;
  /** X: the item is marked stale. */
  isStale = false;

  /** Clears the value and the flags of the previous reply. */
  reset(status: ReplyStatus): void {
    this.status = status;
    this.bytes = NO_BYTES;
    this.start = 0;
    this.end = 0;
    this.ownsBytes = false;
    this.isSkipped = false;
    this.flags = 0;
    this.cas = undefined;
    this.ttl = undefined;
    this.sizeBytes = undefined;
    this.wasRead = undefined;
    this.idleSeconds = undefined;
    this.wonLease = false;
    this.leaseHeldByOther = false;
    this.isStale = false;
  }

  setValue(bytes: Buffer, start: number, end: number, ownsBytes: boolean): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.ownsBytes = ownsBytes;
  }

  /** The connection discarded the value. */
  skipValue(valueBytes: number): void {
    this.setValue(NO_BYTES, 0, valueBytes, false);
    this.isSkipped = true;
  }

  /** Drops the reference to an own buffer, so that a large value does not stay in memory. */
  release(): void {
    if (this.ownsBytes) this.setValue(NO_BYTES, 0, 0, false);
  }

  refuse(line: string): void {
    this.reset('refused');
    this.line = line;
  }

  get valueBytes(): number {
    return this.end - this.start;
  }

  /**
   * Whether the item is the placeholder of a lease: the empty item that a node creates for a miss
   * (`mg` with N). A client flag distinguishes it from an empty text that this client stored.
   */
  get isPlaceholder(): boolean {
    const isLeased = this.wonLease || this.leaseHeldByOther;
    return isLeased && this.mayBePlaceholder;
  }

  /** The same for a reply that does not show leases: classic text and binary. */
  get mayBePlaceholder(): boolean {
    return this.status === 'value' && this.end === this.start && this.flags === 0;
  }

  /** The value as text (UTF-8). */
  text(): string {
    return this.bytes.toString('utf8', this.start, this.end);
  }

  /** The bytes of the value, for the caller to keep; a copy unless the reply owns its bytes. */
  takeBytes(): Buffer {
    const value = this.bytes.subarray(this.start, this.end);
    return this.ownsBytes ? value : Buffer.from(value);
  }
}
