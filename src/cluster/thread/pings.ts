import { Frame, KIND, PEER_STATUS } from '../../protocol/peer.ts';
import type { PeerConnection } from '../peers/peer-connection.ts';
import type { PeerIdentity } from './adopted.ts';
import type { PeerRoute } from './peer-routes.ts';

interface PingParts {
  linkTo(peer: PeerIdentity): Pick<PeerRoute['link'], 'send'> | undefined;
  /** The version of the adopted topology. */
  version(): number;
  /** Asks the main thread whether this member grants what the peer asks for. */
  grants(peer: PeerIdentity): Promise<unknown>;
}

type From = Pick<PeerConnection, 'name' | 'incarnation' | 'reply'>;

/** Carries the requests for grants between the main threads of two members. */
export class Pings {
  readonly #parts: PingParts;

  constructor(parts: PingParts) {
    this.#parts = parts;
  }

  /** Resolves with whether the peer grants; an error is no grant. The link bounds the time. */
  ask(peer: PeerIdentity): Promise<boolean> {
    const link = this.#parts.linkTo(peer);
    if (link === undefined) return Promise.resolve(false);
    return new Promise((resolve) => {
      link.send(KIND.ping, this.#parts.version(), undefined, (reply) =>
        resolve(reply instanceof Frame && reply.flags === PEER_STATUS.ok),
      );
    });
  }

  /** Answers a peer that asks. */
  receive({ id }: Frame, from: From): void {
    const { grants, version } = this.#parts;
    const { name, incarnation } = from;
    const reply = (isGranted: boolean): void =>
      from.reply(id, isGranted ? PEER_STATUS.ok : PEER_STATUS.failed, version());
    grants({ name, incarnation }).then(
      (answer) => reply(answer === true),
      () => reply(false),
    );
  }
}
