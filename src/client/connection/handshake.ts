import type { ByteSink } from '../../base/index.ts';
import {
  BinaryDialect,
  ClassicDialect,
  type Dialect,
  isMemberVersion,
  MalformedReply,
  MetaDialect,
  Reply,
  ReplyInput,
  type Request,
} from '../../protocol/client.ts';
import { CacheError } from '../base/errors.ts';
import type { Login, ProtocolChoice } from '../option-types/client.ts';

/**
 * The first memcached version with today's meta commands: "OK" became "HD", and `ms` carries the
 * value's length.
 */
const META_VERSION_MIN = [1, 6, 10] as const;

const VERSION: Request = { verb: 'version' };
const PADDED_VERSION: Request = { verb: 'version', isPadded: true };
const NOOP: Request = { verb: 'noop' };

/**
 * Chooses the dialect of a new connection and logs in, before any other command. It sends one
 * request at a time:
 *
 *   version ──VERSION──▶ mn ──MN──▶ meta                      (binary: AUTH or NOOP, then binary)
 *      │                  └──ERROR──▶ classic
 *      └──unauthenticated──▶ login ──STORED──▶ version
 *
 * The client sends the password only to a node that requires a login. A node without login would
 * store memcached's ASCII login request as a value that every client can read.
 */
export class Handshake {
  readonly #node: string;
  readonly #protocol: ProtocolChoice;
  readonly #login: Login | undefined;
  readonly #input = new ReplyInput();
  readonly #reply = new Reply();
  #dialect: Dialect;
  #request: Request;
  #hasLoggedIn = false;
  #isMember = false;

  constructor(node: string, protocol: ProtocolChoice, login: Login | undefined) {
    this.#node = node;
    this.#protocol = protocol;
    this.#login = login;
    this.#dialect = protocol === 'binary' ? new BinaryDialect() : new ClassicDialect();
    this.#request = this.#firstRequest();
  }

  /** Whether the node is a member of a cluster of slabring; text dialects only. */
  get isMember(): boolean {
    return this.#isMember;
  }

  /** Encodes the current request. */
  encodeRequest(sink: ByteSink): void {
    this.#dialect.encode(this.#request, 1, sink);
  }

  /**
   * Takes bytes of the reply to the current request.
   * @returns the dialect when the handshake is complete; 'next-request' when another request
   *     follows; undefined while the reply is incomplete.
   * @throws {CacheError} when the node refuses the client.
   * @throws {MalformedReply} when the reply does not fit the request.
   */
  receive(piece: Buffer, length: number): Dialect | 'next-request' | undefined {
    this.#input.feed(piece, length);
    const progress = this.#dialect.decode(this.#input, this.#request, 1, this.#reply);
    if (progress === 'incomplete') {
      this.#input.releasePiece();
      return undefined;
    }
    if (this.#input.hasUnreadBytes)
      throw new MalformedReply('bytes after the reply to a handshake request');
    const next = this.#nextStep();
    if ('decode' in next) return next;
    this.#request = next;
    return 'next-request';
  }

  /**
   * The node closed the connection instead of replying. Returns the protocol to try on the next
   * connection, if there is one. A proxy that does not know `mn` closes cleanly (twemproxy); a
   * reset means that the node is terminating.
   */
  protocolAfterClose(isCleanClose: boolean): ProtocolChoice | undefined {
    if (this.#protocol !== 'auto') return undefined;
    if (this.#request === NOOP) return isCleanClose ? 'classic' : undefined;
    return this.#request === PADDED_VERSION ? 'binary' : undefined;
  }

  #firstRequest(): Request {
    const isText = this.#protocol !== 'binary';
    if (this.#login === undefined) return isText ? VERSION : NOOP;
    if (!isText) return { verb: 'login', ...this.#login };
    return this.#protocol === 'auto' ? PADDED_VERSION : VERSION;
  }

  #nextStep(): Request | Dialect {
    if (this.#dialect.name === 'binary') return this.#afterBinary();
    if (this.#request === NOOP) return this.#afterNoop();
    return this.#request.verb === 'version' ? this.#afterVersion() : this.#afterLogin();
  }

  #afterBinary(): Dialect {
    if (this.#reply.status !== 'refused') return this.#dialect;
    throw this.#error(this.#login === undefined ? 'ERR_REFUSED' : 'ERR_LOGIN');
  }

  #afterVersion(): Request | Dialect {
    if (this.#reply.status === 'refused') return this.#loginIfRequired();
    this.#isMember = isMemberVersion(this.#reply.line);
    const mayBeMeta = this.#protocol === 'meta' || isMetaVersion(this.#reply.line);
    if (this.#protocol === 'classic' || !mayBeMeta) return this.#dialect;
    this.#dialect = new MetaDialect();
    return NOOP;
  }

  #loginIfRequired(): Request {
    if (!/unauthenticated/.test(this.#reply.line)) throw this.#error('ERR_REFUSED');
    if (this.#login === undefined || this.#hasLoggedIn) throw this.#error('ERR_LOGIN');
    return { verb: 'login', ...this.#login };
  }

  #afterLogin(): Request {
    if (this.#reply.status === 'refused') throw this.#error('ERR_LOGIN');
    this.#hasLoggedIn = true;
    return VERSION;
  }

  #afterNoop(): Dialect {
    if (this.#reply.status !== 'refused') return this.#dialect;
    if (this.#protocol === 'meta') throw this.#error('ERR_UNSUPPORTED');
    return new ClassicDialect();
  }

  #error(code: 'ERR_REFUSED' | 'ERR_LOGIN' | 'ERR_UNSUPPORTED'): CacheError {
    return new CacheError(code, { node: this.#node, detail: this.#reply.line });
  }
}

/** False for a memcached that is too old. An unknown version format may support meta commands. */
export function isMetaVersion(version: string): boolean {
  const numbers = /^(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number);
  if (numbers === undefined) return true;
  const at = META_VERSION_MIN.findIndex((since, i) => numbers[i] !== since);
  return at < 0 || numbers[at]! > META_VERSION_MIN[at]!;
}
