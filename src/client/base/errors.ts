import { hash } from 'node:crypto';

/**
 * Every way in which an operation can fail, by code. `mayHaveRun` says whether the node may have
 * executed the command: when it is false, a retry is safe for any command. `about` says what the
 * failure of an operation on a key identifies: the key and the node of the operation, only the key,
 * or nothing. `cause` is a mistake in the call, a decision of the caller, or the cache.
 */
export const FAILURES = {
  ERR_KEY: {
    mayHaveRun: false,
    about: 'key',
    cause: 'mistake',
    text: 'The key is not 1 to 250 bytes of UTF-8 without blanks and control characters.',
    advice: "Correct the key, or let the client hash such keys (`keys: 'hash'`).",
  },
  ERR_ARGUMENT: {
    mayHaveRun: false,
    about: 'nothing',
    cause: 'mistake',
    text: 'An argument or option is invalid.',
    advice: 'Correct the calling program: the message names the argument or option.',
  },
  ERR_NODE_DOWN: {
    mayHaveRun: false,
    about: 'key at node',
    cause: 'cache',
    text: 'Cannot connect to the node.',
    advice:
      'Treat it as a miss: the client keeps retrying in the background. `cause` is the reason of' +
      ' the last failed connection attempt.',
  },
  ERR_LOGIN: {
    mayHaveRun: false,
    about: 'key at node',
    cause: 'cache',
    text: 'The node requires a login, or rejected `login`.',
    advice: 'Correct `login`. The client keeps retrying in the background.',
  },
  ERR_UNSUPPORTED: {
    mayHaveRun: false,
    about: 'key at node',
    cause: 'cache',
    text: 'The dialect of the connection does not support the command.',
    advice: 'Leases, stale values and conditional deletes need a node with the meta protocol.',
  },
  ERR_QUEUE_FULL: {
    mayHaveRun: false,
    about: 'key at node',
    cause: 'cache',
    text: 'Too many operations wait for the node (`maxPendingPerNode`), or for compression.',
    advice: 'Send fewer operations at a time: a longer queue would only increase the latency.',
  },
  ERR_DEADLINE_UNSENT: {
    mayHaveRun: false,
    about: 'key at node',
    cause: 'cache',
    text: 'The deadline passed before the command was sent (`deadlineMs`).',
    advice: 'Treat it as a miss. The connection attempt is slow, or the node does not read.',
  },
  ERR_DEADLINE: {
    mayHaveRun: true,
    about: 'key at node',
    cause: 'cache',
    text: 'The deadline passed before the reply arrived (`deadlineMs`).',
    advice: 'Treat a read as a miss. After a write, read before writing again.',
  },
  ERR_ABORTED_UNSENT: {
    mayHaveRun: false,
    about: 'key at node',
    cause: 'caller',
    text: 'The caller cancelled the operation (`signal`) before the command was sent.',
    advice: 'Nothing to do: `cause` is the reason of the signal.',
  },
  ERR_ABORTED: {
    mayHaveRun: true,
    about: 'key at node',
    cause: 'caller',
    text: 'The caller cancelled the operation (`signal`) before the reply arrived.',
    advice: 'Nothing to do: `cause` is the reason of the signal.',
  },
  ERR_REPLY_LOST: {
    mayHaveRun: true,
    about: 'key at node',
    cause: 'cache',
    text: 'The connection closed before the reply arrived.',
    advice: 'Treat a read as a miss. After a write, read before writing again.',
  },
  ERR_PROTOCOL: {
    mayHaveRun: true,
    about: 'key at node',
    cause: 'cache',
    text: 'The node sent an invalid reply. The client closed the connection.',
    advice: 'See `cause`. Check that the address is a memcached node, without a proxy before it.',
  },
  ERR_REFUSED: {
    mayHaveRun: false,
    about: 'key at node',
    cause: 'cache',
    text: 'The node rejected the command.',
    advice: 'The message contains the error of the node, such as "object too large for cache".',
  },
  ERR_VALUE: {
    mayHaveRun: true,
    about: 'key at node',
    cause: 'cache',
    text: 'Cannot encode or decode the value.',
    advice:
      'The message says why. A value that the client could not encode was not sent: `mayHaveRun`' +
      ' is false, and there is no `node` if the call itself failed. A value that it could not' +
      ' decode was stored in another format: use `getBytes`, or overwrite it.',
  },
  ERR_LOAD: {
    mayHaveRun: false,
    about: 'key',
    cause: 'cache',
    text: 'The value was not loaded (`getOrSet`).',
    advice:
      'Another caller has loaded it for longer than `waitMs`, or failed (`errorTtl`): retry later.',
  },
  ERR_CONFLICT: {
    mayHaveRun: false,
    about: 'key',
    cause: 'caller',
    text: 'Another request changed the session at the same time (`sessionStore`).',
    advice: 'Try the request again, or keep the later change (`onConflict`).',
  },
  ERR_CLOSED: {
    mayHaveRun: false,
    about: 'key at node',
    cause: 'caller',
    text: 'The client is closed.',
    advice: 'Close the client only when no part of the program uses it any more.',
  },
  ERR_DISCOVERY: {
    mayHaveRun: false,
    about: 'key',
    cause: 'cache',
    text: 'Cannot read the list of nodes. The client keeps the nodes that it knows, and retries.',
    advice: 'Check that the endpoints of the discovery reply, and that their replies list nodes.',
  },
} as const;

