/** How a node of `slabring serve` joins a cluster. */
import { CodedError, type Logger } from '../../base/index.ts';
import {
  type MainCluster,
  type Membership,
  type NodeFacts,
  type Renewal,
  SupervisedMembership,
} from '../../cluster/index.ts';
import type { OpenedMember } from '../../cluster/member.ts';
import type { RunningNode, StartExtras } from '../../node/index.ts';
import { BY_SUPERVISOR } from '../options/join-options.ts';
import type { Proxied } from '../terminal/serve-page.ts';
import { type JoinOptions, loadMember, openEtcdMembership } from './etcd-join.ts';
import type { Host } from './host.ts';

/** What a node runs beside itself to be a member, or a proxy. */
export interface NodeJoin {
  /** Known once the node has started; undefined for a node that has items. */
  readonly proxied: Proxied | undefined;
  /** Resolves before the node starts, with what it starts with. */
  extras(): Promise<Pick<StartExtras, 'cluster' | 'beforeDraining'>>;
  /** The node listens; returns its port for other members, if it has joined a cluster. */
  follow(
    node: Pick<RunningNode, 'cluster' | 'control' | 'runGuest'>,
    facts: () => NodeFacts,
  ): number | undefined;
  /** Resolves if the process must begin again, as a new one without items. */
  readonly renewal: Promise<Renewal>;
  /** Only of a proxy that meters: changes what its clients may use in a second, in ECPU. */
  readonly limitEcpu?: ((perSecondMax: number) => void) | undefined;
  /** The node has ended. */
  end(): Promise<void>;
}

/** The part that a node takes in a cluster; a node in no cluster does nothing here. */
export class NodeMembership implements NodeJoin {
  readonly #opening: Promise<Membership | undefined>;
  readonly #log: Logger;
  readonly #peerPort: number;
  readonly #readsCopies: boolean;
  readonly #isProxy: boolean;
  readonly #ecpuPerSecondMax: number | undefined;
  #membership: Membership | undefined;
  #opened: OpenedMember | undefined;
  #member: MainCluster | undefined;

  /**
   * Begins to ask who the node is. The order of the supervisor can be the first message, so this
   * runs before any wait.
   */
  constructor(
    { peerPort, weight, replicaReads }: Pick<JoinOptions, 'peerPort' | 'weight' | 'replicaReads'>,
    log: Logger,
    open: () => Promise<Membership | undefined>,
    ecpuPerSecondMax?: number,
  ) {
    this.#log = log;
    this.#peerPort = peerPort;
    this.#readsCopies = replicaReads;
    this.#isProxy = weight === 0;
    this.#ecpuPerSecondMax = ecpuPerSecondMax;
    this.#opening = open();
    // A failure counts when the node needs the membership.
    this.#opening.catch(() => {});
  }

  get proxied(): Proxied | undefined {
    const { cluster } = this.#membership?.identity ?? {};
    return this.#isProxy && cluster !== undefined ? { cluster } : undefined;
  }

  /** @throws {CodedError} `ERR_JOIN` if the membership does not say who the node is. */
  async extras(): Promise<Pick<StartExtras, 'cluster' | 'beforeDraining'>> {
    const membership = await this.#opening;
    if (membership === undefined) return {};
    this.#membership = membership;
    const { identity, peerHost, grantMs } = membership;
    const renew = (reason: string): void => membership.renew(reason);
    const { openMember } = await loadMember();
    const opened = openMember({
      identity,
      peerHost,
      peerPort: this.#peerPort,
      readsCopies: this.#readsCopies,
      grantMs,
      ecpuPerSecondMax: this.#ecpuPerSecondMax,
      log: this.#log,
      renew,
    });
    membership.onEnded?.((ended, inOrder) => opened.ended(ended, inOrder));
    this.#opened = opened;
    // A node that ends fills nobody any more.
    return { cluster: this.#opened.start, beforeDraining: () => void this.#member?.end() };
  }

  follow(
    node: Pick<RunningNode, 'cluster' | 'control' | 'runGuest'>,
    facts: () => NodeFacts,
  ): number | undefined {
    if (this.#membership === undefined) return undefined;
    this.#member = this.#opened!.attach(node);
    this.#membership.follow(this.#member, facts);
    return this.#member.peerPort;
  }

  get limitEcpu(): NodeJoin['limitEcpu'] {
    if (this.#ecpuPerSecondMax === undefined) return undefined;
    return (perSecondMax) => this.#opened?.limitEcpu(perSecondMax);
  }

  get renewal(): Promise<Renewal> {
    return this.#membership?.renewal ?? new Promise(() => {});
  }

  async end(): Promise<void> {
    this.#opened?.close();
    await this.#membership?.close();
    await this.#member?.end();
  }
}

/** As `--join` says. */
export async function openMembership(
  options: JoinOptions,
  { events, supervisor }: Pick<Host, 'events' | 'supervisor'>,
  log: Logger,
): Promise<Membership | undefined> {
  const { join } = options;
  if (join === '') return undefined;
  if (join !== BY_SUPERVISOR) return openEtcdMembership(options, log);
  if (supervisor === undefined) {
    const text = '--join=supervisor is for nodes that `slabring cluster` starts: use that command.';
    throw new CodedError('ERR_USAGE', text);
  }
  const send = (message: object): void => supervisor.send(message);
  return SupervisedMembership.open({ events, send }, log);
}

/** What a process that begins again adds to its command line: of two options the last counts. */
export const memoryArgument = ({ memoryLimitBytes }: Renewal): readonly string[] =>
  memoryLimitBytes === undefined ? [] : [`--memory-limit=${Math.ceil(memoryLimitBytes / 1024)}k`];
