/** Signature Version 4 of AWS, in the header `authorization`; pure. */
import { createHash, createHmac } from 'node:crypto';

/** Keys of AWS or of a compatible service. */
export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Only temporary keys have one. */
  readonly sessionToken?: string | undefined;
}

/** A request as it is signed: exactly as it leaves. */
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

interface Scope {
  readonly region: string;
  readonly service: string;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';

/** The header `authorization` of a request. */
export function authorization(request: SignedRequest, keys: Keys, scope: Scope): string {
  const time = request.headers['x-amz-date']!;
  const date = time.slice(0, 8);
  const place = `${date}/${scope.region}/${scope.service}/aws4_request`;
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
  const toSign = [ALGORITHM, time, place, sha256(canonical)].join('\n');
  const key = [date, scope.region, scope.service, 'aws4_request'].reduce<string | Buffer>(
    (parent, part) => hmac(parent, part),
    `AWS4${keys.secretAccessKey}`,
  );
  const credential = `Credential=${keys.accessKeyId}/${place}`;
  const signature = hmac(key, toSign).toString('hex');
  return `${ALGORITHM} ${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
}

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
