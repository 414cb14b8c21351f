import {
  encodeSigned,
  type Frame,
  HANDSHAKE_REFUSAL,
  helloFields,
  KIND,
  MalformedFrame,
  PEER_FORMAT,
  readChallenge,
  readHandshakeRefusal,
  readWelcome,
} from '../../protocol/peer.ts';
import { isProof, type PeerIdentity, PROVES, proofOf } from './identity.ts';

/** The member that a link reaches. */
export interface LinkTarget {
  readonly name: string;
  /** `host:port` of its peer port. */
  readonly peerAddress: string;
  /** A node of another incarnation is refused; undefined accepts every one. */
  readonly incarnation: number | undefined;
}

/** What the link does next. */
type Step = { readonly send: Buffer } | { readonly failed: string } | 'complete';

const REASONS: Readonly<Record<number, string>> = {
  [HANDSHAKE_REFUSAL.format]: 'it speaks another version of the peer protocol',
  [HANDSHAKE_REFUSAL.secret]: 'this node has another cluster secret',
  [HANDSHAKE_REFUSAL.cluster]: 'it belongs to another cluster',
  [HANDSHAKE_REFUSAL.name]: 'it has another name',
  [HANDSHAKE_REFUSAL.member]: 'this node is no member of its topology, or an older incarnation',
};

/** The link's side of the handshake: it answers a challenge, and checks the welcome. */
export class LinkHandshake {
  readonly #identity: PeerIdentity;
  readonly #target: LinkTarget;
  readonly #nonce: Buffer;
  /** What was said, once the link has sent its hello. */
  #said: readonly Buffer[] | undefined;

  constructor(identity: PeerIdentity, target: LinkTarget, nonce: Buffer) {
    this.#identity = identity;
    this.#target = target;
    this.#nonce = nonce;
  }

  /** @throws {MalformedFrame} if the frame is not the next message of a handshake. */
  take(frame: Frame): Step {
    if (frame.kind === KIND.refusal) return { failed: refusalText(readHandshakeRefusal(frame)) };
    if (frame.version !== PEER_FORMAT) return { failed: REASONS[HANDSHAKE_REFUSAL.format]! };
    if (frame.kind === KIND.challenge && this.#said === undefined) return this.#hello(frame);
    if (frame.kind === KIND.welcome && this.#said !== undefined) return this.#check(frame);
    throw new MalformedFrame(`a frame of kind ${frame.kind} is not part of the handshake`);
  }

  #hello(frame: Frame): Step {
    const { cluster, name, incarnation } = this.#identity;
    const message = { nonce: this.#nonce, incarnation, cluster, name, to: this.#target.name };
    const said = [readChallenge(frame), helloFields(message)];
    const proof = proofOf(this.#identity, PROVES.link, said);
    this.#said = said;
    return { send: encodeSigned(KIND.hello, said[1]!, proof) };
  }

  #check(frame: Frame): Step {
    const { message, signed, proof } = readWelcome(frame);
    const expected = proofOf(this.#identity, PROVES.listener, [...this.#said!, signed]);
    if (!isProof(proof, expected)) return { failed: 'it has another cluster secret' };
    const { name, incarnation } = this.#target;
    if (message.name !== name) return { failed: `it is the member ${message.name}` };
    if (incarnation !== undefined && message.incarnation !== incarnation) {
      return { failed: 'it is another incarnation of the member' };
    }
    return 'complete';
  }
}

function refusalText(reason: number): string {
  return REASONS[reason] ?? `it refuses this node (reason ${reason})`;
}
