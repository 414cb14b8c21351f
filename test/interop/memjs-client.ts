import memjs, { type Client } from 'memjs';
import type { Credentials } from '../support/sasl.ts';

const TIMEOUT_S = 10;

/** Creates a client that logs nothing and has one retry. */
export function memjsClient(address: string, credentials?: Credentials): Client {
  return memjs.Client.create(address, {
    username: credentials?.username,
    password: credentials?.password,
    timeout: TIMEOUT_S,
    retries: 1,
    logger: { log: () => undefined },
  });
}

/** `stats` with an argument, as a promise. */
export function statsOf(client: Client, key: string): Promise<Readonly<Record<string, string>>> {
  return new Promise((resolve, reject) => {
    client.statsWithKey(key, (error, _server, stats) =>
      stats === null ? reject(error) : resolve(stats),
    );
  });
}
