import { createSecureContext } from 'node:tls';
import { CodedError, flag, text, type ValuesOf } from '../../base/index.ts';
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

/** Each of these options asks for TLS. */
export function usesTls({ tls, tlsCa, tlsCert }: Omit<TlsValues, 'tlsKey'>): boolean {
  return tls || tlsCa !== '' || tlsCert !== '';
}

/** `--tls-key` is nothing without `--tls-cert`. */
export function tlsRule({ tlsCert, tlsKey }: TlsValues): string | undefined {
  return tlsKey !== '' && tlsCert === ''
    ? '--tls-key needs the certificate of the key: name its file with --tls-cert.'
    : undefined;
}

/**
 * Reads the files of the TLS options; undefined without TLS.
 * @throws {CodedError} `ERR_USAGE` when a file cannot be read, or has no usable certificate or key.
 */
export function clientTlsOf({ tls, tlsCa, tlsCert, tlsKey }: TlsValues): ClientTls | undefined {
  if (!usesTls({ tls, tlsCa, tlsCert })) return undefined;
  const ca = tlsCa === '' ? {} : { ca: readAuthorities(tlsCa) };
  if (tlsCert === '') return ca;
  return { ...ca, ...readIdentity({ cert: tlsCert, key: tlsKey }, '--tls-cert', '--tls-key') };
}

/** Without certificates in it, no node would be trusted. */
function readAuthorities(path: string): Buffer {
  const what = 'the CA certificates of --tls-ca';
  const file = readOptionFile(what, path);
  if (file.includes('-----BEGIN')) return file;
  throw new CodedError('ERR_USAGE', `Cannot read ${what}: ${path} is not PEM.`);
}

/**
 * Reads a client certificate and its key, which may be in the file of the certificate.
 * @throws {CodedError} `ERR_USAGE` when TLS cannot use them; the message names the two options.
 */
export function readIdentity(
  paths: { readonly cert: string; readonly key: string },
  certOption: string,
  keyOption: string,
): { readonly cert: Buffer; readonly key: Buffer } {
  const cert = readOptionFile(`the client certificate of ${certOption}`, paths.cert);
  const key = paths.key === '' ? cert : readOptionFile(`the client key of ${keyOption}`, paths.key);
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    const message = `Cannot use ${certOption} with ${keyOption}: ${reasonOf(cause)}.`;
    throw new CodedError('ERR_USAGE', message, { cause });
  }
  return { cert, key };
}

const NO_PEM = 'a file has no certificate or key in PEM';
const REASONS: Readonly<Record<string, string>> = {
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: 'the key does not belong to the certificate',
  ERR_OSSL_BAD_DECRYPT: 'the key is encrypted; decrypt it first (openssl pkey)',
  ERR_OSSL_PEM_NO_START_LINE: NO_PEM,
  ERR_OSSL_UNSUPPORTED: NO_PEM,
};

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return REASONS['code' in error ? String(error.code) : ''] ?? error.message;
}
