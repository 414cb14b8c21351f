import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { CodedError, type Logger, type LogRing } from '../../base/index.ts';
import type { MetricSource } from '../metrics/sample.ts';
import { newToken, readToken } from './access.ts';
import type { AdminActions } from './actions.ts';
import { AdminError } from './admin-error.ts';
import { ConnectionBound } from './connections.ts';
import { HealthPage, type HealthSource } from './health.ts';
import { LogRoute } from './log-route.ts';
import { AdminPages, json, type Reply } from './pages.ts';
import { Router } from './router.ts';
import type { SnapshotRoutes } from './snapshot-routes.ts';

/** A scraper has one connection, and keeps it between two scrapes. */
const CONNECTIONS_MAX = 16;
const REQUESTS_MAX = 8;
const HEADER_BYTES_MAX = 8192;
const HEADERS_MS_MAX = 5000;
/** How often the server looks for headers that take longer. */
const HEADERS_LOOK_MS = 1000;
const REQUEST_MS_MAX = 10_000;
const IDLE_MS_MAX = 90_000;
/** A stopping process waits so long for replies that leave. */
const CLOSING_MS_MAX = 1000;

/** How an admin port listens, and who may use it. */
export interface AdminOptions {
  readonly port: number;
  readonly host: string;
  /** The file of the token; empty for none. */
  readonly tokenFile: string;
  /** Reads the TLS options; undefined for plain HTTP. */
  readonly readTls: ((log?: Logger) => Promise<TlsOptions>) | undefined;
  /** Whether only clients with a certificate connect. */
  readonly needsCertificate: boolean;
  /** Whether the node requires a login: actions then need a token or a certificate. */
  readonly requiresLogin: boolean;
}

/** The log of the process, with its last lines. */
type AdminLog = Logger & { readonly ring: LogRing };

/** The HTTP server beside a node: metrics, health and actions. */
export class AdminServer {
  /** The token of keys and values, where the options name none; undefined if none is needed. */
  readonly ownToken: string | undefined;
  readonly #options: AdminOptions;
  readonly #server: Server;
  readonly #connections: ConnectionBound;
  readonly #pages = new AdminPages();
  readonly #health: HealthPage;
  readonly #logs: LogRoute;
  readonly #router: Router;
  readonly #log: Logger;
  #token: string | undefined;
  #requests = 0;

