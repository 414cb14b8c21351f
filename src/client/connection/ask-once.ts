import type { ConnectionOptions } from 'node:tls';
import { BinaryDialect } from '../../protocol/client.ts';
import type { NodeAddress } from '../../topology/index.ts';
import type { Login } from '../option-types/client.ts';
import { AskConnection, NoReply } from './ask-connection.ts';
import { Exchange, type NodeReply, type SingleRequest } from './exchange.ts';
import { type ClientRuntime, machineRuntime } from './runtime.ts';

interface AskOptions {
  /** Use TLS with these options. */
  readonly tls?: ConnectionOptions | undefined;
  /** For a node that requires a login; other nodes do not receive it. */
  readonly login?: Login | undefined;
  /** A node that sends more bytes than this sends no reply. */
  readonly replyBytesMax: number;
  /** Ends the exchange when it aborts. */
  readonly signal: AbortSignal;
}

/**
 * Sends one request to a node, on a new connection that closes at the end. A node that accepts only
 * the binary protocol closes a text connection without a reply: it gets the request in binary, if
 * binary has it.
 * @param runtime internal: what a test simulates.
 * @throws {NoReply} when the node closes the connection, or sends something else than a reply.
 * @throws the error of the socket, or the reason of `signal`.
 */
export async function askOnce(
  node: NodeAddress,
  request: SingleRequest,
  options: AskOptions,
  runtime: Pick<ClientRuntime, 'openSocket'> = machineRuntime,
): Promise<NodeReply> {
  const isTextOnly = !new BinaryDialect().supports(request);
  const exchangeIn = (dialect: 'classic' | 'binary') => {
    return new Exchange(request, dialect, options.login);
  };
  try {
    return await exchangeWith(node, exchangeIn('classic'), options, runtime);
  } catch (error) {
    if (!mayBeBinary(error) || isTextOnly) throw error;
    return exchangeWith(node, exchangeIn('binary'), options, runtime);
  }
}

/** Whether the node may accept only the binary protocol. */
export function mayBeBinary(error: unknown): boolean {
  return error instanceof NoReply && error.isClosed && error.received === '';
}

async function exchangeWith(
  node: NodeAddress,
  exchange: Exchange,
  options: AskOptions,
  runtime: Pick<ClientRuntime, 'openSocket'>,
): Promise<NodeReply> {
  options.signal.throwIfAborted();
  const connection = new AskConnection(node, options, runtime);
  try {
    return await connection.ask(exchange, options.signal);
  } finally {
    connection.close();
  }
}
