/** Requests that a page of another site makes a browser send; pure. */
import { isLoopback } from '../../base/index.ts';

type Headers = Readonly<Record<string, string | undefined>>;

/**
 * Whether a request without a signature may count: it names this machine, and no page of another
 * site is behind it. A page could otherwise delete clusters by an image, or by a name of its own
 * that leads here.
 */
export function isFromThisMachine({ host = '', origin, ...headers }: Headers): boolean {
  const url = URL.parse(`http://${host}`);
  if (url === null || !isLoopback(url.hostname.replace(/^\[|\]$/g, ''))) return false;
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false;
  return origin === undefined || origin === `http://${host}` || origin === `https://${host}`;
}
