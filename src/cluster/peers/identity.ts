import { createHmac, timingSafeEqual } from 'node:crypto';
import { CodedError } from '../../base/index.ts';

/** A node, as it shows itself to its peers. */
export interface PeerIdentity {
  readonly cluster: string;
  readonly name: string;
  /** Drawn at each start of the process, 0 … 2^53 - 1. */
  readonly incarnation: number;
  /** What all nodes of the cluster know, and nobody else: SECRET_BYTES_MIN bytes or more. */
  readonly secret: Buffer;
}

/** A shorter secret can be guessed by a peer that sees one proof. */
const SECRET_BYTES_MIN = 16;

/** @throws {CodedError} `ERR_PEER_SECRET` if the secret is too short. */
export function checkIdentity({ secret, cluster }: PeerIdentity): void {
  if (secret.length >= SECRET_BYTES_MIN) return;
  throw new CodedError(
    'ERR_PEER_SECRET',
    `The secret of the cluster ${cluster} has ${secret.length} bytes. Give it at least` +
      ` ${SECRET_BYTES_MIN}, such as the output of "openssl rand -hex 32".`,
  );
}

/** Each side proves itself with a label of its own, so that nobody can send a proof back. */
export const PROVES = { link: 'slabring peer link', listener: 'slabring peer listener' } as const;

/** The HMAC-SHA256 over the label and the parts, which have fixed lengths or carry them. */
export function proofOf(
  { secret }: PeerIdentity,
  label: (typeof PROVES)[keyof typeof PROVES],
  parts: readonly Buffer[],
): Buffer {
  const hmac = createHmac('sha256', secret).update(label);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}

export function isProof(given: Buffer, expected: Buffer): boolean {
  return given.length === expected.length && timingSafeEqual(given, expected);
}
