import { Frame, KIND, PEER_STATUS } from '../../protocol/peer.ts';
import type { Answer } from '../grants/gone-members.ts';
import type { PeerConnection } from '../peers/peer-connection.ts';
import type { PeerIdentity } from './adopted.ts';
import type { PeerRoute } from './peer-routes.ts';

interface PingParts {
  linkTo(peer: PeerIdentity): Pick<PeerRoute['link'], 'send'> | undefined;
  /** The version of the adopted topology. */
  version(): number;
  /** Asks the main thread what this member grants to the peer. */
  grants(peer: PeerIdentity): Promise<unknown>;
}

type From = Pick<PeerConnection, 'name' | 'incarnation' | 'reply'>;

/** Carries the requests for grants between the main threads of two members. */
export class Pings {
  readonly #parts: PingParts;

  constructor(parts: PingParts) {
    this.#parts = parts;
  }

  /** Resolves with the reply of the peer; undefined without one. The link bounds the time. */
  ask(peer: PeerIdentity): Promise<Answer | undefined> {
    const link = this.#parts.linkTo(peer);
    if (link === undefined) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      link.send(KIND.ping, this.#parts.version(), undefined, (reply) =>
        resolve(reply instanceof Frame ? answerIn(reply) : undefined),
      );
    });
  }

  /** Answers a peer that asks. */
  receive({ id }: Frame, from: From): void {
    const { grants, version } = this.#parts;
    const { name, incarnation } = from;
    const reply = ({ isPromised, adopted, released }: Answer): void => {
      const status = isPromised ? PEER_STATUS.ok : PEER_STATUS.failed;
      from.reply(id, status, version(), Buffer.from(`${adopted} ${released}`));
    };
    grants({ name, incarnation }).then(
      (answer) => reply((answer as Answer | undefined) ?? NOTHING),
      () => reply(NOTHING),
    );
  }
}

const NOTHING: Answer = { isPromised: false, adopted: 0, released: 0 };

/** A reply that says no versions promises nothing. */
function answerIn({ flags, bytes, start, end }: Frame): Answer | undefined {
  const [, adopted, released] =
    /^(\d{1,15}) (\d{1,15})$/.exec(bytes.toString('latin1', start, end)) ?? [];
  if (adopted === undefined) return undefined;
  const isPromised = flags === PEER_STATUS.ok;
  return { isPromised, adopted: Number(adopted), released: Number(released) };
}