  private constructor(options: AdminOptions, tls: TlsOptions | undefined, log: AdminLog) {
    const { host, requiresLogin, tokenFile, needsCertificate } = options;
    this.ownToken = tokenFile === '' && !needsCertificate ? newToken() : undefined;
    const rules = { host, requiresLogin, token: () => this.#token, ownToken: this.ownToken };
    const limits = {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: HEADERS_MS_MAX,
      connectionsCheckingInterval: HEADERS_LOOK_MS,
      // Each request has a timer of its own: the body of a snapshot may take longer.
      requestTimeout: 0,
      keepAliveTimeout: IDLE_MS_MAX,
    };
    const onRequest = (request: IncomingMessage, response: ServerResponse): void =>
      void this.#answer(request, response);
    this.#options = options;
    this.#log = log;
    this.#health = new HealthPage(log);
    this.#logs = new LogRoute(log.ring);
    this.#router = new Router(
      rules,
      { pages: this.#pages, health: this.#health, logs: this.#logs },
      log,
    );
    this.#server =
      tls === undefined
        ? createServer(limits, onRequest)
        : createSecureServer({ ...tls, ...limits }, onRequest);
    this.#connections = new ConnectionBound(this.#server, CONNECTIONS_MAX);
    // A client that does not read its reply.
    this.#server.setTimeout(IDLE_MS_MAX, (socket) => socket.destroy());
  }

  /**
   * Reads the token and the certificates, and listens.
   * @throws {CodedError} `ERR_ADMIN_PORT`, `ERR_ADMIN_TOKEN` or `ERR_CERTIFICATE`.
   */
  static async open(options: AdminOptions, log: AdminLog): Promise<AdminServer> {
    const admin = new AdminServer(options, await options.readTls?.(log), log);
    if (options.tokenFile !== '') admin.#token = await readToken(options.tokenFile, log);
    await admin.#listen();
    log.info({ url: admin.url }, 'the admin port is listening');
    return admin;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    const { host, readTls } = this.#options;
    const name = host.includes(':') ? `[${host}]` : host;
    return `${readTls === undefined ? 'http' : 'https'}://${name}:${this.port}`;
  }

  /** Shows this node and takes these actions from here on; before, the node is starting. */
  attach(
    source: MetricSource & HealthSource,
    actions: AdminActions,
    snapshots: SnapshotRoutes,
  ): void {
    this.#pages.show(source);
    this.#health.show(source);
    this.#router.use(actions, snapshots);
  }

  /**
   * Reads the token and the certificates again; resolves with the reason if the old ones stay.
   */
  async reload(): Promise<string | undefined> {
    try {
      const { tokenFile, readTls } = this.#options;
      const tls = await readTls?.();
      if (tokenFile !== '') this.#token = await readToken(tokenFile);
      if (tls !== undefined && 'setSecureContext' in this.#server) {
        (this.#server as Server & { setSecureContext(options: TlsOptions): void }).setSecureContext(
          tls,
        );
      }
      return undefined;
    } catch (error) {
      if (error instanceof CodedError) return error.message;
      throw error;
    }
  }

  /** Lets the replies leave, then closes all connections. */
  async close(): Promise<void> {
    this.#logs.close();
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
        reject(new CodedError('ERR_ADMIN_PORT', refusalText(port, host, cause), { cause }));
      });
      this.#server.listen({ port, host, exclusive: true }, resolve);
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#requests++;
    response.once('close', this.#connections.begin(request).end);
    const timer = setTimeout(() => {
      if (!request.complete) request.socket.destroy();
    }, REQUEST_MS_MAX).unref();
    try {
      if (this.#requests > REQUESTS_MAX) {
        const text = `The admin port answers ${REQUESTS_MAX} requests at the same time.`;
        throw new AdminError(503, text, { 'retry-after': '1' });
      }
      const reply = await this.#router.answer(request, () => clearTimeout(timer));
      if (reply.stream === undefined) send(response, reply);
      else await this.#stream(response, reply, reply.stream);
    } catch (error) {
      if (hasGone(request, error)) {
        this.#log.info({ path: request.url }, 'the client of an admin request has gone');
      } else this.#fail(response, error);
    } finally {
      this.#requests--;
    }
  }

  async #stream(
    response: ServerResponse,
    { status, type }: Reply,
    stream: (response: ServerResponse) => Promise<unknown>,
  ): Promise<void> {
    response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
    try {
      await stream(response);
      response.end();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#log.warn({ reason }, 'a long reply of the admin port was cut');
      response.destroy();
    }
  }

  #fail(response: ServerResponse, error: unknown): void {
    if (error instanceof AdminError) {
      send(response, json(error.status, { error: error.message }), error.headers);
      return;
    }
    const reason = error instanceof Error ? error.message : String(error);
    this.#log.error({ reason }, 'an admin request failed');
    send(response, json(500, { error: `The request failed: ${reason}` }));
  }
}

/** Whether the connection ended in the middle of the body. */
const hasGone = (request: IncomingMessage, error: unknown): boolean =>
  !request.complete && error instanceof Error && 'code' in error && error.code === 'ECONNRESET';

function send(
  response: ServerResponse,
  { status, type, body }: Reply,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  response.end(body);
}

function refusalText(port: number, host: string, { code }: NodeJS.ErrnoException): string {
  const where = `The admin port cannot listen on ${host}, port ${port}`;
  if (code === 'EADDRINUSE') {
    return `${where}: another program uses it. Choose another with --admin-port; 0 is a free one.`;
  }
  if (code === 'EACCES') return `${where}: ports below 1024 need more rights. Choose a higher one.`;
  return `${where} (${code}). Name an address of this machine with --admin-host.`;
}
