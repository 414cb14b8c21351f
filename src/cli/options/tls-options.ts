import { flag, text, type ValuesOf } from '../../base/index.ts';
import { readOptionFile } from './option-file.ts';

/** The TLS options of every verb that connects to nodes. */
export const tlsFlags = {
  tls: flag({ doc: 'Connect by TLS.' }),
  tlsCa: text({
    placeholder: '<file>',
    doc:
      'Connect by TLS, and trust the CA certificates of this PEM file instead of those that' +
      ' Node.js trusts.',
  }),
  tlsCert: text({
    placeholder: '<file>',
    doc: 'Connect by TLS with this client certificate, for nodes that require one; PEM.',
  }),
  tlsKey: text({
    placeholder: '<file>',
    doc: 'The private key of --tls-cert, PEM; default: the file of --tls-cert.',
  }),
};

/** What the TLS options say, with the content of their files. */
export interface ClientTls {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

type TlsValues = ValuesOf<typeof tlsFlags>;

/** `--tls-key` is nothing without `--tls-cert`. */
export function tlsRule({ tlsCert, tlsKey }: TlsValues): string | undefined {
  return tlsKey !== '' && tlsCert === ''
    ? '--tls-key needs the certificate of the key: name its file with --tls-cert.'
    : undefined;
}

/**
 * Reads the files of the TLS options; undefined without TLS.
 * @throws {CodedError} `ERR_USAGE` when a file cannot be read.
 */
export function clientTlsOf({ tls, tlsCa, tlsCert, tlsKey }: TlsValues): ClientTls | undefined {
  if (!tls && tlsCa === '' && tlsCert === '') return undefined;
  const ca = tlsCa === '' ? {} : { ca: readOptionFile('the CA certificates of --tls-ca', tlsCa) };
  if (tlsCert === '') return ca;
  const cert = readOptionFile('the client certificate of --tls-cert', tlsCert);
  const key = tlsKey === '' ? cert : readOptionFile('the client key of --tls-key', tlsKey);
  return { ...ca, cert, key };
}
