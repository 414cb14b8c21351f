/** Credentials that a service beside the program gives: JSON, for containers and instances. */
import { type CodedError, machineClock } from '../../base/index.ts';
import type { Credentials } from './aws-keys.ts';
import { Http, pageOf } from './http.ts';
import { s3Failure } from './s3-failure.ts';

/** These services are on the same machine; without one, nothing replies. */
const TOTAL_MS_MAX = 5000;
const LIMITS = { silentMs: 1000, totalMs: TOTAL_MS_MAX };
const TRIES_MAX = 3;

interface Page {
  readonly status: number;
  readonly text: string;
}

/**
 * Asks such a service.
 * @throws {CodedError} `ERR_S3` after three tries.
 */
export async function askLocal(
  what: string,
  method: string,
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Page> {
  const origin = new URL(url);
  const path = `${origin.pathname}${origin.search}`;
  let last: unknown;
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const http = new Http(origin);
    try {
      const response = await http.send({ method, origin, path, headers }, LIMITS);
      const page = { status: response.statusCode ?? 0, text: await pageOf(response) };
      if (page.status < 500) return page;
      last = new Error(`HTTP ${page.status}`);
    } catch (error) {
      last = error;
    } finally {
      http.close();
    }
  }
  throw noAnswer(what, (last as Error).message);
}

const noAnswer = (what: string, reason: string): CodedError =>
  s3Failure(`${what} gives no credentials: ${reason}.`);

/** The credentials in a reply. */
export function credentialsIn({ status, text }: Page, what: string): Credentials {
  if (status !== 200) throw noAnswer(what, `HTTP ${status}`);
  const fields = fieldsOf(text);
  const { AccessKeyId, SecretAccessKey, Token, Expiration } = fields;
  if (AccessKeyId === undefined || SecretAccessKey === undefined) {
    throw noAnswer(what, 'its reply has no keys');
  }
  const expiresMs = Expiration === undefined ? Number.NaN : Date.parse(Expiration);
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: Token,
    source: what,
    // Without a time that can be read, they are renewed at the next request.
    expiresMs: Number.isNaN(expiresMs) ? machineClock.nowMs() : expiresMs,
  };
}

function fieldsOf(text: string): Partial<Record<string, string>> {
  try {
    const value: unknown = JSON.parse(text);
    const entries = Object.entries(value ?? {}).filter(([, each]) => typeof each === 'string');
    return Object.fromEntries(entries) as Record<string, string>;
  } catch {
    return {};
  }
}
