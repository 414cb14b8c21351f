import {
  encodeHandshakeRefusal,
  encodeSigned,
  type Frame,
  HANDSHAKE_REFUSAL,
  type HandshakeRefusal,
  type Hello,
  KIND,
  MalformedFrame,
  PEER_FORMAT,
  readHello,
  welcomeFields,
} from '../../protocol/peer.ts';
import { isProof, type PeerIdentity, PROVES, proofOf } from './identity.ts';

/** A peer that has proved itself. */
interface ProvenPeer {
  readonly name: string;
  readonly incarnation: number;
}

/** What the listener sends; without a peer it then closes the connection, for this reason. */
interface Verdict {
  readonly send: Buffer;
  readonly peer?: ProvenPeer;
  readonly reason: string;
}

const TEXTS: Readonly<Record<HandshakeRefusal, string>> = {
  [HANDSHAKE_REFUSAL.format]: 'it speaks another version of the peer protocol',
  [HANDSHAKE_REFUSAL.secret]: 'it has another cluster secret',
  [HANDSHAKE_REFUSAL.cluster]: 'it belongs to another cluster',
  [HANDSHAKE_REFUSAL.name]: 'it looks for another member',
  [HANDSHAKE_REFUSAL.member]: 'it is no member of the topology, or an older incarnation',
};

/**
 * The listener's judgement of a hello. The nonce is that of its challenge, of this connection only:
 * so a hello that was recorded proves nothing.
 */
export function judgeHello(
  frame: Frame,
  nonce: Buffer,
  identity: PeerIdentity,
  accepts: (name: string, incarnation: number) => boolean,
): Verdict {
  if (frame.kind !== KIND.hello) {
    throw new MalformedFrame(`a frame of kind ${frame.kind} is not a hello`);
  }
  if (frame.version !== PEER_FORMAT) return refused(HANDSHAKE_REFUSAL.format);
  const { message, signed, proof } = readHello(frame);
  if (!isProof(proof, proofOf(identity, PROVES.link, [nonce, signed]))) {
    return refused(HANDSHAKE_REFUSAL.secret);
  }
  const refusal = refusalOf(message, identity, accepts);
  if (refusal !== undefined) return refused(refusal);
  const fields = welcomeFields(identity);
  const welcome = proofOf(identity, PROVES.listener, [nonce, signed, fields]);
  const peer = { name: message.name, incarnation: message.incarnation };
  return { send: encodeSigned(KIND.welcome, fields, welcome), peer, reason: '' };
}

function refusalOf(
  { cluster, name, incarnation, to }: Hello,
  identity: PeerIdentity,
  accepts: (name: string, incarnation: number) => boolean,
): HandshakeRefusal | undefined {
  if (cluster !== identity.cluster) return HANDSHAKE_REFUSAL.cluster;
  if (to !== identity.name) return HANDSHAKE_REFUSAL.name;
  return accepts(name, incarnation) ? undefined : HANDSHAKE_REFUSAL.member;
}

function refused(reason: HandshakeRefusal): Verdict {
  return { send: encodeHandshakeRefusal(reason), reason: TEXTS[reason] };
}
