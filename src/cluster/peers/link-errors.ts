import { CodedError } from '../../base/index.ts';
import { PAYLOAD_BYTES_MAX } from '../../protocol/peer.ts';
import type { LinkTarget } from './link-handshake.ts';

/** The errors of a link, with the peer that they are about. */
export class LinkErrors {
  readonly #peer: string;

  constructor({ name, peerAddress }: LinkTarget) {
    this.#peer = `peer ${name} (${peerAddress})`;
  }

  down(reason: string): CodedError {
    const text = `Cannot reach the ${this.#peer}: ${reason}. The link keeps trying.`;
    return new CodedError('ERR_PEER_DOWN', text);
  }

  lost(reason: string): CodedError {
    const text = `The connection to the ${this.#peer} is lost: ${reason}.`;
    return new CodedError('ERR_PEER_LOST', `${text} The peer may have executed the request.`);
  }

  timeout(ms: number): CodedError {
    const text = `The ${this.#peer} has not replied within ${ms} ms.`;
    return new CodedError('ERR_PEER_TIMEOUT', `${text} It may have executed the request.`);
  }

  full(): CodedError {
    const text = `The ${this.#peer} is too slow: too many requests wait for its replies.`;
    return new CodedError('ERR_PEER_FULL', `${text} Try again later.`);
  }

  tooLarge(): CodedError {
    const text = `A request to the ${this.#peer} is too large for a frame:`;
    return new CodedError('ERR_PEER_TOO_LARGE', `${text} at most ${PAYLOAD_BYTES_MAX} bytes.`);
  }

  closed(reason: string): CodedError {
    return new CodedError('ERR_PEER_CLOSED', `The link to the ${this.#peer} is closed: ${reason}.`);
  }
}
