import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

interface ScriptedReply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** A reply; undefined closes the connection, and a promise may never settle. */
type Script = (
  request: SeenRequest,
  nth: number,
) => ScriptedReply | undefined | Promise<ScriptedReply | undefined>;

/**
 * An HTTP server on 127.0.0.1 for replies that a real service gives only in rare states; with `tls`
 * it is an HTTPS server.
 */
export async function startScripted(script: Script, tls?: { cert: Buffer; key: Buffer }) {
  const seen: SeenRequest[] = [];
  const answer = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = '', url = '', headers } = message;
    const request = { method, url, headers, body: await buffer(message) };
    seen.push(request);
    const reply = await script(request, seen.length);
    if (reply === undefined) {
      message.socket.destroy();
      return;
    }
    response.writeHead(reply.status ?? 200, reply.headers).end(reply.body);
  };
  const onRequest = (message: IncomingMessage, response: ServerResponse): void => {
    answer(message, response).catch(() => message.socket.destroy());
  };
  const server = tls === undefined ? createServer(onRequest) : createSecureServer(tls, onRequest);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    seen,
    stop: () =>
      new Promise((closed) => {
        server.close(closed);
        server.closeAllConnections();
      }),
  };
}
