import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { CodedError } from '../../../base/index.ts';
import { parseAddress } from '../../../topology/index.ts';

/** An address that does not reply within this time is wrong, or behind a firewall. */
const CONNECT_MS_MAX = 1000;

/** The addresses of this machine need no test. */
function isOwn(host: string): boolean {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.some(({ address }) => address === host);
}

/**
 * Connects to the address that this node tells the other members. A node that they cannot reach
 * must not join: they would need its promises.
 * @throws {CodedError} `ERR_ADVERTISE`
 */
export function checkReachable(address: string): Promise<void> {
  const parsed = parseAddress(address);
  if ('path' in parsed) return Promise.reject(unreachable(address, 'it is no host:port'));
  const { host, port = 0 } = parsed;
  if (isOwn(host)) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const settle = (reason: string | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      if (reason === undefined) resolve();
      else reject(unreachable(address, reason));
    };
    const late = `no reply in ${CONNECT_MS_MAX} ms`;
    const timer = setTimeout(() => settle(late), CONNECT_MS_MAX);
    socket.on('connect', () => settle(undefined));
    socket.on('error', ({ message, code }: NodeJS.ErrnoException) => settle(code ?? message));
  });
}

function unreachable(address: string, reason: string): CodedError {
  return new CodedError(
    'ERR_ADVERTISE',
    `This node cannot reach itself at ${address}, where other members would: ${reason}. ` +
      'Correct --advertise; the node joins as soon as it is reachable.',
  );
}
