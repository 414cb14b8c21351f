/** The certificates of a node, and the TLS options of its listeners. */
import { constants, randomBytes, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContextOptions, type TlsOptions } from 'node:tls';
import {
  CodedError,
  fileReason,
  type Logger,
  readRegularFile,
  readSecretFile,
} from '../../base/index.ts';

/** The TLS options of a node. */
export interface CertificateOptions {
  readonly sslChainCert: string;
  readonly sslKey: string;
  readonly sslCaCert: string;
  readonly sslCiphers: string;
  readonly sslVerifyMode: number;
  readonly sslMinVersion: number;
}

/** The contents of the certificate files. */
interface CertificateFiles {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer | undefined;
}

/** The certificates of a node: plain data that every thread gets a copy of. */
export interface Certificates extends CertificateFiles {
  /**
   * The 48 secret bytes that encrypt session tickets. Threads share a port, so they share these
   * bytes too: one thread can resume the session of another.
   */
  readonly ticketKeys: Buffer;
}

/** memcached's numbers (`ssl_verify_mode`). */
const VERIFY = { none: 0, request: 1, require: 2, once: 3 } as const;
const MIN_VERSIONS = ['TLSv1.2', 'TLSv1.2', 'TLSv1.2', 'TLSv1.3'] as const;
/** The node closes a connection whose handshake takes longer. */
const HANDSHAKE_MS_MAX = 10_000;
/** A bundle of all public CAs has 0.3 MB. */
const PEM_BYTES_MAX = 4 << 20;
const TICKET_KEY_BYTES = 48;
const SESSION_SECONDS = 3600;

export function newTicketKeys(): Buffer {
  return randomBytes(TICKET_KEY_BYTES);
}

/**
 * Reads the node's certificate, its key and the CAs of its clients, and checks that the key matches
 * the certificate. The log gets a warning if every user of the machine can open the key.
 * @throws {CodedError} `ERR_CERTIFICATE`, with the file and the reason.
 */
export async function readCertificates(
  options: CertificateOptions,
  log?: Logger,
): Promise<CertificateFiles> {
  const { sslChainCert, sslKey, sslCaCert } = options;
  const readKey = (path: string) => readSecretFile(path, PEM_BYTES_MAX, log);
  const readChain = sslKey === '' ? readKey : readPublic;
  const cert = await readPem(sslChainCert, 'certificate chain', readChain);
  const key = sslKey === '' ? cert : await readPem(sslKey, 'key', readKey);
  const ca = sslCaCert === '' ? undefined : await readPem(sslCaCert, 'CA certificate');
  try {
    createSecureContext(contextOptions(options, { cert, key, ca, ticketKeys: newTicketKeys() }));
  } catch (cause) {
    throw new CodedError(
      'ERR_CERTIFICATE',
      `Cannot use the certificate ${sslChainCert} with its key: ${reasonOf(cause)}. ` +
        'Both must be PEM files, and the key must match the certificate.',
      { cause },
    );
  }
  return { cert, key, ca };
}

/** The Unix time at which the certificate of the node ends. */
export const certificateExpiry = ({ cert }: Pick<Certificates, 'cert'>): number =>
  Math.floor(new X509Certificate(cert).validToDate.getTime() / 1000);

const readPublic = async (path: string): Promise<Buffer> =>
  (await readRegularFile(path, PEM_BYTES_MAX)).bytes;

async function readPem(path: string, what: string, read = readPublic): Promise<Buffer> {
  try {
    return await read(path);
  } catch (cause) {
    throw new CodedError(
      'ERR_CERTIFICATE',
      `Cannot read the ${what} ${path}: ${fileReason(cause, path, 'read')}.`,
      { cause },
    );
  }
}

/** The TLS options that a node may change while connections are open. */
export function contextOptions(
  options: CertificateOptions,
  { cert, key, ca, ticketKeys }: Certificates,
): SecureContextOptions {
  const { sslCiphers } = options;
  return {
    cert: Buffer.from(cert),
    key: Buffer.from(key),
    ...(ca === undefined ? {} : { ca: Buffer.from(ca) }),
    ...(sslCiphers === '' ? {} : { ciphers: sslCiphers }),
    ticketKeys: Buffer.from(ticketKeys),
    sessionTimeout: SESSION_SECONDS,
    sessionIdContext: 'slabring',
    minVersion: MIN_VERSIONS[options.sslMinVersion]!,
    // A renegotiation costs the node a handshake, and clients of caches need none.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  };
}

/** The options of a listener, which may have a rule of its own for client certificates. */
export function listenerOptions(
  options: CertificateOptions,
  certificates: Certificates,
  needsClientCertificate?: boolean,
): TlsOptions {
  const ownMode = needsClientCertificate === true ? VERIFY.require : VERIFY.none;
  const verifyMode = needsClientCertificate === undefined ? options.sslVerifyMode : ownMode;
  return {
    ...contextOptions(options, certificates),
    requestCert: verifyMode !== VERIFY.none,
    rejectUnauthorized: verifyMode >= VERIFY.require,
    handshakeTimeout: HANDSHAKE_MS_MAX,
  };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
