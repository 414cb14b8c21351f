import type { Logger } from '../../base/index.ts';
import type { PeerView } from '../../commands/index.ts';
import type { PeerIdentity as OwnIdentity } from '../peers/identity.ts';
import type { PeerMachine } from '../peers/machine.ts';
import { PeerLink } from '../peers/peer-link.ts';
import { type Adopted, type PeerIdentity, peerKey, peersOf } from './adopted.ts';

/** What the thread sends to one incarnation of another member. */
export interface PeerRoute {
  readonly peer: PeerIdentity;
  /** `host:port` for clients, which people know the node by. */
  readonly address: string;
  readonly link: Pick<PeerLink, 'send' | 'beforeFlush' | 'isUp'>;
}

interface RoutesDeps {
  readonly identity: OwnIdentity;
  readonly machine: PeerMachine;
  readonly log: Logger;
  /** The link to this peer can send again. */
  readonly onUp: (peer: PeerIdentity) => void;
}

/** The links of one thread: one to each other member of the adopted topology that runs. */
export class PeerRoutes {
  readonly #deps: RoutesDeps;
  #routes = new Map<string, PeerRoute & { readonly link: PeerLink }>();

  constructor(deps: RoutesDeps) {
    this.#deps = deps;
  }

  /** Connects to new peers, and closes the links to those that the topology lacks. */
  follow(adopted: Adopted): void {
    const before = this.#routes;
    this.#routes = new Map();
    for (const { name, incarnation, address, peerAddress } of peersOf(adopted)) {
      const peer = { name, incarnation };
      const key = peerKey(peer);
      this.#routes.set(key, before.get(key) ?? this.#open(peer, address, peerAddress));
      before.delete(key);
    }
    for (const { link } of before.values()) link.close('the topology does not have it any more');
  }

  to(peer: PeerIdentity): PeerRoute | undefined {
    return this.#routes.get(peerKey(peer));
  }

  /** One for each link of this thread; `lagMs` says how long changes have waited for a peer. */
  views(lagMs: (peer: PeerIdentity) => number): readonly PeerView[] {
    return [...this.#routes.values()].map(({ peer, link }) => ({
      name: peer.name,
      linksUp: link.isUp ? 1 : 0,
      backlogBytes: link.backlogBytes,
      unansweredRequests: link.waitingCount,
      lagMs: lagMs(peer),
    }));
  }

  close(): void {
    for (const { link } of this.#routes.values()) link.close('this node stops');
    this.#routes.clear();
  }

  #open(peer: PeerIdentity, address: string, peerAddress: string) {
    const { identity, machine, log, onUp } = this.#deps;
    const target = { ...peer, peerAddress };
    const link = new PeerLink(target, identity, {
      machine,
      log,
      onUp: () => onUp(peer),
    });
    return { peer, address, link };
  }
}
