import { silentLogger } from '../../base/index.ts';
import type { Guest } from '../../node/index.ts';
import { decodeTopology, memberOf } from '../../topology/index.ts';
import type { PeerIdentity as LinkIdentity } from '../peers/identity.ts';
import { type PeerMachine, peerMachine } from '../peers/machine.ts';
import { PeerLink } from '../peers/peer-link.ts';
import { adoptedBy, type PeerIdentity, peerKey } from '../thread/adopted.ts';
import { ThreadDelays } from '../thread/thread-delays.ts';
import { machineTimers } from '../thread/timers.ts';
import type { FillOrder } from './fill-keeper.ts';
import { FillPlan } from './fill-plan.ts';
import { type FillOutcome, FillRun } from './fill-run.ts';
import { FillShare } from './fill-share.ts';

/** What the thread of a fill gets; it survives a structured clone. */
export interface FillJob extends FillOrder {
  /** The bytes of the secret become a Uint8Array on their way to the thread. */
  readonly identity: Omit<LinkIdentity, 'secret'> & { readonly secret: Uint8Array };
  /** The threads that serve clients, by their numbers in the operating system. */
  readonly threads: readonly number[];
}

/** Runs one fill, on a thread of its own, with connections of its own. */
export default async function runFill(guest: Guest, job: FillJob): Promise<FillOutcome> {
  const { store } = guest;
  guest.lowerPriority();
  const machine = peerMachine();
  const delays = new ThreadDelays(job.threads);
  const links = new FillLinks(job, machine);
  try {
    const copies = store.copies();
    const fill = new FillRun({
      plan: planOf(job),
      walkKeys: () => store.walkKeys(),
      fastWalk: guest.fastWalk(),
      items: store.view.itemCount(),
      nowSeconds: () => store.clock.now(),
      copies,
      timers: machineTimers(machine),
      share: new FillShare(job.share),
      delayMs: () => delays.meanMs(),
      soon: (run) => void setImmediate(run),
      linkTo: (peer) => links.to(peer),
    });
    return await fill.run();
  } finally {
    links.close();
  }
}

function planOf({ topologies, self, complete }: FillJob): FillPlan {
  const [now, ...past] = topologies.map((text) => adoptedBy(decodeTopology(text), self));
  return new FillPlan(now!, past, (peer) => complete.get(peerKey(peer)) ?? 0);
}

class FillLinks {
  readonly #identity: LinkIdentity;
  readonly #newest: string;
  readonly #machine: PeerMachine;
  readonly #links: PeerLink[] = [];

  constructor({ identity, topologies }: FillJob, machine: PeerMachine) {
    this.#identity = { ...identity, secret: Buffer.from(identity.secret) };
    this.#newest = topologies[0]!;
    this.#machine = machine;
  }

  to({ name, incarnation }: PeerIdentity): PeerLink {
    const { peerAddress } = memberOf(decodeTopology(this.#newest), name)!;
    const target = { name, incarnation, peerAddress };
    const deps = { machine: this.#machine, log: silentLogger };
    const link = new PeerLink(target, this.#identity, deps);
    this.#links.push(link);
    return link;
  }

  close(): void {
    for (const link of this.#links) link.close();
  }
}
