import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { text as readText } from 'node:stream/consumers';

export interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly tls?: object;
}

/** Sends one HTTP request over a connection of its own. */
export function ask(
  url: string,
  { method = 'GET', headers = {}, body, tls }: Ask = {},
): Promise<Answer> {
  const send = url.startsWith('https') ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = send(url, { method, headers, agent: false, ...tls }, (response) => {
      const { statusCode: status, headers: given } = response;
      readText(response).then((text) => resolve({ status, headers: given, body: text }), reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** Requests an action of an admin port. */
export const act = (url: string, name: string, input: unknown, headers = {}): Promise<Answer> =>
  ask(`${url}/actions/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(input),
  });
