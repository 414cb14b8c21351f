import type { CodedError, Logger } from '../../src/base/index.ts';
import type { PeerIdentity } from '../../src/cluster/peers/identity.ts';
import type { PeerConnection, PeerService } from '../../src/cluster/peers/peer-connection.ts';
import type { LinkLimits, ListenerLimits } from '../../src/cluster/peers/peer-limits.ts';
import { PeerLink } from '../../src/cluster/peers/peer-link.ts';
import { PeerListener } from '../../src/cluster/peers/peer-listener.ts';
import type { Settle } from '../../src/cluster/peers/waiting-replies.ts';
import { Frame, KIND, PEER_STATUS } from '../../src/protocol/peer.ts';
import { PeerNetwork } from './peer-network.ts';
import { Random } from './random.ts';
import { recordingLog } from './recording-log.ts';

export const SECRET = Buffer.from('a secret of 16 bytes or more');
export const ADDRESS = 'b.test:7000';

export const identityOf = (name: string, changes: Partial<PeerIdentity> = {}): PeerIdentity => ({
  cluster: 'test',
  name,
  incarnation: 1,
  secret: SECRET,
  ...changes,
});

/** Replies with the payload of the request, and its version. */
export const echo: PeerService = {
  accepts: () => true,
  request: (frame, from) => {
    from.reply(frame.id, PEER_STATUS.ok, frame.version, frame.copyPayload());
  },
};

/** Keeps the requests until a test replies. */
export class HeldRequests implements PeerService {
  readonly held: { readonly frame: Frame; readonly from: PeerConnection }[] = [];
  readonly ended: PeerConnection[] = [];

  accepts(): boolean {
    return true;
  }

  request(frame: Frame, from: PeerConnection): void {
    this.held.push({ frame: frame.copy(), from });
  }

  closed(from: PeerConnection): void {
    this.ended.push(from);
  }
}

/** What `settle` was called with: the payloads of replies, and the codes of errors. */
export class Settled {
  readonly results: string[] = [];

  readonly next = (): Settle => {
    let calls = 0;
    return (reply: Frame | CodedError) => {
      if (++calls > 1) throw new Error('settle was called twice');
      const isReply = reply instanceof Frame;
      this.results.push(isReply ? `${reply.flags} ${reply.payloadText()}` : reply.code);
    };
  };
}

interface PairOptions {
  readonly seed?: number;
  readonly service?: PeerService;
  readonly link?: Partial<LinkLimits>;
  readonly listener?: Partial<ListenerLimits>;
  readonly identity?: PeerIdentity;
  readonly incarnation?: number | undefined;
}

/** A node `b` that listens in a network in memory, and links of a node `a` to it. */
export class Peers {
  readonly network: PeerNetwork;
  readonly listener: PeerListener;
  readonly logged: readonly string[];
  readonly log: Logger;
  readonly settled = new Settled();
  readonly ups: string[] = [];
  readonly #options: PairOptions;

  static async start(options: PairOptions = {}): Promise<Peers> {
    const peers = new Peers(options);
    await peers.listener.listen('b.test', 7000, true);
    return peers;
  }

  private constructor(options: PairOptions) {
    this.#options = options;
    this.network = new PeerNetwork(new Random(options.seed ?? 1));
    const { log, texts } = recordingLog();
    this.log = log;
    this.logged = texts;
    const deps = { machine: this.network.machine(), log, limits: options.listener ?? {} };
    this.listener = new PeerListener(identityOf('b'), options.service ?? echo, deps);
  }

  link(to: { readonly name?: string; readonly peerAddress?: string } = {}): PeerLink {
    const { identity = identityOf('a'), link: limits = {}, incarnation = 1 } = this.#options;
    return new PeerLink({ name: 'b', peerAddress: ADDRESS, incarnation, ...to }, identity, {
      machine: this.network.machine(),
      log: this.log,
      limits,
      onUp: () => void this.ups.push('up'),
      onDown: (error) => void this.ups.push(error.code),
    });
  }

  /** Sends a ping whose result lands in `settled`. */
  ping(link: PeerLink, text: string): void {
    link.send(KIND.ping, 3, Buffer.from(text), this.settled.next());
  }

  forward(link: PeerLink, bytes: number): void {
    link.send(KIND.forward, 3, Buffer.alloc(bytes, 'x'), this.settled.next());
  }
}
