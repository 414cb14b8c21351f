/** The options of the admin port, which `serve` and `cluster` share. */
import { choice, type Flag, integer, isLoopback, text } from '../../base/index.ts';
import type { ServerOptions } from '../../node/index.ts';

/** The value of `--admin-port` for no admin port. */
export const NO_ADMIN_PORT = -1;

const PORT = integer({
  default: NO_ADMIN_PORT,
  min: NO_ADMIN_PORT,
  max: 65_535,
  constraint: 'a whole number from 0 to 65535, or off',
  doc: '',
});

/** A port, or `off`. */
export const adminPort = (doc: string, value: number): Flag<number> => ({
  ...PORT,
  doc,
  default: value,
  format: (port) => (port === NO_ADMIN_PORT ? 'off' : String(port)),
  parse: (given) =>
    given === 'off' ? NO_ADMIN_PORT : given.startsWith('-') ? undefined : PORT.parse(given),
});

/** The options beside the port. */
export const adminFlags = {
  adminHost: text({
    default: '127.0.0.1',
    placeholder: '<addr>',
    doc:
      'Address of the admin port. Beyond this machine it needs --admin-token-file or --admin-tls ' +
      'mutual.',
  }),
  adminTokenFile: text({
    placeholder: '<file>',
    doc:
      'File with the token that requests to the admin port carry (Authorization: Bearer), except ' +
      '/healthz and /readyz.',
  }),
  adminTls: choice({
    words: ['off', 'on', 'mutual'],
    default: 'off',
    doc:
      "HTTPS on the admin port, with the node's certificate (-o ssl_chain_cert); mutual also " +
      'requires client certificates (-o ssl_ca_cert).',
  }),
};

type AdminValues = Pick<ServerOptions, 'sslChainCert' | 'sslCaCert'> & {
  readonly adminPort: number;
  readonly adminHost: string;
  readonly adminTokenFile: string;
  readonly adminTls: 'off' | 'on' | 'mutual';
};

const isProtected = ({ adminTokenFile, adminTls }: AdminValues): boolean =>
  adminTokenFile !== '' || adminTls === 'mutual';

/** What a single option cannot check; undefined if the options fit. */
export const adminRules: readonly ((values: AdminValues) => string | undefined)[] = [
  (values) =>
    values.adminPort !== NO_ADMIN_PORT && !isLoopback(values.adminHost) && !isProtected(values)
      ? `--admin-host ${values.adminHost} lets other machines reach the admin port: protect it ` +
        'with --admin-token-file <file> (openssl rand -hex 32 > <file>) or --admin-tls mutual.'
      : undefined,
  ({ adminTls, sslChainCert }) =>
    adminTls !== 'off' && sslChainCert === ''
      ? `--admin-tls ${adminTls} needs the certificate of the node: add` +
        ' -o ssl_chain_cert=<file>,ssl_key=<file>.'
      : undefined,
  ({ adminTls, sslCaCert }) =>
    adminTls === 'mutual' && sslCaCert === ''
      ? '--admin-tls mutual requires client certificates and so their CA: add' +
        ' -o ssl_ca_cert=<file>.'
      : undefined,
];
