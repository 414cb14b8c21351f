import type { ByteSink } from '../../base/index.ts';
import {
  BinaryDialect,
  ClassicDialect,
  type Dialect,
  MalformedReply,
  MetaDialect,
  Reply,
  ReplyInput,
  type Request,
} from '../../protocol/client.ts';
import { CacheError } from '../errors.ts';

/** What to speak with a node; `auto` finds out at each connect. */
export type ProtocolChoice = 'auto' | 'meta' | 'classic' | 'binary';

export interface Login {
  readonly username: string;
  readonly password: string;
}

/**
 * The first memcached whose meta commands are those of today ("OK" became "HD", `ms` names its
 * length).
 */
const META_SINCE = [1, 6, 10] as const;

const VERSION: Request = { verb: 'version' };
const PADDED_VERSION: Request = { verb: 'version', isPadded: true };
const NOOP: Request = { verb: 'noop' };

/**
 * What is said on a new connection before any command, one question at a time:
 *
 *   version ──VERSION──▶ mn ──MN──▶ meta                      (binary: AUTH or NOOP, then binary)
 *      │                  └──ERROR──▶ classic
 *      └──unauthenticated──▶ login ──STORED──▶ version
 *
 * The password goes only to a node that asked for it: to one that does not, memcached's ASCII login
 * would be a value, for everyone to read.
 */
export class Handshake {
  readonly #node: string;
  readonly #protocol: ProtocolChoice;
  readonly #login: Login | undefined;
  readonly #input = new ReplyInput();
  readonly #reply = new Reply();
  #dialect: Dialect;
  #question: Request;
  #hasLoggedIn = false;

  constructor(node: string, protocol: ProtocolChoice, login: Login | undefined) {
    this.#node = node;
    this.#protocol = protocol;
    this.#login = login;
    this.#dialect = protocol === 'binary' ? new BinaryDialect() : new ClassicDialect();
    this.#question = this.#firstQuestion();
  }

  /** Writes the question at hand. */
  ask(sink: ByteSink): void {
    this.#dialect.encode(this.#question, 1, sink);
  }

  /**
   * Takes an answer, or a part of it.
   * @returns the dialect when all is said; 'ask' when there is another question.
   * @throws {CacheError} when the node is not one to talk to.
   */
  receive(piece: Buffer, length: number): Dialect | 'ask' | undefined {
    this.#input.feed(piece, length);
    const progress = this.#dialect.decode(this.#input, this.#question, 1, this.#reply);
    if (progress === 'incomplete') {
      this.#input.keep();
      return undefined;
    }
    if (this.#input.hasLeft) throw new MalformedReply('more than an answer');
    const next = this.#next();
    if ('decode' in next) return next;
    this.#question = next;
    return 'ask';
  }

  /**
   * The node closed instead of answering: what to try on the next connection. Who does not know
   * `mn` closes in peace (twemproxy); a reset there is a node that ends.
   */
  nextIfClosed(inPeace: boolean): ProtocolChoice | undefined {
    if (this.#protocol !== 'auto') return undefined;
    if (this.#question === NOOP) return inPeace ? 'classic' : undefined;
    return this.#question === PADDED_VERSION ? 'binary' : undefined;
  }

  #firstQuestion(): Request {
    const isText = this.#protocol !== 'binary';
    if (this.#login === undefined) return isText ? VERSION : NOOP;
    if (!isText) return { verb: 'login', ...this.#login };
    return this.#protocol === 'auto' ? PADDED_VERSION : VERSION;
  }

  #next(): Request | Dialect {
    if (this.#dialect.name === 'binary') return this.#afterBinary();
    if (this.#question === NOOP) return this.#afterNoop();
    return this.#question.verb === 'version' ? this.#afterVersion() : this.#afterLogin();
  }

  #afterBinary(): Dialect {
    if (this.#reply.status !== 'refused') return this.#dialect;
    throw this.#error(this.#login === undefined ? 'ERR_REFUSED' : 'ERR_LOGIN');
  }

  #afterVersion(): Request | Dialect {
    if (this.#reply.status === 'refused') return this.#loginIfWanted();
    const mayBeMeta = this.#protocol === 'meta' || isMetaVersion(this.#reply.line);
    if (this.#protocol === 'classic' || !mayBeMeta) return this.#dialect;
    this.#dialect = new MetaDialect();
    return NOOP;
  }

  #loginIfWanted(): Request {
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

/** False for a memcached that is too old; what is no memcached's number may be anything. */
export function isMetaVersion(version: string): boolean {
  const numbers = /^(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number);
  if (numbers === undefined) return true;
  const at = META_SINCE.findIndex((since, i) => numbers[i] !== since);
  return at < 0 || numbers[at]! > META_SINCE[at]!;
}
