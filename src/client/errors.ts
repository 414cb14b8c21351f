import { hash } from 'node:crypto';

/**
 * Every way an operation can fail, by code. `mayHaveRun` says whether the node may have carried
 * the command out: when it is false, trying again is safe for any command. `about` says what it
 * names when it concerns a key: the key and the node that it was to be done at, the key alone, or
 * nothing.
 */
export const FAILURES = {
  ERR_KEY: {
    mayHaveRun: false,
    about: 'key',
    text: 'The key is not 1 to 250 bytes of UTF-8 without blanks and control characters.',
    advice: "Mend the key, or let the client hash such keys (`keys: 'hash'`).",
  },
  ERR_ARGUMENT: {
    mayHaveRun: false,
    about: 'nothing',
    text: 'An argument or option is out of its range.',
    advice: 'It is a mistake in the calling program: the message names it.',
  },
  ERR_NODE_DOWN: {
    mayHaveRun: false,
    about: 'key at node',
    text: 'The node cannot be reached; it is being tried again.',
    advice: 'Do without the cache for now: treat it as a miss.',
  },
  ERR_LOGIN: {
    mayHaveRun: false,
    about: 'key at node',
    text: 'The node asks for a login, or refused the one it was given (`login`).',
    advice: 'Correct `login`; the node is tried again meanwhile.',
  },
  ERR_UNSUPPORTED: {
    mayHaveRun: false,
    about: 'key at node',
    text: 'The protocol spoken with the node has no way to say it.',
    advice: 'Leases, stale values and conditional deletes need a node with the meta protocol.',
  },
  ERR_QUEUE_FULL: {
    mayHaveRun: false,
    about: 'key at node',
    text: 'Too many operations wait for the node (`maxPendingPerNode`).',
    advice: 'Ask for less at a time: more would only wait longer.',
  },
  ERR_DEADLINE_UNSENT: {
    mayHaveRun: false,
    about: 'key at node',
    text: 'The deadline passed before the command was sent (`deadlineMs`).',
    advice: 'Treat it as a miss. The node is slow to connect, or takes no more.',
  },
  ERR_DEADLINE: {
    mayHaveRun: true,
    about: 'key at node',
    text: 'The deadline passed before the reply came (`deadlineMs`).',
    advice: 'Treat a read as a miss. After a write, read before writing again.',
  },
  ERR_ABORTED_UNSENT: {
    mayHaveRun: false,
    about: 'key at node',
    text: 'It was called off (`signal`) before the command was sent.',
    advice: 'Nothing to do: `cause` is the reason that the signal was given.',
  },
  ERR_ABORTED: {
    mayHaveRun: true,
    about: 'key at node',
    text: 'It was called off (`signal`) before the reply came.',
    advice: 'Nothing to do: `cause` is the reason that the signal was given.',
  },
  ERR_REPLY_LOST: {
    mayHaveRun: true,
    about: 'key at node',
    text: 'The connection was closed before the reply came.',
    advice: 'Treat a read as a miss. After a write, read before writing again.',
  },
  ERR_PROTOCOL: {
    mayHaveRun: true,
    about: 'key at node',
    text: 'The node sent a reply that makes no sense; the connection was closed.',
    advice: 'Look at `cause`: is it a memcached node, and nothing in between?',
  },
  ERR_REFUSED: {
    mayHaveRun: false,
    about: 'key at node',
    text: 'The node refused the command.',
    advice: 'The message has its words, such as "object too large for cache".',
  },
  ERR_VALUE: {
    mayHaveRun: true,
    about: 'key at node',
    text: 'The value cannot be read: its flags, its compression or its serializer do not fit it.',
    advice: 'Another program stored it in its own way: use `getBytes`, or store it anew.',
  },
  ERR_LOAD: {
    mayHaveRun: false,
    about: 'key',
    text: 'The value was not loaded (`getOrSet`).',
    advice:
      'Another loads it for longer than `waitMs`, or has failed (`errorTtl`): try again later.',
  },
  ERR_CLOSED: {
    mayHaveRun: false,
    about: 'key at node',
    text: 'The client is closed.',
    advice: 'Close it only when nobody uses it any more.',
  },
  ERR_DISCOVERY: {
    mayHaveRun: false,
    about: 'key',
    text: 'The list of nodes cannot be had; those known so far stay, and it is tried again.',
    advice: 'Look whether the endpoints of the discovery answer, and whether they name nodes.',
  },
} as const;

export type FailureCode = keyof typeof FAILURES;

/** What a failure is about; what is not known is left out. */
export interface FailureContext {
  /** A sentence more. */
  readonly detail?: string | undefined;
  /** The node's name. */
  readonly node?: string | undefined;
  /**
   * As on the wire, once it is. Only its hash can be read, so that logs tell keys apart without
   * telling them.
   */
  readonly key?: string | undefined;
  readonly cause?: unknown;
}

const KEY_HASH_CHARS = 12;

/** The one class of failures: match `code`, never the message. A miss is not a failure. */
export class CacheError extends Error {
  override readonly name = 'CacheError';
  readonly code: FailureCode;
  /** Whether the node may have carried the command out. */
  readonly mayHaveRun: boolean;
  /** The node concerned, as `host:port`; none for what never got that far. */
  readonly node: string | undefined;
  readonly #about: FailureContext;

  constructor(code: FailureCode, about: FailureContext = {}) {
    const { text, mayHaveRun } = FAILURES[code];
    const place = about.node === undefined ? '' : ` (node ${about.node})`;
    const detail = about.detail === undefined ? '' : ` ${about.detail}`;
    super(`${text}${detail}${place}`, about.cause === undefined ? {} : { cause: about.cause });
    this.code = code;
    this.mayHaveRun = mayHaveRun;
    this.node = about.node;
    this.#about = about;
  }

  /** The same failure, told by who knows of which key and at which node. */
  at(node: string | undefined, key: string | undefined): CacheError {
    return new CacheError(this.code, { ...this.#about, node, key });
  }

  /**
   * The start of the SHA-256 of the key, in hex; none for what concerns no key. Of a request for
   * many keys that failed as a whole (the event `failure`) it is the first one's.
   */
  get keyHash(): string | undefined {
    const { key } = this.#about;
    return key === undefined ? undefined : hash('sha256', key).slice(0, KEY_HASH_CHARS);
  }
}
