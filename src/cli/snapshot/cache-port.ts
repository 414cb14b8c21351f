/** What dumps and restores through the port for clients share: nodes that have no admin port. */
import { ByteSink, CodedError, type ValuesOf } from '../../base/index.ts';
import { CacheError, type Login } from '../../client/index.ts';
import { explain } from '../cache/explain.ts';
import { cacheFlags, loginOf } from '../options/cache-options.ts';
import { type ClientTls, clientTlsOf, tlsFlags } from '../options/tls-options.ts';
import type { Host } from '../process/host.ts';

/** The options of a connection to the port for clients. */
export const cachePortFlags = { user: cacheFlags.user, ...tlsFlags };
export type CachePortOptions = ValuesOf<typeof cachePortFlags>;

/** A node that sends nothing for this time does not serve. */
const SILENT_MS_MAX = 30_000;

/** How to connect to the nodes. */
export interface CachePortAccess {
  readonly login: Login | undefined;
  readonly tls: ClientTls | undefined;
  readonly deadlineMs: number;
}

/** @throws {CodedError} `ERR_USAGE` for a file that cannot be read, and for no password. */
export async function cachePortAccess(
  options: CachePortOptions,
  host: Host,
): Promise<CachePortAccess> {
  const login = await loginOf(options, host);
  return { login, tls: clientTlsOf(options), deadlineMs: SILENT_MS_MAX };
}

const TOO_OLD =
  'it has no meta commands, as memcached 1.6.10 and newer have, so it can be neither dumped nor ' +
  'restored. memcached-tool dump reads what older ones list.';
const NEEDS_LIST =
  'A dump needs its list of items (lru_crawler metadump), which -X and some services refuse.';

/** What went wrong with a node, for the operator; `error` itself if it is a bug. */
export async function explained(
  node: string,
  error: unknown,
  { tls }: CachePortAccess,
): Promise<unknown> {
  if (!(error instanceof CacheError)) return error;
  const { reason, advice } = await explain(error, tls !== undefined);
  const isRefused = error.code === 'ERR_REFUSED';
  const why = error.code === 'ERR_UNSUPPORTED' ? TOO_OLD : `${reason.replace(/\.$/, '')}.`;
  const more = isRefused ? NEEDS_LIST : advice;
  const text = [`${node}: ${why}`, ...(more === undefined ? [] : [more])].join(' ');
  return new CodedError('ERR_NODE', text, { cause: error });
}

/** What a word of a text line cannot contain. */
const NO_WORD = /[^\x21-\x7e\x80-\xff]/;
const SINK_BYTES = 64 * 1024;

/** Meta requests for keys of any bytes, each with its number as the opaque. */
export class MetaBatch {
  count = 0;
  readonly #sink = new ByteSink(SINK_BYTES);

  get bytes(): Buffer {
    return this.#sink.bytes.subarray(0, this.#sink.at);
  }

  clear(): void {
    this.count = 0;
    this.#sink.at = 0;
  }

  /** Adds an `mg`; `key` has one character for each byte. */
  addGet(key: string, flags: string): void {
    this.#add('mg', key, flags);
  }

  /** Adds the line of a set, as `addGet`; `addValue` follows. */
  addStore(key: string, valueBytes: number, flags: string): void {
    this.#add('ms', key, `${valueBytes} ${flags}`);
  }

  #add(verb: string, key: string, words: string): void {
    const isWord = !NO_WORD.test(key);
    const word = isWord ? key : Buffer.from(key, 'latin1').toString('base64');
    const line = `${verb} ${word} ${words} O${this.count}${isWord ? '' : ' b'}\r\n`;
    this.#put(Buffer.from(line, 'latin1'));
    this.count++;
  }

  /** Adds the value of the last request. */
  addValue(bytes: Buffer): void {
    this.#put(bytes);
    this.#put(CRLF);
  }

  #put(bytes: Buffer): void {
    this.#sink.ensure(bytes.length);
    bytes.copy(this.#sink.bytes, this.#sink.at);
    this.#sink.at += bytes.length;
  }
}

const CRLF = Buffer.from('\r\n');
