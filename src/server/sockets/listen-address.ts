import { parseAddress } from '../../topology/index.ts';

/** The address of one listener of a node. */
export type ListenAddress =
  | {
      readonly kind: 'tcp';
      readonly host: string;
      readonly port: number;
      /** Whether the listener uses TLS. */
      readonly secure: boolean;
    }
  | { readonly kind: 'unix'; readonly path: string };

/** The prefix of an address of `-l` without TLS. */
const NO_TLS = 'notls:';
const EVERY_HOST = '*';

/**
 * Parses an address of `-l`: an address of a node, or `*` or no host for every interface.
 * @throws {TopologyError} for any other text.
 */
export function listenAddressOf(text: string, port: number, enableSsl: boolean): ListenAddress {
  const bare = text.startsWith(NO_TLS) ? text.slice(NO_TLS.length) : text;
  const [, everyPort] = /^\*?:(\d+)$/.exec(bare) ?? [];
  const address = parseAddress(everyPort === undefined ? bare : `${EVERY_HOST}:${everyPort}`, 0);
  if ('path' in address) return { kind: 'unix', path: address.path };
  const host = address.host === EVERY_HOST ? '' : address.host;
  return { kind: 'tcp', host, port: address.port ?? port, secure: enableSsl && bare === text };
}
