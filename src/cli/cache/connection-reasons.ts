import { CacheError } from '../../client/index.ts';

/** Why a connection failed, and what the user of the command line can change about it. */
export interface Reason {
  readonly reason: string;
  /** Whole sentences. */
  readonly advice?: string;
}

const TLS_OFF = 'Leave out --tls, --tls-ca and --tls-cert.';
const NOT_TRUSTED: Reason = {
  reason: 'its certificate is not trusted',
  advice: 'Name the CA that signed it with --tls-ca <file>.',
};
const CERTIFICATE_REQUIRED: Reason = {
  reason: 'it requires a client certificate',
  advice: 'Name one with --tls-cert <file> and --tls-key <file>.',
};
export const NO_REPLY: Reason = {
  reason: 'no reply in time',
  advice: 'To wait longer, set --deadline.',
};
const NOT_TLS: Reason = { reason: 'it does not speak TLS', advice: TLS_OFF };

/** Reasons by the code of the system's error. */
const BY_CODE: Readonly<Record<string, Reason>> = {
  ECONNREFUSED: {
    reason: 'connection refused',
    advice: 'Start a node there (slabring serve), or name other nodes with --nodes.',
  },
  ENOTFOUND: { reason: 'unknown host name' },
  EAI_AGAIN: { reason: 'the name server does not reply' },
  ENOENT: { reason: 'there is no such socket', advice: 'Check the path.' },
  EACCES: { reason: 'permission denied' },
  EPERM: { reason: 'permission denied' },
  EHOSTUNREACH: { reason: 'the host is unreachable' },
  ENETUNREACH: { reason: 'the network is unreachable' },
  ETIMEDOUT: NO_REPLY,
  ECONNRESET: { reason: 'it reset the connection' },
  EPIPE: { reason: 'it reset the connection' },
  SELF_SIGNED_CERT_IN_CHAIN: NOT_TRUSTED,
  DEPTH_ZERO_SELF_SIGNED_CERT: NOT_TRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: NOT_TRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: NOT_TRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: NOT_TRUSTED,
  CERT_SIGNATURE_FAILURE: NOT_TRUSTED,
  CERT_UNTRUSTED: NOT_TRUSTED,
  CERT_HAS_EXPIRED: { reason: 'its certificate has expired' },
  CERT_NOT_YET_VALID: { reason: 'its certificate is not valid yet' },
  ERR_SSL_WRONG_VERSION_NUMBER: NOT_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NOT_TLS,
  ERR_SSL_RECORD_LAYER_FAILURE: NOT_TLS,
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: CERTIFICATE_REQUIRED,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: {
    reason: 'it does not trust the client certificate',
    advice: 'Check --tls-cert: the CA of the node must have signed it.',
  },
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: {
    reason: 'the client certificate and its key do not belong together',
    advice: 'Check --tls-cert and --tls-key.',
  },
};

export const LOGIN_REQUIRED: Reason = {
  reason: 'it requires a login',
  advice: 'Name the user with --user; the password comes from SLABRING_PASSWORD or a prompt.',
};
export const LOGIN_REJECTED: Reason = {
  reason: 'it rejected the user name or the password',
  advice: 'Check --user and SLABRING_PASSWORD.',
};
export const CLOSED_TLS: Reason = {
  reason: 'it closed the TLS connection without a reply',
  advice: 'It may not trust the client certificate (--tls-cert), or require a login (--user).',
};
export const TLS_REQUIRED: Reason = {
  reason: 'it speaks only TLS',
  advice: 'Add --tls, or --tls-ca <file> with the CA of its certificate.',
};

/** The reason that the code of a system error names; undefined for another error. */
export function reasonOfSystem(error: unknown): Reason | undefined {
  if (!(error instanceof Error) || error instanceof CacheError) return undefined;
  if (!('code' in error)) return undefined;
  const code = String(error.code);
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return { reason: otherName(error.message) };
  return BY_CODE[code] ?? { reason: error.message.trim() };
}

/** `… altnames: IP: 127.0.0.2 is not in the cert's list: 127.0.0.1`. */
function otherName(message: string): string {
  const detail = /altnames: (.*)/.exec(message)?.[1] ?? message;
  return `its certificate is for another host: ${detail.replace(/\.$/, '')}`;
}
