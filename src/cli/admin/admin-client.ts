/** What a verb does over the admin port of a running node. */
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { buffer } from 'node:stream/consumers';
import {
  CodedError,
  fileReason,
  isLoopback,
  type LogLevel,
  readRegularFile,
} from '../../base/index.ts';
import type { AdminRecord, RestoreOutcome } from '../../ops/index.ts';
import { reasonOfSystem } from '../cache/connection-reasons.ts';

const FILE_BYTES_MAX = 1 << 20;
/** A node that sends or takes nothing for this time does not serve. */
const SILENT_MS_MAX = 90_000;

const NO_LOG =
  'the version of its node has no log to follow. Start the node again with this version, or read ' +
  'what it writes to standard error (journalctl, docker logs).';

const NO_TLS = 'it does not speak TLS';

/** What to do about a reason. */
const ADVICE: Readonly<Record<string, string>> = {
  'connection refused': 'Start a node with this --admin-port, or name others with --admin.',
  'its certificate is not trusted': 'Name the CA that signed it with --admin-ca <file>.',
  'it reset the connection':
    'Its log may say why. If it is no admin port, name that one; with --admin-tls, use https://.',
  [NO_TLS]: 'Use http:// in place of https://.',
};

/** How the admin ports of all nodes are reached. */
interface AdminAccess {
  /** The token of `--admin-token-file`. */
  readonly token: string | undefined;
  readonly ca: Buffer | undefined;
  /** What the nodes of this user say of their admin ports: also their tokens. */
  readonly records: readonly AdminRecord[];
}

interface AccessOptions {
  readonly adminTokenFile: string;
  readonly adminCa: string;
}

/** @throws {CodedError} `ERR_USAGE` for a file that cannot be read. */
export async function readAccess(
  options: AccessOptions,
  records: readonly AdminRecord[],
): Promise<AdminAccess> {
  const { adminTokenFile, adminCa } = options;
  const token = adminTokenFile === '' ? undefined : await readFileOf(adminTokenFile);
  const ca = adminCa === '' ? undefined : await readFileOf(adminCa);
  return { token: token?.toString('utf8').trim(), ca, records };
}

async function readFileOf(path: string): Promise<Buffer> {
  try {
    return (await readRegularFile(path, FILE_BYTES_MAX)).bytes;
  } catch (cause) {
    const text = `Cannot read ${path}: ${fileReason(cause, path, 'read')}.`;
    throw new CodedError('ERR_USAGE', text, { cause });
  }
}

interface LogQuery {
  /** How many of the last lines come first. */
  readonly lines: number;
  readonly level: LogLevel;
  /** Whether those that come follow. */
  readonly follow: boolean;
}

/** The part of /stats.json that the commands use. */
interface NodeMetrics {
  readonly metrics: readonly {
    readonly name: string;
    readonly points: readonly { readonly value: number }[];
  }[];
}

/** A restore that runs: the request takes the snapshot. */
interface Upload {
  readonly request: ClientRequest;
  readonly outcome: Promise<RestoreOutcome>;
}

/** The admin port of one node. Every failure is a CodedError `ERR_ADMIN` that names the node. */
export class AdminClient {
  readonly url: string;
  readonly #access: AdminAccess;

