import type { EventEmitter } from 'node:events';
import { CodedError, type Logger } from '../../base/index.ts';
import {
  type ClusterTopology,
  decodeTopology,
  formatAddress,
  TopologyError,
} from '../../topology/index.ts';
import type { ChangeCause, MainCluster } from '../node/main-cluster.ts';
import { type JoinOrder, readMemberOrder } from '../node-messages.ts';
import type { StartedProcess } from '../process-watcher.ts';
import type { MemberIdentity, Membership, Renewal } from './membership.ts';

/** The supervisor sends the order to join as soon as it has started the process. */
const JOIN_MS_MAX = 15_000;
/** All members run on one machine, and only its own processes reach them here. */
export const PEER_HOST = '127.0.0.1';
/** Reports within this time are one message. */
const REPORT_INTERVAL_MS = 50;

/** The channel to the supervisor. */
interface SupervisorChannel {
  readonly events: Pick<EventEmitter, 'on' | 'off'>;
  send(message: object): void;
}

/** The membership of a node that `slabring cluster` has started. */
export class SupervisedMembership implements Membership {
  readonly identity: MemberIdentity;
  readonly peerHost = PEER_HOST;
  readonly renewal: Promise<Renewal>;
  #renew!: (renewal: Renewal) => void;
  readonly #channel: SupervisorChannel;
  readonly #log: Logger;
  readonly #onMessage: (message: unknown) => void;
  /** The newest one; the member may not be there yet. */
  #topology: ClusterTopology | undefined;
  #cause: ChangeCause | undefined;
  #member: MainCluster | undefined;
  #reportTimer: NodeJS.Timeout | undefined;

  private constructor(channel: SupervisorChannel, identity: MemberIdentity, log: Logger) {
    this.#channel = channel;
    this.identity = identity;
    this.renewal = new Promise((resolve) => {
      this.#renew = resolve;
    });
    this.#log = log;
    this.#onMessage = (message) => this.#take(message);
    channel.events.on('message', this.#onMessage);
  }

  /**
   * Waits for the order to join.
   * @throws {CodedError} `ERR_JOIN` if the supervisor sends none within the bound.
   */
  static async open(channel: SupervisorChannel, log: Logger): Promise<SupervisedMembership> {
    const { type: _, secret, ...names } = await joinOrder(channel);
    const identity = { ...names, secret: Buffer.from(secret, 'hex') };
    return new SupervisedMembership(channel, identity, log);
  }

  renew(reason: string): void {
    this.#renew({ reason });
  }

  follow(member: MainCluster): void {
    this.#member = member;
    member.onReport(() => this.#reportSoon());
    if (this.#topology !== undefined) member.adopt(this.#topology, this.#cause);
  }

  async close(): Promise<void> {
    this.#channel.events.off('message', this.#onMessage);
    clearTimeout(this.#reportTimer);
    this.#reportTimer = undefined;
    this.#member = undefined;
  }

  #take(message: unknown): void {
    const order = readMemberOrder(message);
    if (order?.type !== 'topology') return;
    const topology = this.#decoded(order.text);
    if (topology === undefined || topology.version <= (this.#topology?.version ?? 0)) return;
    const { reason, by, atMs } = order;
    this.#topology = topology;
    this.#cause = { reason, by, atMs };
    this.#member?.adopt(topology, this.#cause);
  }

  #decoded(text: string): ClusterTopology | undefined {
    try {
      return decodeTopology(text);
    } catch (error) {
      if (!(error instanceof TopologyError)) throw error;
      this.#log.error({}, `The supervisor sent a topology that is not valid: ${error.message}`);
      return undefined;
    }
  }

  #reportSoon(): void {
    if (this.#member === undefined) return;
    this.#reportTimer ??= setTimeout(() => this.#report(), REPORT_INTERVAL_MS);
  }

  #report(): void {
    this.#reportTimer = undefined;
    if (this.#member === undefined) return;
    this.#channel.send({ type: 'report', ...this.#member.report() });
  }
}

const noOrder = (): CodedError => {
  const text = 'The supervisor has not told the node which cluster it joins.';
  return new CodedError('ERR_JOIN', `${text} Start it with \`slabring cluster\`.`);
};

function joinOrder({ events }: SupervisorChannel): Promise<JoinOrder> {
  return new Promise((resolve, reject) => {
    const settle = (order: JoinOrder | undefined): void => {
      clearTimeout(timer);
      events.off('message', onMessage);
      events.off('disconnect', onDisconnect);
      if (order === undefined) reject(noOrder());
      else resolve(order);
    };
    const onMessage = (message: unknown): void => {
      const order = readMemberOrder(message);
      if (order?.type === 'join') settle(order);
    };
    const onDisconnect = (): void => settle(undefined);
    const timer = setTimeout(onDisconnect, JOIN_MS_MAX);
    events.on('message', onMessage);
    events.on('disconnect', onDisconnect);
  });
}

/** A node without a port for other members has only its own address. */
export function peerAddressOf({ peerPort }: StartedProcess, address: string): string {
  return peerPort === 0 ? address : formatAddress({ host: PEER_HOST, port: peerPort });
}
