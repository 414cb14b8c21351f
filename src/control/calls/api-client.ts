import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { amzTime, authorization, CodedError, type Keys, sha256 } from '../../base/index.ts';
import { ApiError } from '../api/errors.ts';
import type { InputOf, OutputOf } from '../api/operation.ts';
import { OPERATIONS, type OperationName, VERSION } from '../api/operations.ts';
import { childOf, membersOf, parseXml, textOf } from './reply-tree.ts';
import { formOf } from './request-form.ts';

/** Where the API is, and who calls it. */
interface ApiAccess {
  readonly url: URL;
  readonly region: string;
  readonly keys: Keys;
}

const CALL_MS_MAX = 30_000;
const TRIES_MAX = 5;
const PAUSE_MS = 200;
const REPLY_BYTES_MAX = 8 << 20;
/** Errors of a moment, and not of the request. */
const TEMPORARY = ['Throttling', 'ServiceUnavailable', 'InternalFailure', 'RequestTimeout'];

/**
 * The API by the variables of the AWS tools.
 * @throws {CodedError} `ERR_USAGE` if one of them is missing: nothing is ever sent to AWS itself.
 */
export function accessOf(env: Readonly<Record<string, string | undefined>>): ApiAccess {
  const endpoint = env['AWS_ENDPOINT_URL_ELASTICACHE'] || env['AWS_ENDPOINT_URL'];
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
  if (!endpoint || !accessKeyId || !secretAccessKey) {
    throw new CodedError(
      'ERR_USAGE',
      'Set AWS_ENDPOINT_URL_ELASTICACHE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY as slabring ' +
        'manage has printed them.',
    );
  }
  const url = URL.parse(endpoint);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    const text = `"${endpoint}" is no endpoint: use one such as http://127.0.0.1:8899.`;
    throw new CodedError('ERR_USAGE', text);
  }
  const region = env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || 'local';
  const sessionToken = env['AWS_SESSION_TOKEN'] || undefined;
  return { url, region, keys: { accessKeyId, secretAccessKey, sessionToken } };
}

/** Calls ElastiCache's API. */
export class ApiClient {
  readonly #access: ApiAccess;

  constructor(access: ApiAccess) {
    this.#access = access;
  }

  get region(): string {
    return this.#access.region;
  }

  get endpoint(): string {
    return this.#access.url.origin;
  }

  /**
   * Calls an operation. All tries of a call have one id, so it happens once.
   * @throws {ApiError} with the code of the API; {CodedError} `ERR_API` if it cannot be reached.
   */
  async call<N extends OperationName>(
    operation: N,
    input: InputOf<(typeof OPERATIONS)[N]>,
  ): Promise<OutputOf<(typeof OPERATIONS)[N]>> {
    const id = randomUUID();
    const members = formOf(input, OPERATIONS[operation].input);
    const form = [`Action=${operation}`, `Version=${VERSION}`, ...members].join('&');
    for (let tries = 1; ; tries++) {
      try {
        const reply = await this.#send(form, id);
        return readReply(operation, reply) as OutputOf<(typeof OPERATIONS)[N]>;
      } catch (error) {
        if (tries >= TRIES_MAX || !isTemporary(error)) throw error;
      }
      await pause(PAUSE_MS * 2 ** tries);
    }
  }

  async #send(form: string, id: string): Promise<string> {
    const { url, region, keys } = this.#access;
    const headers = {
      host: url.host,
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      'amz-sdk-invocation-id': id,
      'x-amz-date': amzTime(Date.now()),
      ...(keys.sessionToken !== undefined && { 'x-amz-security-token': keys.sessionToken }),
    };
    const bodyHash = sha256(form);
    const request = { method: 'POST', path: url.pathname, query: {}, headers, bodyHash };
    const signature = authorization(request, keys, { region, service: 'elasticache' });
    try {
      const reply = await fetch(url, {
        method: 'POST',
        headers: { ...headers, authorization: signature },
        body: form,
        redirect: 'error',
        signal: AbortSignal.timeout(CALL_MS_MAX),
      });
      return await textWithin(reply);
    } catch (cause) {
      if (cause instanceof CodedError) throw cause;
      throw new CodedError('ERR_API', `Cannot reach the API at ${url.origin}: ${why(cause)}.`, {
        cause,
      });
    }
  }
}

async function textWithin(reply: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of reply.body ?? []) {
    bytes += piece.length;
    if (bytes > REPLY_BYTES_MAX) {
      throw new CodedError(
        'ERR_API_REPLY',
        `A reply of the API has over ${REPLY_BYTES_MAX} bytes.`,
      );
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function readReply(operation: OperationName, xml: string): unknown {
  const root = parseXml(xml);
  const error = childOf(root, 'Error');
  if (error !== undefined) {
    const message = textOf(childOf(error, 'Message'));
    throw new ApiError(textOf(childOf(error, 'Code')), message);
  }
  const { output } = OPERATIONS[operation];
  const result = childOf(root, `${operation}Result`);
  return output === undefined || result === undefined ? undefined : membersOf(result, output);
}

const isTemporary = (error: unknown): boolean =>
  error instanceof CodedError && (error.code === 'ERR_API' || TEMPORARY.includes(error.code));

/** What `fetch` says is in the cause of its error. */
function why(error: unknown): string {
  const { cause = error } = error as { readonly cause?: unknown };
  return cause instanceof Error ? cause.message || String(cause) : String(cause);
}
