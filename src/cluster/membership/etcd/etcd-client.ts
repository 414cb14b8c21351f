import { Endpoint, type EtcdTls } from './endpoint.ts';
import {
  EtcdError,
  type GatewayFailure,
  isLeaseLost,
  isTokenRefused,
  isUnavailable,
  refusal,
  unreachable,
} from './etcd-error.ts';
import {
  type Change,
  type Compare,
  type EtcdKey,
  type EtcdKeys,
  failureOf,
  type Json,
  keyBody,
  keysOf,
  leaseOf,
  parseJson,
  rangeBody,
  revisionOf,
  tokenOf,
  transactionBody,
  type WatchMessage,
  watchBody,
  watchMessageOf,
} from './etcd-wire.ts';

export interface EtcdOptions {
  /** `host:port` of each; requests go to one until it fails, then to the next. */
  readonly endpoints: readonly string[];
  /** Undefined: HTTP without TLS. */
  readonly tls?: EtcdTls | undefined;
  readonly login?: EtcdLogin | undefined;
  /** The time for one endpoint to reply; 1000 ms. */
  readonly attemptMs?: number;
}

interface EtcdLogin {
  readonly username: string;
  readonly password: string;
}

/** What a transaction did. */
interface Transacted {
  /** Whether all comparisons held, so that its changes are made. */
  readonly succeeded: boolean;
  readonly revision: number;
}

type Posted =
  | { readonly endpoint: Endpoint; readonly json: Json }
  | { readonly endpoint: Endpoint; readonly failure: GatewayFailure };

const ATTEMPT_MS = 1000;
/** A kept connection can end as a request is sent: one endpoint is tried twice, too. */
const ATTEMPTS_MIN = 2;

/**
 * A client for the JSON gateway of etcd 3.4 and newer. Each request tries each endpoint once, so
 * it takes at most `attemptMs` for each. A change that was sent twice is harmless: all changes are
 * transactions with comparisons, or have the same effect twice.
 */
export class EtcdClient {
  readonly #endpoints: readonly Endpoint[];
  readonly #login: EtcdLogin | undefined;
  readonly #attemptMs: number;
  #current = 0;
  #token: string | undefined;

  constructor({ endpoints, tls, login, attemptMs = ATTEMPT_MS }: EtcdOptions) {
    this.#endpoints = endpoints.map((endpoint) => new Endpoint(endpoint, tls));
    this.#login = login;
    this.#attemptMs = attemptMs;
  }

  /** The keys with this prefix, as a majority of etcd has them. */
  async range(prefix: string, limit: number): Promise<EtcdKeys> {
    return await this.#request('/v3/kv/range', rangeBody(prefix, limit), keysOf);
  }

