/** Who sends a request, by the signature of AWS's version 4; pure. */
import { timingSafeEqual } from 'node:crypto';
import { SIGNATURE_ALGORITHM, sha256, signatureOf } from '../../base/index.ts';
import { ApiError } from '../api/errors.ts';

/** A request as it came. */
export interface IncomingRequest {
  readonly method: string;
  /** Without the query, with its escapes. */
  readonly path: string;
  /** Of the URL, without the question mark. */
  readonly query: string;
  /** By lower-case names; several values of one name are joined by commas. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

/** What a valid signature says. */
export interface Caller {
  readonly accessKeyId: string;
  readonly region: string;
  /** Such as `elasticache`, `monitoring` or `application-autoscaling`. */
  readonly service: string;
}

/** How far the clock of a caller may be off, and how long a signature in a header counts. */
const SKEW_MS_MAX = 15 * 60_000;
/** The longest life of a signature in a URL. */
const EXPIRES_SECONDS_MAX = 7 * 24 * 3600;
const PART = '([^,\\s]+)';
const HEADER = new RegExp(
  `^${SIGNATURE_ALGORITHM} +Credential=${PART}, *SignedHeaders=${PART}, *Signature=${PART}$`,
);
const CREDENTIAL = /^([\w-]{1,128})\/(\d{8})\/([\w-]{1,64})\/([\w-]{1,64})\/aws4_request$/;
const AMZ_TIME = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

/** What a request claims about its signature. */
interface Claim {
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** As `x-amz-date` has it. */
  readonly time: string;
  /** How long after this time the signature counts. */
  readonly lifeMs: number;
  /** Without the signature. */
  readonly query: Readonly<Record<string, string>>;
}

/**
 * Checks the signature of a request.
 * @param secretOf the secret of an access key; undefined if there is no such key.
 * @throws {ApiError} `MissingAuthenticationToken`, `IncompleteSignature`, `InvalidClientTokenId` or
 *   `SignatureDoesNotMatch`
 */
export function callerOf(
  request: IncomingRequest,
  secretOf: (accessKeyId: string) => string | undefined,
  nowMs: number,
): Caller {
  const claim = claimOf(request);
  const { accessKeyId, region, service, time, date, signedHeaders } = claim;
  if (!signedHeaders.includes('host')) throw incomplete('The header host must be signed.');
  // It names the operation.
  if (request.headers['x-amz-target'] !== undefined && !signedHeaders.includes('x-amz-target')) {
    throw incomplete('The header X-Amz-Target must be signed.');
  }
  if (!time.startsWith(date))
    throw mismatch('The date of the credential is not that of the request.');
  const atMs = timeMs(time);
  if (atMs - nowMs > SKEW_MS_MAX || nowMs - atMs > claim.lifeMs) {
    throw mismatch(
      `Signature expired: it is of ${time}, and the time here is ${new Date(nowMs).toISOString()}.`,
    );
  }
  const secret = secretOf(accessKeyId);
  if (secret === undefined) {
    throw new ApiError('InvalidClientTokenId', `There is no access key ${accessKeyId} here.`);
  }
  const signed = {
    method: request.method,
    path: request.path,
    query: claim.query,
    headers: signedValues(request, signedHeaders),
    bodyHash: bodyHashOf(request),
  };
  const expected = signatureOf(signed, secret, { region, service }, time);
  if (!isEqual(expected, claim.signature)) {
    throw mismatch(
      'The signature of the request is not the one of its access key: check the secret, and that ' +
        'no proxy changes the header Host.',
    );
  }
  return { accessKeyId, region, service };
}

function claimOf(request: IncomingRequest): Claim {
  const query = queryOf(request.query);
  const { authorization } = request.headers;
  if (authorization !== undefined) return claimOfHeader(request, authorization, query);
  if (query['X-Amz-Algorithm'] !== undefined) return claimOfUrl(query);
  throw new ApiError(
    'MissingAuthenticationToken',
    'The request is not signed: give the client the access key that slabring manage has shown.',
  );
}

function claimOfHeader(
  { headers }: IncomingRequest,
  authorization: string,
  query: Claim['query'],
): Claim {
  const [, credential, names, signature] = HEADER.exec(authorization) ?? [];
  if (credential === undefined) {
    throw incomplete(
      'The header Authorization must have Credential, SignedHeaders and Signature, and the ' +
        `algorithm ${SIGNATURE_ALGORITHM}.`,
    );
  }
  const time = headers['x-amz-date'];
  const signedHeaders = names!.split(';');
  if (time === undefined || !signedHeaders.includes('x-amz-date')) {
    throw incomplete('The header X-Amz-Date must be there, and must be signed.');
  }
  const life = { time, lifeMs: SKEW_MS_MAX, query };
  return { ...credentialOf(credential), signedHeaders, signature: signature!, ...life };
}

function claimOfUrl({ 'X-Amz-Signature': signature = '', ...query }: Claim['query']): Claim {
  const seconds = Number(query['X-Amz-Expires'] ?? 'none');
  if (query['X-Amz-Algorithm'] !== SIGNATURE_ALGORITHM) {
    throw incomplete(`X-Amz-Algorithm must be ${SIGNATURE_ALGORITHM}.`);
  }
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > EXPIRES_SECONDS_MAX) {
    throw incomplete(`X-Amz-Expires must be 1 to ${EXPIRES_SECONDS_MAX} seconds.`);
  }
  const signedHeaders = (query['X-Amz-SignedHeaders'] ?? '').split(';');
  const life = { time: query['X-Amz-Date'] ?? '', lifeMs: seconds * 1000, query };
  return { ...credentialOf(query['X-Amz-Credential'] ?? ''), signedHeaders, signature, ...life };
}

function credentialOf(text: string) {
  const [, accessKeyId, date, region, service] = CREDENTIAL.exec(text) ?? [];
  if (accessKeyId === undefined) {
    throw incomplete('The credential must be <key>/<date>/<region>/<service>/aws4_request.');
  }
  return { accessKeyId, date: date!, region: region!, service: service! };
}

function timeMs(time: string): number {
  const parts = AMZ_TIME.exec(time);
  if (parts === null) throw incomplete('The time of the signature must be like 20261129T081500Z.');
  const [year, month, day, hour, minute, second] = parts.slice(1).map(Number);
  return Date.UTC(year!, month! - 1, day!, hour!, minute!, second!);
}

function signedValues({ headers }: IncomingRequest, names: readonly string[]) {
  return Object.fromEntries(
    names.map((name) => {
      const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
      if (value === undefined) throw incomplete('A header that is signed is not in the request.');
      return [name, value];
    }),
  );
}

/** The hash that a client may send is checked, and never believed. */
function bodyHashOf({ headers, body }: IncomingRequest): string {
  const hash = sha256(body);
  const claimed = headers['x-amz-content-sha256'];
  if (claimed === undefined || claimed === hash) return hash;
  throw mismatch('The header X-Amz-Content-Sha256 is not the hash of the body.');
}

function queryOf(text: string): Readonly<Record<string, string>> {
  // Without a prototype: a name may be `__proto__`.
  const query: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of new URLSearchParams(text)) {
    if (query[name] !== undefined) throw incomplete('A member of the query is given twice.');
    query[name] = value;
  }
  return query;
}

function isEqual(expected: string, given: string): boolean {
  const a = Buffer.from(expected);
  const b = Buffer.from(given);
  return a.length === b.length && timingSafeEqual(a, b);
}

const incomplete = (message: string): ApiError => new ApiError('IncompleteSignature', message);
const mismatch = (message: string): ApiError => new ApiError('SignatureDoesNotMatch', message);
