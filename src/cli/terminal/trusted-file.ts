import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ServerOptions } from '../../node/index.ts';

/** In place of a file that the node does not have. */
export const UNKNOWN_FILE = '<file>';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----/gs;

/**
 * The file by which a client trusts the node. The node's own certificate is enough only if it
 * comes with its CA, such as one that signed itself; else only the user knows the file of the CA.
 */
export function trustedFile({
  sslChainCert,
  sslCaCert,
}: Pick<ServerOptions, 'sslChainCert' | 'sslCaCert'>): string {
  if (sslCaCert !== '') return sslCaCert;
  return hasItsCa(sslChainCert) ? sslChainCert : UNKNOWN_FILE;
}

function hasItsCa(path: string): boolean {
  try {
    const certificates = readFileSync(path, 'utf8').match(CERTIFICATE) ?? [];
    return certificates
      .map((text) => new X509Certificate(text))
      .some((each) => each.checkIssued(each));
  } catch {
    return false;
  }
}