  /** @throws {CodedError} `ERR_USAGE` for what is no URL. */
  constructor(url: string, access: AdminAccess) {
    const parsed = URL.parse(url.includes('://') ? url : `http://${url}`);
    if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
      throw new CodedError('ERR_USAGE', `"${url}" is no admin port: use http://127.0.0.1:11212.`);
    }
    this.url = parsed.origin;
    this.#access = access;
  }

  /** Asks for a snapshot; the response is its bytes. */
  async dump(input: object): Promise<IncomingMessage> {
    const request = await this.#post('/snapshot/dump', 'application/json');
    const response = this.#responseOf(request);
    request.end(JSON.stringify(input));
    return response;
  }

  /** Begins to restore; the caller writes the snapshot to the request, and ends it. */
  async restore(replaces: boolean): Promise<Upload> {
    const query = replaces ? '?replace=1' : '';
    const request = await this.#post(`/snapshot/restore${query}`, 'application/octet-stream');
    const outcome = this.#responseOf(request).then(
      async (response) => JSON.parse((await buffer(response)).toString('utf8')) as RestoreOutcome,
    );
    outcome.catch(() => request.destroy());
    return { request, outcome };
  }

  /**
   * How many members its cluster has, in all states; 0 while the node waits to join, and undefined
   * without a cluster.
   */
  async clusterMembers(): Promise<number | undefined> {
    const request = await this.#request('GET', '/stats.json', {});
    const response = this.#responseOf(request);
    request.end();
    const { metrics } = JSON.parse((await buffer(await response)).toString('utf8')) as NodeMetrics;
    const pointsOf = (metric: string) => metrics.find(({ name }) => name === metric)?.points ?? [];
    if (pointsOf('slabring_cluster_info').length === 0) return undefined;
    return pointsOf('slabring_cluster_members').reduce((sum, { value }) => sum + value, 0);
  }

  /** Asks for the log of the node: the response has its lines, an object each. */
  async log(query: LogQuery, signal: AbortSignal): Promise<IncomingMessage> {
    const { lines, level, follow } = query;
    const path = `/log?lines=${lines}&level=${level}&follow=${follow ? 1 : 0}`;
    const request = await this.#request('GET', path, {}, signal);
    const response = this.#responseOf(request, NO_LOG);
    request.end();
    return response;
  }

  /** Requests an action; resolves with its reply. */
  async act(name: string, input: object): Promise<unknown> {
    const request = await this.#post(`/actions/${name}`, 'application/json');
    const response = this.#responseOf(request);
    request.end(JSON.stringify(input));
    return JSON.parse((await buffer(await response)).toString('utf8')) as unknown;
  }

  /** The token of the options, else that of the node, which only its user can read. */
  async #token(): Promise<string | undefined> {
    const { token, records } = this.#access;
    if (token !== undefined) return token;
    const { hostname, port } = new URL(this.url);
    if (!isLoopback(hostname.replace(/^\[(.*)\]$/, '$1'))) return undefined;
    const record = records.find((each) => new URL(each.url).port === port);
    if (record?.tokenFile === undefined) return record?.token;
    return (await readFileOf(record.tokenFile)).toString('utf8').trim();
  }

  #post(path: string, type: string): Promise<ClientRequest> {
    return this.#request('POST', path, { 'content-type': type });
  }

  async #request(
    method: 'GET' | 'POST',
    path: string,
    more: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<ClientRequest> {
    const token = await this.#token();
    const { ca } = this.#access;
    const headers = {
      ...more,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
    const url = `${this.url}${path}`;
    const aborts = signal === undefined ? {} : { signal };
    const options = { method, headers, agent: false, timeout: SILENT_MS_MAX, ...aborts };
    const request = url.startsWith('https')
      ? httpsRequest(url, { ...options, ...(ca && { ca }) })
      : httpRequest(url, options);
    request.on('timeout', () => request.destroy(new Error(`no answer in ${SILENT_MS_MAX} ms`)));
    return request;
  }

  #responseOf(request: ClientRequest, noPath?: string): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const fail = (cause: Error) => reject(this.failure(reasonOf(cause), cause));
      request.on('error', fail);
      request.on('response', (response) => {
        if (response.statusCode === 200) resolve(response);
        else if (response.statusCode === 404 && noPath !== undefined) reject(this.failure(noPath));
        else {
          // A port that refuses a long body also closes the connection: its reply says why.
          request.off('error', fail);
          request.on('error', () => {});
          void buffer(response).then((body) => reject(this.failure(errorIn(body))), fail);
        }
      });
    });
  }

  failure(reason: string, cause?: unknown): CodedError {
    return new CodedError('ERR_ADMIN', `The admin port ${this.url}: ${reason}`, { cause });
  }
}

/** Says in words why a connection failed, and what to do. */
function reasonOf(cause: Error): string {
  // A TLS connection to a port without TLS.
  const isPlain = 'code' in cause && cause.code === 'EPROTO';
  const reason = isPlain ? NO_TLS : (reasonOfSystem(cause)?.reason ?? cause.message);
  return Object.hasOwn(ADVICE, reason) ? `${reason}. ${ADVICE[reason]}` : reason;
}

function errorIn(body: Buffer): string {
  const text = body.toString('utf8');
  try {
    return (JSON.parse(text) as { readonly error: string }).error;
  } catch {
    return text;
  }
}
