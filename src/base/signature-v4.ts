/** Signature Version 4 of AWS; pure. */
import { createHash, createHmac } from 'node:crypto';

/** Keys of AWS or of a compatible service. */
export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Only temporary keys have one. */
  readonly sessionToken?: string | undefined;
}

/** A request as it is signed: exactly as it leaves, or as it has come. */
export interface SignedRequest {
  readonly method: string;
  /** With its escapes. */
  readonly path: string;
  /** Names and values without escapes. */
  readonly query: Query;
  /** Lower-case names; all of them are signed. `host` and `x-amz-date` must be there. */
  readonly headers: Readonly<Record<string, string>>;
  /** SHA-256 of the body, as hexadecimal digits. */
  readonly bodyHash: string;
}

export type Query = Readonly<Record<string, string>>;

/** What a signature is valid for. */
interface SignatureScope {
  readonly region: string;
  readonly service: string;
}

export const SIGNATURE_ALGORITHM = 'AWS4-HMAC-SHA256';

/** The header `authorization` of a request. */
export function authorization(request: SignedRequest, keys: Keys, scope: SignatureScope): string {
  const time = request.headers['x-amz-date']!;
  const names = Object.keys(request.headers).sort().join(';');
  const credential = `Credential=${keys.accessKeyId}/${placeOf(time, scope)}`;
  const signature = signatureOf(request, keys.secretAccessKey, scope, time);
  return `${SIGNATURE_ALGORITHM} ${credential}, SignedHeaders=${names}, Signature=${signature}`;
}

/**
 * The signature of a request, as hexadecimal digits.
 * @param time as `amzTime` writes it; the header `x-amz-date`, or of a URL the member of its query.
 */
export function signatureOf(
  request: SignedRequest,
  secretAccessKey: string,
  scope: SignatureScope,
  time: string,
): string {
  const names = Object.keys(request.headers).sort();
  const canonical = [
    request.method,
    request.path,
    queryText(request.query),
    ...names.map((name) => `${name}:${request.headers[name]!.trim().replaceAll(/ +/g, ' ')}`),
    '',
    names.join(';'),
    request.bodyHash,
  ].join('\n');
  const toSign = [SIGNATURE_ALGORITHM, time, placeOf(time, scope), sha256(canonical)].join('\n');
  const parts = [time.slice(0, 8), scope.region, scope.service, 'aws4_request'];
  const key = parts.reduce<string | Buffer>(
    (parent, part) => hmac(parent, part),
    `AWS4${secretAccessKey}`,
  );
  return hmac(key, toSign).toString('hex');
}

const placeOf = (time: string, { region, service }: SignatureScope): string =>
  `${time.slice(0, 8)}/${region}/${service}/aws4_request`;

/** The query of a URL, in the order and with the escapes that are signed. */
export function queryText(query: Query): string {
  return Object.entries(query)
    .map(([name, value]) => [escapeText(name), escapeText(value)] as const)
    .sort(([a, x], [b, y]) => (a === b ? compare(x, y) : compare(a, b)))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/** The path of an object: each byte but unreserved characters and slashes is escaped. */
export const escapePath = (path: string): string => escapeText(path).replaceAll('%2F', '/');

const escapeText = (text: string): string =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (letter) => {
    return `%${letter.charCodeAt(0).toString(16).toUpperCase()}`;
  });

/** A time as `20261129T181500Z`. */
export function amzTime(ms: number): string {
  return new Date(ms).toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
}

export const sha256 = (bytes: string | Buffer): string =>
  createHash('sha256').update(bytes).digest('hex');

const hmac = (key: string | Buffer, text: string): Buffer =>
  createHmac('sha256', key).update(text).digest();

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