  /** One key; undefined if it does not exist. */
  async get(key: string): Promise<EtcdKey | undefined> {
    return (await this.#request('/v3/kv/range', keyBody(key), keysOf)).keys[0];
  }

  async put(key: string, value: string, lease?: string): Promise<void> {
    await this.transact([], [{ put: key, value, lease }]);
  }

  async remove(key: string): Promise<void> {
    await this.transact([], [{ remove: key }]);
  }

  /** Makes all changes, if all comparisons hold, or none. */
  async transact(compare: readonly Compare[], changes: readonly Change[]): Promise<Transacted> {
    const body = transactionBody(compare, changes);
    return await this.#request('/v3/kv/txn', body, (reply) => ({
      succeeded: reply['succeeded'] === true,
      revision: revisionOf(reply),
    }));
  }

  /** Resolves with the id of a new lease. etcd may choose a longer `ttl` (in seconds). */
  async grantLease(ttl: number): Promise<string> {
    const body = JSON.stringify({ TTL: `${ttl}` });
    return (await this.#request('/v3/lease/grant', body, leaseOf)).id;
  }

  /** Resolves with false if the lease has run out. */
  async keepLeaseAlive(id: string): Promise<boolean> {
    const body = JSON.stringify({ ID: id });
    const read = ({ result }: Json) => leaseOf(Object(result) as Json);
    return (await this.#request('/v3/lease/keepalive', body, read)).ttl > 0;
  }

  /** Ends a lease with its keys; one that has run out already is as good. */
  async revokeLease(id: string): Promise<void> {
    const body = JSON.stringify({ ID: id });
    await this.#request('/v3/lease/revoke', body, () => undefined).catch((error: unknown) => {
      if (!isLeaseLost(error)) throw error;
    });
  }

  /** Yields the changes of keys with this prefix; throws an error when the stream ends. */
  async *watch(prefix: string, fromRevision: number, signal: AbortSignal): Watch {
    const endpoint = this.#endpoints[this.#current]!;
    const token = await this.#tokenNow();
    const body = watchBody(prefix, fromRevision);
    const post = { path: '/v3/watch', body, token, limitMs: this.#attemptMs, signal };
    let status = 0;
    const lines = endpoint.lines(post, (received) => {
      status = received;
    });
    try {
      for await (const line of lines) {
        if (status !== 200) throw this.#refused(endpoint, failureOf(parseJson(line)));
        const message = watchMessageOf(line);
        // A token that has expired ends a watch with a reason only.
        if (message.kind === 'canceled') this.#token = undefined;
        yield message;
      }
    } catch (error) {
      if (error instanceof EtcdError) throw error;
      throw unreachable([signal.aborted ? 'it was stopped' : this.#failed(endpoint, error)]);
    }
    throw unreachable([this.#failed(endpoint, new Error('the stream has ended'))]);
  }

  close(): void {
    for (const endpoint of this.#endpoints) endpoint.close();
  }

  async #request<T>(path: string, body: string, read: (reply: Json) => T): Promise<T> {
    let posted = await this.#post(path, body, await this.#tokenNow());
    if ('failure' in posted && this.#login !== undefined && isTokenRefused(posted.failure)) {
      this.#token = undefined;
      posted = await this.#post(path, body, await this.#tokenNow());
    }
    const { endpoint } = posted;
    if ('failure' in posted) throw this.#refused(endpoint, posted.failure);
    try {
      return read(posted.json);
    } catch (error) {
      throw new EtcdError('ERR_ETCD', `${endpoint.origin} is no etcd: ${reasonOf(error)}.`);
    }
  }

  #refused({ origin }: Endpoint, failure: GatewayFailure): EtcdError {
    if (isTokenRefused(failure)) this.#token = undefined;
    return refusal(origin, failure);
  }

  async #tokenNow(): Promise<string | undefined> {
    if (this.#login === undefined || this.#token !== undefined) return this.#token;
    const { username: name, password } = this.#login;
    const body = JSON.stringify({ name, password });
    const posted = await this.#post('/v3/auth/authenticate', body, undefined);
    if ('failure' in posted) throw refusal(posted.endpoint.origin, posted.failure);
    this.#token = tokenOf(posted.json);
    return this.#token;
  }

  /** Tries one endpoint after the other, until one replies that it can work. */
  async #post(path: string, body: string, token: string | undefined): Promise<Posted> {
    const reasons: string[] = [];
    const attempts = Math.max(ATTEMPTS_MIN, this.#endpoints.length);
    for (let attempt = 0; attempt < attempts; attempt++) {
      const endpoint = this.#endpoints[this.#current]!;
      try {
        return await this.#attempt(endpoint, { path, body, token, limitMs: this.#attemptMs });
      } catch (error) {
        reasons.push(this.#failed(endpoint, error));
      }
    }
    throw unreachable([...new Set(reasons)]);
  }

  async #attempt(endpoint: Endpoint, post: Parameters<Endpoint['post']>[0]): Promise<Posted> {
    const { status, text } = await endpoint.post(post);
    const json = parseJson(text);
    const failure = status === 200 && json['error'] === undefined ? undefined : failureOf(json);
    if (failure === undefined) return { endpoint, json };
    if (isUnavailable(failure)) throw new Error(failure.message);
    return { endpoint, failure };
  }

  /** The next request goes to the next endpoint; resolves with the reason as a phrase. */
  #failed(endpoint: Endpoint, error: unknown): string {
    const reason = reasonOf(error);
    endpoint.breakStreams(reason);
    const isCurrent = this.#endpoints[this.#current] === endpoint;
    if (isCurrent) this.#current = (this.#current + 1) % this.#endpoints.length;
    return `${endpoint.origin}: ${reason}`;
  }
}

type Watch = AsyncGenerator<WatchMessage, never>;

/** `AggregateError` of a host with several addresses has a code and no message. */
function reasonOf(error: unknown): string {
  const { message, code } = error as NodeJS.ErrnoException;
  return message === '' ? (code ?? 'it failed') : message;
}
