/**
 * How a request came out:
 *
 *   value       a value, a counter or a piece of one
 *   done        carried out
 *   miss        no such key
 *   not-stored  an item is (add) or is not (the others) there
 *   exists      somebody changed it: another version than the one named
 *   line        a line of text: a version
 *   refused     an error of the node's; `line` says which
 */
export type ReplyStatus = 'value' | 'done' | 'miss' | 'not-stored' | 'exists' | 'line' | 'refused';

/** What decoding came to: more bytes are needed, one of several items is here, or the reply is. */
export type Progress = 'incomplete' | 'item' | 'complete';

/** The node said what no reply to the request can be: nothing after it can be trusted. */
export class MalformedReply extends Error {
  override readonly name = 'MalformedReply';
}

const NO_BYTES = Buffer.alloc(0);

/**
 * The reply being read. Each connection has one and uses it again and again: what it holds is valid
 * until the next is decoded, so whoever wants to keep the value takes `text` or `takeBytes`.
 */
export class Reply {
  status: ReplyStatus = 'done';
  /** The value is `bytes[start, end)`. */
  bytes: Buffer = NO_BYTES;
  start = 0;
  end = 0;
  /** Whether `bytes` belongs to this value alone, so that it may be handed out. */
  isOwn = false;
  /** Which of many keys, or the name of which statistic, an item is about. */
  index = 0;
  name = '';
  /** What the node said, for `line` and `refused`. */
  line = '';
  /** Client flags. */
  flags = 0;
  cas: bigint | undefined = undefined;
  /** Seconds left; -1 is for ever; undefined when it was not asked for. */
  ttlSeconds: number | undefined = undefined;
  sizeBytes: number | undefined = undefined;
  /** Whether it was read before, and how many seconds ago. */
  wasRead: boolean | undefined = undefined;
  idleSeconds: number | undefined = undefined;
  /** W: the asker is the one who is to load the value. */
  won = false;
  /** Z: somebody else is loading it. */
  isTaken = false;
  /** X: the value is marked stale. */
  isStale = false;

  /** Forgets the reply before; the value stays where it is until it is set. */
  reset(status: ReplyStatus): void {
    this.status = status;
    this.bytes = NO_BYTES;
    this.start = 0;
    this.end = 0;
    this.isOwn = false;
    this.flags = 0;
    this.cas = undefined;
    this.ttlSeconds = undefined;
    this.sizeBytes = undefined;
    this.wasRead = undefined;
    this.idleSeconds = undefined;
    this.won = false;
    this.isTaken = false;
    this.isStale = false;
  }

  setValue(bytes: Buffer, start: number, end: number, isOwn: boolean): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.isOwn = isOwn;
  }

  /** Keeps no large value alive until the next reply. */
  release(): void {
    if (this.isOwn) this.setValue(NO_BYTES, 0, 0, false);
  }

  refuse(line: string): void {
    this.reset('refused');
    this.line = line;
  }

  get valueBytes(): number {
    return this.end - this.start;
  }

  /** The value as text (UTF-8). */
  text(): string {
    return this.bytes.toString('utf8', this.start, this.end);
  }

  /** The value's bytes, which nobody else holds: a copy only where it must be one. */
  takeBytes(): Buffer {
    const value = this.bytes.subarray(this.start, this.end);
    return this.isOwn ? value : Buffer.from(value);
  }
}
