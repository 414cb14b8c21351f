import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { CodedError, type Logger } from '../../base/index.ts';
import { isFromThisMachine } from '../access/browser.ts';
import { type Caller, callerOf, type IncomingRequest } from '../access/caller.ts';
import type { HttpReply } from './api.ts';
import type { Apis } from './apis.ts';
import { ApiError } from './errors.ts';
import { RateLimit } from './rate.ts';

const BODY_BYTES_MAX = 256 * 1024;
const HEADER_BYTES_MAX = 16 * 1024;
const CONNECTIONS_MAX = 256;
const REQUEST_MS_MAX = 10_000;
const IDLE_MS_MAX = 60_000;
const CLOSING_MS_MAX = 1000;
/** A request without a signature, where none is needed. */
const ANYBODY = 'anybody';

interface ApiServerOptions {
  readonly host: string;
  readonly port: number;
  /** Whether requests must be signed. */
  readonly needsSignature: boolean;
  /** Reads the certificate; undefined for plain HTTP. */
  readonly readTls?: (() => Promise<TlsOptions>) | undefined;
}

/** Pages on the same port, such as the console. */
interface Pages {
  handles(request: Omit<IncomingRequest, 'body'>): boolean;
  /** `address`: of the other end. */
  answer(request: IncomingRequest, address: string): Promise<PageReply>;
}

interface PageReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string | Buffer;
}

interface ApiServerParts {
  readonly apis: Apis;
  readonly pages: Pages;
  readonly secretOf: (accessKeyId: string) => string | undefined;
  readonly nowMs: () => number;
  readonly log: Logger;
}

/** The HTTP server of the API: bounds, signatures, and the way to the protocol of a request. */
export class ApiServer {
  readonly #options: ApiServerOptions;
  readonly #parts: ApiServerParts;
  readonly #server: Server | SecureServer;
  readonly #rate = new RateLimit();

  private constructor(
    options: ApiServerOptions,
    tls: TlsOptions | undefined,
    parts: ApiServerParts,
  ) {
    this.#options = options;
    this.#parts = parts;
    const limits = {
      maxHeaderSize: HEADER_BYTES_MAX,
      requestTimeout: REQUEST_MS_MAX,
      headersTimeout: REQUEST_MS_MAX,
      keepAliveTimeout: IDLE_MS_MAX,
    };
    const answer = (request: IncomingMessage, response: ServerResponse): void =>
      void this.#answer(request, response);
    this.#server =
      tls === undefined
        ? createServer(limits, answer)
        : createSecureServer({ ...tls, ...limits }, answer);
    this.#server.maxConnections = CONNECTIONS_MAX;
  }

  /** @throws {CodedError} `ERR_CERTIFICATE`, `ERR_PORT_TAKEN` or `ERR_ADDRESS_UNAVAILABLE` */
  static async open(options: ApiServerOptions, parts: ApiServerParts): Promise<ApiServer> {
    const server = new ApiServer(options, await options.readTls?.(), parts);
    await server.#listen();
    return server;
  }

  get url(): string {
    const { host, readTls } = this.#options;
    const { port } = this.#server.address() as AddressInfo;
    const scheme = readTls === undefined ? 'http' : 'https';
    return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  }

  /**
   * Reads the certificate again, for new connections.
   * @throws {CodedError} `ERR_CERTIFICATE`; the old one stays.
   */
  async reload(): Promise<void> {
    const tls = await this.#options.readTls?.();
    if (tls !== undefined && 'setSecureContext' in this.#server) this.#server.setSecureContext(tls);
  }

  /** Lets the replies leave, then closes all connections. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    const timer = setTimeout(() => this.#server.closeAllConnections(), CLOSING_MS_MAX);
    await closed;
    clearTimeout(timer);
  }

  #listen(): Promise<void> {
    const { port, host } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once('error', (cause: NodeJS.ErrnoException) => {
        const isTaken = cause.code === 'EADDRINUSE';
        const text = isTaken
          ? `Port ${port} of ${host} is in use: choose another one with --port.`
          : `slabring manage cannot listen on ${host}, port ${port}: ${cause.message}.`;
        const code = isTaken ? 'ERR_PORT_TAKEN' : 'ERR_ADDRESS_UNAVAILABLE';
        reject(new CodedError(code, text, { cause }));
      });
      this.#server.listen({ port, host, exclusive: true }, resolve);
    });
  }

  async #answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.#parts.pages.handles(headOf(message))) return this.#answerPage(message, response);
    const reply = await this.#reply(message);
    if (response.destroyed) return;
    const length = Buffer.byteLength(reply.body);
    response.writeHead(reply.status, { ...reply.headers, 'content-length': length });
    response.end(reply.body);
  }

  async #answerPage(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pages } = this.#parts;
    // One that is too long is answered as one without a body.
    const request = await readRequest(message).catch(() => ({
      ...headOf(message),
      body: Buffer.alloc(0),
    }));
    const reply = await pages.answer(request, message.socket.remoteAddress ?? '');
    if (response.destroyed) return;
    const length = Buffer.byteLength(reply.body);
    response.writeHead(reply.status, { ...reply.headers, 'content-length': length });
    response.end(reply.body);
  }

  async #reply(message: IncomingMessage): Promise<HttpReply> {
    const { apis } = this.#parts;
    let request: IncomingRequest = { ...headOf(message), body: Buffer.alloc(0) };
    try {
      request = await readRequest(message);
      const api = apis.of(request);
      const caller = this.#callerOf(request);
      const { service } = api.table;
      if (caller !== undefined && caller.service !== service) {
        const text = `The signature is for ${caller.service}; this is ${service}'s endpoint.`;
        throw new ApiError('SignatureDoesNotMatch', text);
      }
      return api.answer(request, caller?.accessKeyId ?? ANYBODY);
    } catch (error) {
      return apis.of(request).failure(error, request);
    }
  }

  #callerOf(request: IncomingRequest): Caller | undefined {
    const { secretOf, nowMs } = this.#parts;
    const { needsSignature } = this.#options;
    const now = nowMs();
    if (!needsSignature && !isFromThisMachine(request.headers)) {
      const text = 'Without signatures only this machine may ask, and no page of another site.';
      throw new ApiError('AccessDenied', text);
    }
    const caller = needsSignature ? callerOf(request, secretOf, now) : undefined;
    if (this.#rate.takes(caller?.accessKeyId ?? ANYBODY, now)) return caller;
    throw new ApiError('Throttling', 'Rate exceeded: send fewer requests a second.');
  }
}

/** @throws {ApiError} `RequestEntityTooLarge` or `RequestTimeout` */
async function readRequest(message: IncomingMessage): Promise<IncomingRequest> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of message as AsyncIterable<Buffer>) {
      length += chunk.length;
      // The rest is read and dropped, so that the client reads the reply.
      if (length <= BODY_BYTES_MAX) chunks.push(chunk);
    }
  } catch (cause) {
    // Its client has gone, or was too slow.
    const text = 'The request ended before its last byte.';
    throw new ApiError('RequestTimeout', text, { cause });
  }
  if (length > BODY_BYTES_MAX) {
    throw new ApiError('RequestEntityTooLarge', `A request has at most ${BODY_BYTES_MAX} bytes.`);
  }
  return { ...headOf(message), body: Buffer.concat(chunks) };
}

function headOf({ url = '/', method = 'GET', headers }: IncomingMessage) {
  const mark = url.indexOf('?');
  return {
    method,
    path: mark < 0 ? url : url.slice(0, mark),
    query: mark < 0 ? '' : url.slice(mark + 1),
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(',') : value,
      ]),
    ),
  };
}
