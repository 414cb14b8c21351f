import { Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest, Agent as SecureAgent } from 'node:https';
import { StringDecoder } from 'node:string_decoder';

/** PEM texts: whom to trust, and the certificate that etcd asks clients for. */
export interface EtcdTls {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

interface Post {
  /** Such as `/v3/kv/range`. */
  readonly path: string;
  readonly body: string;
  /** A token of etcd. */
  readonly token: string | undefined;
  /** Until the whole reply is there, or the first byte of a stream; milliseconds. */
  readonly limitMs: number;
  readonly signal?: AbortSignal | undefined;
}

interface HttpReply {
  readonly status: number;
  readonly text: string;
}

/** A cluster of slabring has at most some hundred keys, of at most some KiB. */
const REPLY_BYTES_MAX = 8 << 20;
const CONNECTIONS_MAX = 8;

/** One address of etcd, with its kept connections. Requests reject with the reason as a phrase. */
export class Endpoint {
  /** Such as `https://10.0.0.1:2379`. */
  readonly origin: string;
  readonly #agent: Agent | SecureAgent;
  readonly #start: typeof httpRequest;
  readonly #streams = new Set<ClientRequest>();

  /** `tls`: undefined speaks HTTP. */
  constructor(hostAndPort: string, tls: EtcdTls | undefined) {
    this.origin = `${tls === undefined ? 'http' : 'https'}://${hostAndPort}`;
    const options = { keepAlive: true, maxSockets: CONNECTIONS_MAX };
    this.#agent = tls === undefined ? new Agent(options) : new SecureAgent({ ...options, ...tls });
    this.#start = tls === undefined ? httpRequest : httpsRequest;
  }

  async post(post: Post): Promise<HttpReply> {
    const { sent, response, finish } = await this.#send(post);
    try {
      return { status: response.statusCode ?? 0, text: await wholeText(response, sent) };
    } finally {
      finish();
    }
  }

  /** The lines of a reply that does not end; `status` comes before the first line. */
  async *lines(post: Post, status: (status: number) => void): AsyncGenerator<string> {
    const { sent, response, finish } = await this.#send(post);
    this.#streams.add(sent);
    finish();
    const stop = (): void => void sent.destroy(new Error('it was stopped'));
    post.signal?.addEventListener('abort', stop, { once: true });
    try {
      status(response.statusCode ?? 0);
      yield* linesOf(response);
    } finally {
      post.signal?.removeEventListener('abort', stop);
      this.#streams.delete(sent);
      sent.destroy();
    }
  }

  /** Ends the streams: a request has shown that nothing comes from there. */
  breakStreams(reason: string): void {
    for (const stream of this.#streams) stream.destroy(new Error(reason));
  }

  close(): void {
    this.breakStreams('the client is closed');
    this.#agent.destroy();
  }

  /** The caller calls `finish` when the limit no longer holds. */
  #send({ path, body, token, limitMs, signal }: Post): Promise<Exchange> {
    const headers = {
      'content-type': 'application/json',
      'content-length': `${Buffer.byteLength(body)}`,
      // Ends the stream of a member that has lost its leader.
      'grpc-metadata-hasleader': 'true',
      ...(token !== undefined && { authorization: token }),
    };
    return new Promise((resolve, reject) => {
      const options = { method: 'POST', path, headers, agent: this.#agent };
      const sent = this.#start(new URL(this.origin), options);
      const fail = (reason: string): void => void sent.destroy(new Error(reason));
      const timer = setTimeout(() => fail(`no reply in ${limitMs} ms`), limitMs);
      const stop = (): void => fail('it was stopped');
      signal?.addEventListener('abort', stop, { once: true });
      const finish = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', stop);
      };
      sent.on('close', finish);
      sent.on('error', reject);
      sent.on('response', (response) => resolve({ sent, response, finish }));
      if (signal?.aborted === true) stop();
      sent.end(body);
    });
  }
}

interface Exchange {
  readonly sent: ClientRequest;
  readonly response: IncomingMessage;
  readonly finish: () => void;
}

/** Destroying the request with an error ends its response with the same error. */
async function wholeText(response: IncomingMessage, sent: ClientRequest): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > REPLY_BYTES_MAX) {
      sent.destroy();
      throw new Error(`a reply has over ${REPLY_BYTES_MAX} bytes`);
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const piece of response as AsyncIterable<Buffer>) {
    const lines = (rest + decoder.write(piece)).split('\n');
    rest = lines.pop()!;
    if (rest.length > REPLY_BYTES_MAX) throw new Error(`a line has over ${REPLY_BYTES_MAX} bytes`);
    yield* lines.filter((line) => line !== '');
  }
}
