import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import {
  amzTime,
  authorization,
  CodedError,
  escapePath,
  machineClock,
  type Query,
  queryText,
  sha256,
} from '../../base/index.ts';
import type { Credentials } from './aws-keys.ts';
import { CredentialChain, findCredentials } from './credentials.ts';
import { Http, type HttpLimits, pageOf } from './http.ts';
import { type Env, readProfile } from './profile.ts';
import { type RequestFacts, S3Refusal, unreachable } from './s3-failure.ts';
import { type Service, serviceOf } from './settings.ts';

export interface S3Request {
  readonly method: 'DELETE' | 'GET' | 'HEAD' | 'POST' | 'PUT';
  /** Without it the request is of the bucket. */
  readonly key?: string;
  readonly query?: Query;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** SHA-256 of the body, if it is known. */
  readonly bodyHash?: string;
  /** The permission that it needs, for messages. */
  readonly action: string;
  /** From the start of a try to the end of its reply; milliseconds. */
  readonly totalMs?: number;
  readonly signal?: AbortSignal;
}

interface S3Page {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** How often and how long a client tries. */
export interface S3Limits {
  /** A try ends after this time without a byte; milliseconds. */
  readonly silentMs: number;
  readonly triesMax: number;
  /** The pause before the second try, which doubles from try to try; milliseconds. */
  readonly pauseMs: number;
}

const SILENT_MS_MAX = 30_000;
const TRIES_MAX = 6;
const PAUSE_MS_MIN = 200;
const PAUSE_MS_MAX = 5000;
const TOTAL_MS_MAX = 60_000;

const S3_LIMITS: S3Limits = {
  silentMs: SILENT_MS_MAX,
  triesMax: TRIES_MAX,
  pauseMs: PAUSE_MS_MIN,
};

/** Requests to one bucket. Every failure is a CodedError that says what to do. */
export class S3Client {
  readonly bucket: string;
  readonly limits: S3Limits;
  readonly #service: Service;
  readonly #http: Http;
  readonly #credentials: CredentialChain;

  constructor(bucket: string, service: Service, credentials: CredentialChain, limits = S3_LIMITS) {
    this.bucket = bucket;
    this.limits = limits;
    this.#service = service;
    this.#http = new Http(service.origin, service.ca);
    this.#credentials = credentials;
  }

  /** The client of a bucket, by the variables and the files of AWS. It sends nothing yet. */
  static async open(bucket: string, env: Env, limits = S3_LIMITS): Promise<S3Client> {
    const profile = await readProfile(env);
    const service = await serviceOf(env, profile, bucket);
    const read = async () => findCredentials(env, await readProfile(env), service.region);
    return new S3Client(bucket, service, new CredentialChain(read), limits);
  }

  /** Sends a request until it succeeds; resolves with the whole reply. */
  page(request: S3Request): Promise<S3Page> {
    return this.#retried(request, async (response, facts) => {
      const { headers, statusCode = 0 } = response;
      const text = await pageOf(response);
      // The end of an upload may fail after the status was sent.
      if (/^(?:<\?xml[^>]*>)?\s*<Error>/.test(text)) {
        throw new S3Refusal(facts, { status: statusCode, headers, page: text });
      }
      return { headers, text };
    });
  }

  /** Sends a request until it succeeds; resolves with the headers, the body follows. */
  stream(request: S3Request): Promise<IncomingMessage> {
    return this.#retried(request, async (response) => response, true);
  }

  close(): void {
    this.#http.close();
  }

  async #retried<T>(
    request: S3Request,
    read: (response: IncomingMessage, facts: RequestFacts) => Promise<T>,
    streams = false,
  ): Promise<T> {
    const { triesMax } = this.limits;
    let hasRenewed = false;
    for (let tries = 1; ; tries++) {
      const credentials = await this.#credentials.current();
      const facts = this.#factsOf(request, credentials);
      try {
        return await read(await this.#once(request, credentials, facts, streams), facts);
      } catch (error) {
        request.signal?.throwIfAborted();
        if (error instanceof S3Refusal && error.isExpired && !hasRenewed) {
          hasRenewed = true;
          this.#credentials.forget();
          continue;
        }
        const isFinal = error instanceof CodedError && !isTemporary(error);
        if (isFinal || (tries >= triesMax && error instanceof CodedError)) throw error;
        if (tries >= triesMax) throw unreachable(facts, tries, error as Error);
      }
      await this.#pause(tries, request.signal);
    }
  }

  /** Sends a request once; rejects with an S3Refusal if S3 refuses it. */
  async #once(
    request: S3Request,
    credentials: Credentials,
    facts: RequestFacts,
    streams: boolean,
  ): Promise<IncomingMessage> {
    const { method, key, query = {}, body } = request;
    const { origin, basePath, region } = this.#service;
    const path = key === undefined ? basePath || '/' : `${basePath}/${escapePath(key)}`;
    const bodyHash = request.bodyHash ?? sha256(body ?? '');
    const { sessionToken } = credentials;
    const headers = {
      ...request.headers,
      host: origin.host,
      'x-amz-content-sha256': bodyHash,
      'x-amz-date': amzTime(machineClock.nowMs()),
      ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
    };
    const signed = { method, path, query, headers, bodyHash };
    const scope = { region, service: 's3' };
    const text = queryText(query);
    const response = await this.#http.send(
      {
        method,
        origin,
        path: text === '' ? path : `${path}?${text}`,
        headers: { ...headers, authorization: authorization(signed, credentials, scope) },
        body,
        streams,
      },
      this.#httpLimits(request),
      request.signal,
    );
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return response;
    throw new S3Refusal(facts, { status, headers: response.headers, page: await pageOf(response) });
  }

  #httpLimits({ totalMs = TOTAL_MS_MAX }: S3Request): HttpLimits {
    return { silentMs: this.limits.silentMs, totalMs };
  }

  #factsOf({ key = '', action }: S3Request, { source }: Credentials): RequestFacts {
    const { bucket } = this;
    const { origin, region } = this.#service;
    return {
      url: `s3://${bucket}/${key}`,
      action,
      bucket,
      endpoint: origin.origin,
      region,
      source,
    };
  }

  /** Clients that failed together shall not come back together. */
  async #pause(tries: number, signal: AbortSignal | undefined): Promise<void> {
    const ms = Math.min(PAUSE_MS_MAX, this.limits.pauseMs * 2 ** (tries - 1));
    await pause(ms * (0.5 + Math.random() / 2), undefined, { signal });
  }
}

const isTemporary = (error: CodedError): boolean => error instanceof S3Refusal && error.isTemporary;
