/** Requests and replies of the console. */
import { isLoopback } from '../../base/index.ts';
import type { IncomingRequest } from '../access/caller.ts';
import type { Html } from './html.ts';

export interface WebReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string | Buffer;
}

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The headers of all replies: no other origin frames, reads or extends a page. */
const SAFE_HEADERS = {
  'content-security-policy': POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
};

/** A reply that no cache keeps. */
export const page = (status: number, body: Html, cookies: readonly string[] = []): WebReply => ({
  status,
  headers: {
    ...SAFE_HEADERS,
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    ...(cookies.length > 0 && { 'set-cookie': cookies }),
  },
  body: body.toString(),
});

export const jsonPage = (value: object): WebReply => ({
  status: 200,
  headers: {
    ...SAFE_HEADERS,
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
  },
  body: JSON.stringify(value),
});

/** A file whose URL changes with its content. */
export const fileReply = (type: string, body: Buffer): WebReply => ({
  status: 200,
  headers: {
    ...SAFE_HEADERS,
    'content-type': type,
    'cache-control': 'public, max-age=31536000, immutable',
  },
  body,
});

/** After a form: the browser gets another page, and a reload sends nothing again. */
export const seeOther = (path: string, cookies: readonly string[] = []): WebReply => ({
  status: 303,
  headers: {
    ...SAFE_HEADERS,
    location: path,
    'cache-control': 'no-store',
    ...(cookies.length > 0 && { 'set-cookie': cookies }),
  },
  body: '',
});

/** The fields of a form, or of a query. */
export class Form {
  readonly #fields: URLSearchParams;

  constructor(text: string) {
    this.#fields = new URLSearchParams(text);
  }

  /** Without white space around; undefined if it is empty, or not there. */
  get(name: string): string | undefined {
    return this.#fields.get(name)?.trim() || undefined;
  }

  all(name: string): readonly string[] {
    return this.#fields.getAll(name);
  }

  has(name: string): boolean {
    return this.#fields.has(name);
  }

  /** All fields, in their order. */
  get entries(): readonly (readonly [string, string])[] {
    return [...this.#fields];
  }
}

const FORM_TYPE = 'application/x-www-form-urlencoded';

/** The form in the body of a request; an empty one for another type. */
export function formOf({ headers, body }: IncomingRequest): Form {
  const [type = ''] = (headers['content-type'] ?? '').split(';');
  return new Form(type.trim().toLowerCase() === FORM_TYPE ? body.toString() : '');
}

export function cookieOf({ headers }: IncomingRequest, name: string): string {
  const pairs = (headers['cookie'] ?? '').split(/[;,] */).map((pair) => pair.split('='));
  return pairs.find(([key]) => key === name)?.[1] ?? '';
}

/**
 * Scripts do not see it, no request that begins at another site carries it, and with TLS none
 * without TLS.
 */
export const cookie = (name: string, value: string, isSecure: boolean): string =>
  `${name}=${value}; Path=/console; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`;

export const noCookie = (name: string): string => `${cookie(name, '', false)}; Max-Age=0`;

/**
 * Whether a request names this machine, where only this machine may reach the console. A page of
 * a browser can make a name of its own point to this machine; its requests still carry that name.
 */
export function namesThisHost({ headers }: IncomingRequest, ownHost: string): boolean {
  if (!isLoopback(ownHost)) return true;
  const name = (headers['host'] ?? '').replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1');
  return isLoopback(name);
}

/** Whether a form was sent from a page of this console, as far as the browser says. */
export function isFromHere({ headers }: IncomingRequest): boolean {
  const { origin, host } = headers;
  const site = headers['sec-fetch-site'];
  // Pages cannot forge it, and a proxy for TLS does not change it, as it may change the host.
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  return origin === undefined || origin.replace(/^https?:\/\//, '') === host;
}
