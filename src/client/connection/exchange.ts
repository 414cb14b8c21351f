import type { ByteSink } from '../../base/index.ts';
import {
  BinaryDialect,
  ClassicDialect,
  type ConfigGetRequest,
  type Dialect,
  type GetRequest,
  type ItemFactsRequest,
  type LimitMemoryRequest,
  type LoginRequest,
  Reply,
  ReplyInput,
  type ReplyStatus,
  type Request,
  type VersionRequest,
} from '../../protocol/client.ts';
import type { Login } from '../option-types/client.ts';

/** A request whose reply has at most one value. */
export type SingleRequest =
  | VersionRequest
  | GetRequest
  | ConfigGetRequest
  | LimitMemoryRequest
  | ItemFactsRequest;

/** A reply; unlike `Reply` it belongs to the caller. */
export interface NodeReply {
  readonly status: ReplyStatus;
  /** The text of a `line` or `refused` reply, else empty. */
  readonly line: string;
  /** The value of a `value` reply, else empty. */
  readonly value: Buffer;
}

const OPAQUE = 1;

/** Whether the node executes nothing before a login: its replies in text and in binary. */
export function requiresLogin({ status, line }: Pick<NodeReply, 'status' | 'line'>): boolean {
  return status === 'refused' && /unauthenticated|^status 0x20:/.test(line);
}

/**
 * One request and its reply on a new connection, without a socket.
 *
 *   text:    request ──reply──▶ end
 *               └──unauthenticated──▶ login ──STORED──▶ request ──reply──▶ end
 *   binary:  login, if any ──success──▶ request ──reply──▶ end
 *
 * In text it logs in only if the node demands it, because a node without login would store the
 * ASCII login as a value. In binary it logs in first, because a node closes the connection after a
 * request without login.
 */
export class Exchange {
  readonly #request: SingleRequest;
  readonly #login: LoginRequest | undefined;
  readonly #dialect: Dialect;
  readonly #input = new ReplyInput();
  readonly #reply = new Reply();
  #current: Request;
  #hasLoggedIn = false;

  constructor(
    request: SingleRequest,
    dialect: 'classic' | 'binary' = 'classic',
    login: Login | undefined = undefined,
  ) {
    const isBinary = dialect === 'binary';
    this.#request = request;
    this.#login = login === undefined ? undefined : { verb: 'login', ...login };
    this.#current = isBinary && this.#login !== undefined ? this.#login : request;
    this.#dialect = isBinary ? new BinaryDialect() : new ClassicDialect();
  }

  /** Encodes the current request. */
  encodeRequest(sink: ByteSink): void {
    this.#dialect.encode(this.#current, OPAQUE, sink);
  }

  /**
   * Takes bytes of the reply to the current request.
   * @returns the reply; 'next-request' when another request follows; undefined while the reply is
   *     incomplete.
   * @throws {MalformedReply} when the bytes cannot be a reply to the request.
   */
  receive(piece: Buffer, length: number): NodeReply | 'next-request' | undefined {
    this.#input.feed(piece, length);
    const progress = this.#dialect.decode(this.#input, this.#current, OPAQUE, this.#reply);
    if (progress === 'incomplete') {
      this.#input.releasePiece();
      return undefined;
    }
    const next = this.#nextRequest(this.#reply);
    if (next === undefined) return nodeReplyOf(this.#reply);
    this.#current = next;
    return 'next-request';
  }

  #nextRequest(reply: Reply): Request | undefined {
    if (this.#current.verb === 'login') {
      if (reply.status === 'refused') throw new Error(`it refused the login: ${reply.line}`);
      this.#hasLoggedIn = true;
      return this.#request;
    }
    return requiresLogin(reply) && !this.#hasLoggedIn ? this.#login : undefined;
  }
}

/** Copies a reply: the connection reuses its buffer. */
function nodeReplyOf(reply: Reply): NodeReply {
  const { status, line } = reply;
  const isText = status === 'line' || status === 'refused';
  return {
    status,
    line: isText ? line : '',
    value: status === 'value' ? reply.takeBytes() : Buffer.alloc(0),
  };
}
