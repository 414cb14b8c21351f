/**
 * Every way an operation can fail, by code. `mayHaveRun` says whether the node may have carried the
 * command out: when it is false, trying again is safe for any command.
 */
export const FAILURES = {
  ERR_KEY: {
    mayHaveRun: false,
    text: 'The key is not 1 to 250 bytes of UTF-8 without blanks and control characters.',
  },
  ERR_ARGUMENT: { mayHaveRun: false, text: 'An argument or option is out of its range.' },
  ERR_NODE_DOWN: {
    mayHaveRun: false,
    text: 'The node cannot be reached; it is being tried again.',
  },
  ERR_QUEUE_FULL: {
    mayHaveRun: false,
    text: 'Too many operations wait for the node (`maxPendingPerNode`).',
  },
  ERR_DEADLINE_UNSENT: {
    mayHaveRun: false,
    text: 'The deadline passed before the command was sent (`deadlineMs`).',
  },
  ERR_DEADLINE: {
    mayHaveRun: true,
    text: 'The deadline passed before the reply came (`deadlineMs`).',
  },
  ERR_REPLY_LOST: {
    mayHaveRun: true,
    text: 'The connection was closed before the reply came.',
  },
  ERR_PROTOCOL: {
    mayHaveRun: true,
    text: 'The node sent a reply that makes no sense; the connection was closed.',
  },
  ERR_REFUSED: { mayHaveRun: false, text: 'The node refused the command.' },
  ERR_DISCOVERY: {
    mayHaveRun: false,
    text: 'The list of nodes cannot be had; those known so far stay, and it is tried again.',
  },
  ERR_CLOSED: { mayHaveRun: false, text: 'The client is closed.' },
} as const;

export type FailureCode = keyof typeof FAILURES;

/** The one class of failures: match `code`, never the message. A miss is not a failure. */
export class CacheError extends Error {
  override readonly name = 'CacheError';
  readonly code: FailureCode;
  /** Whether the node may have carried the command out. */
  readonly mayHaveRun: boolean;
  /** The node concerned, as `host:port`; none for what never got that far. */
  readonly node: string | undefined;

  constructor(
    code: FailureCode,
    about: { readonly detail?: string; readonly node?: string; readonly cause?: unknown } = {},
  ) {
    const { text, mayHaveRun } = FAILURES[code];
    const place = about.node === undefined ? '' : ` (node ${about.node})`;
    const detail = about.detail === undefined ? '' : ` ${about.detail}`;
    super(`${text}${detail}${place}`, about.cause === undefined ? {} : { cause: about.cause });
    this.code = code;
    this.mayHaveRun = mayHaveRun;
    this.node = about.node;
  }
}