export type FailureCode = keyof typeof FAILURES;

/** The details of a failure, as far as the client knows them. */
interface FailureContext {
  /** A further sentence for the message. */
  readonly detail?: string | undefined;
  /** The node's name. */
  readonly node?: string | undefined;
  /**
   * The key, in its wire form once the client has one. A failure exposes only its hash, so that a
   * log can distinguish keys without showing them.
   */
  readonly key?: string | undefined;
  readonly cause?: unknown;
  /** The client could not encode the value of the request, so it did not send it. */
  readonly isUnencodable?: true;
}

const KEY_HASH_CHARS = 12;

/** The only class of failures: match `code`, never the message. A miss is not a failure. */
export class CacheError extends Error {
  override readonly name = 'CacheError';
  readonly code: FailureCode;
  /** Whether the node may have executed the command. */
  readonly mayHaveRun: boolean;
  /** The node's name, such as `host:port`; undefined when the client had not chosen a node yet. */
  readonly node: string | undefined;
  readonly #context: FailureContext;

  constructor(code: FailureCode, context: FailureContext = {}) {
    const { text, mayHaveRun } = FAILURES[code];
    const node = context.node === undefined ? '' : ` (node ${context.node})`;
    const detail = context.detail === undefined ? '' : ` ${context.detail}`;
    super(`${text}${detail}${node}`, context.cause === undefined ? {} : { cause: context.cause });
    this.code = code;
    this.mayHaveRun = mayHaveRun && context.isUnencodable !== true;
    this.node = context.node;
    this.#context = context;
  }

  /** The same failure, with this node and key. */
  at(node: string | undefined, key: string | undefined): CacheError {
    // A bundler renames a class that names itself inside, and a stack would show `_CacheError`.
    const Failure = this.constructor as typeof CacheError;
    return new Failure(this.code, { ...this.#context, node, key });
  }

  /**
   * The start of the key's SHA-256, in hex; undefined for a failure without a key. When a request
   * for many keys fails as a whole (event `failure`), it is the hash of the first key.
   */
  get keyHash(): string | undefined {
    const { key } = this.#context;
    return key === undefined ? undefined : hash('sha256', key).slice(0, KEY_HASH_CHARS);
  }
}

/** Whether the cache caused the failure, so that the application can continue without the cache. */
export function isCacheFailure(error: unknown): error is CacheError {
  if (!(error instanceof CacheError) || isUnencodable(error)) return false;
  return FAILURES[error.code].cause === 'cache';
}

/**
 * Whether a call on many keys reports the failure for its keys. A mistake in the call rejects it.
 */
export function isReportedPerKey(error: unknown): error is CacheError {
  return error instanceof CacheError && FAILURES[error.code].cause !== 'mistake';
}

/** Whether the client could not encode the value: a mistake of the caller; nothing was sent. */
export function isUnencodable({ code, mayHaveRun }: CacheError): boolean {
  return code === 'ERR_VALUE' && !mayHaveRun;
}

/** The client cannot encode the value of a call: nothing was sent. */
export function encodeError(detail: string, cause?: unknown): CacheError {
  return new CacheError('ERR_VALUE', { detail, cause, isUnencodable: true });
}

/** The client cannot decode the value of a reply. */
export function decodeError(detail: string, cause?: unknown): CacheError {
  return new CacheError('ERR_VALUE', { detail, cause });
}

/** @param detail names the argument or option, its value, and what is accepted. */
export function argumentError(detail: string): CacheError {
  return new CacheError('ERR_ARGUMENT', { detail });
}
