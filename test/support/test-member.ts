import type { LocalMembership } from '../../src/cluster/membership/local-membership.ts';
import type { MemberReport } from '../../src/cluster/node/main-cluster.ts';
import { type ClusterTopology, decodeTopology } from '../../src/topology/index.ts';
import { NOTHING_MOVED } from './nothing-moved.ts';

/** A node of the test: it follows each topology at once, unless it is told to be slow. */
export class TestMember {
  readonly name: string;
  readonly address: string;
  readonly #membership: LocalMembership;
  incarnation = 0;
  peerPort: number;
  isSlow = false;
  kills = 0;
  topology: ClusterTopology | undefined;

  constructor(membership: LocalMembership, nth: number) {
    this.#membership = membership;
    this.name = `node-${nth}`;
    this.address = `127.0.0.1:${11210 + nth}`;
    this.peerPort = 21210 + nth;
  }

  /** A process starts and listens. */
  start(hasRestored = false): void {
    ({ incarnation: this.incarnation } = this.#membership.starting(this.name));
    this.peerPort += 100;
    const { incarnation, peerPort } = this;
    this.#membership.listening(this.name, { incarnation, peerPort, hasRestored });
  }

  end(willReturn = false): void {
    this.#membership.ended(this.name, willReturn);
  }

  publish(text: string): void {
    this.topology = decodeTopology(text);
    queueMicrotask(() => this.isSlow || this.report());
  }

  killProcess(): void {
    this.kills++;
  }

  /** It has done all that its topology asks for, and cannot reach these members. */
  report(...unreachable: readonly string[]): void {
    const { version = 0 } = this.topology ?? {};
    const at = { adopted: version, complete: version, clean: version };
    const { name, incarnation } = this;
    const report: MemberReport = { name, incarnation, ...at, ...NOTHING_MOVED, unreachable };
    this.#membership.reported(name, report);
  }
}
