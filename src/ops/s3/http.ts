import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest, Agent as SecureAgent } from 'node:https';
import { CodedError } from '../../base/index.ts';

interface HttpRequest {
  readonly method: string;
  readonly origin: URL;
  /** Path and query, with their escapes. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer | undefined;
  /** The body of the reply may take as long as it likes, but not be silent. */
  readonly streams?: boolean;
}

/** How long one request may take. */
export interface HttpLimits {
  /** Without a byte in either direction, also until the connection is there; milliseconds. */
  readonly silentMs: number;
  /** From its start to the end of its reply, or of its headers if it streams; milliseconds. */
  readonly totalMs: number;
}

/** Replies of services are pages of XML or JSON, of at most a thousand names. */
const PAGE_BYTES_MAX = 4 << 20;
const CONNECTIONS_MAX = 8;

/** Sends HTTP requests, and keeps their connections until `close`. */
export class Http {
  readonly #agent: Agent | SecureAgent;
  readonly #isSecure: boolean;

  constructor(origin: URL, ca?: Buffer) {
    this.#isSecure = origin.protocol === 'https:';
    const options = { keepAlive: true, maxSockets: CONNECTIONS_MAX };
    this.#agent = this.#isSecure
      ? new SecureAgent({ ...options, ...(ca && { ca }) })
      : new Agent(options);
  }

  /** Resolves with the headers of the reply; rejects with the error of the connection. */
  send(request: HttpRequest, limits: HttpLimits, signal?: AbortSignal): Promise<IncomingMessage> {
    const { method, origin, path, body } = request;
    const headers = body === undefined ? request.headers : withLength(request.headers, body);
    const start = this.#isSecure ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const sent = start(origin, { method, path, headers, agent: this.#agent });
      const fail = (reason: string): void => void sent.destroy(new Error(reason));
      const late = `no reply in ${limits.totalMs} ms`;
      const timer = setTimeout(() => fail(late), limits.totalMs);
      sent.setTimeout(limits.silentMs, () => fail(`no byte in ${limits.silentMs} ms`));
      const stop = (): void => fail('it was stopped');
      signal?.addEventListener('abort', stop, { once: true });
      sent.on('close', () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', stop);
      });
      sent.on('error', reject);
      sent.on('response', (response) => {
        if (request.streams === true) clearTimeout(timer);
        resolve(response);
      });
      if (signal?.aborted === true) stop();
      sent.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

const withLength = (headers: HttpRequest['headers'], body: Buffer) => ({
  ...headers,
  'content-length': `${body.length}`,
});

/** The whole body of a reply. */
export async function pageOf(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > PAGE_BYTES_MAX) {
      throw new CodedError('ERR_S3', `A reply of the service has over ${PAGE_BYTES_MAX} bytes.`);
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}
