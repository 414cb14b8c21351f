import { setTimeout as pause } from 'node:timers/promises';
import { CodedError, type Logger } from '../../base/index.ts';
import { decodeTopology } from '../../topology/index.ts';
import { type FoundSupervisor, order } from '../control/control-client.ts';
import type { ClusterIdentity } from '../control/messages.ts';
import type { MainCluster } from '../node/main-cluster.ts';
import { newIncarnation } from './incarnation.ts';
import type { MemberIdentity, Membership, Renewal } from './membership.ts';
import { PEER_HOST } from './supervised.ts';

/** How often a proxy looks for a supervisor that has ended. */
const LOOK_MS = 1000;
/** A supervisor says who the cluster is within this time. */
const IDENTITY_MS_MAX = 5000;

interface ProxyOptions {
  readonly name: string;
  /** For listings; undefined for a proxy without a port of its own. */
  readonly address: string | undefined;
  /** @throws {CodedError} if there is none. */
  readonly find: () => Promise<Pick<FoundSupervisor, 'socketPath'>>;
  /** Whether clients with auto discovery learn of the nodes (`config get cluster`). */
  readonly publishes: boolean;
  readonly log: Logger;
}

/**
 * The membership of a proxy of a cluster on one machine. It follows the topology on the socket of
 * the supervisor, which is for its user only, and is a member as long as that connection is open.
 */
export class ProxyMembership implements Membership {
  readonly identity: MemberIdentity;
  readonly peerHost = PEER_HOST;
  readonly renewal: Promise<Renewal>;
  readonly #options: ProxyOptions;
  readonly #ending = new AbortController();
  #renew!: (renewal: Renewal) => void;
  #ended: Promise<void> = Promise.resolve();
  #refusal = '';

  private constructor(options: ProxyOptions, { cluster, publishes, secret }: ClusterIdentity) {
    const incarnation = newIncarnation();
    const { name } = options;
    this.#options = options;
    this.identity = {
      ...{ cluster, name, incarnation, secret: Buffer.from(secret, 'hex') },
      publishes: publishes && options.publishes,
    };
    this.renewal = new Promise((resolve) => {
      this.#renew = resolve;
    });
  }

  /** @throws {CodedError} if there is no supervisor, or it does not say who the cluster is. */
  static async open(options: ProxyOptions): Promise<ProxyMembership> {
    const { socketPath } = await options.find();
    return new ProxyMembership(options, await identityAt(socketPath));
  }

  renew(reason: string): void {
    this.#renew({ reason });
  }

  follow(member: MainCluster): void {
    this.#ended = this.#followUntilEnd(member);
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await this.#ended;
  }

  async #followUntilEnd(member: MainCluster): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      const hasFollowed = await this.#follow(member).catch(ignoreFailure);
      if (hasFollowed) {
        if (!signal.aborted) member.membershipReached(false);
        return this.#awaitSupervisor();
      }
      await pause(LOOK_MS, undefined, { signal }).catch(() => {});
    }
  }

  /** Resolves when the supervisor ends the connection, with whether it was a member. */
  async #follow(member: MainCluster): Promise<boolean> {
    const { name, address, find } = this.#options;
    const { incarnation } = this.identity;
    const own = address ?? `${PEER_HOST}:${member.peerPort}`;
    const request = { verb: 'follow', name, address: own, incarnation, pid: process.pid } as const;
    const { socketPath } = await find();
    let hasFollowed = false;
    for await (const reply of quietly(order(socketPath, request, this.#ending.signal))) {
      if (reply.event === 'identity' && !this.#isOwn(reply)) {
        this.#renew({ reason: 'The cluster has started again.' });
      } else if (reply.event === 'refused') this.#tell(reply.reason);
      else if (reply.event === 'topology') {
        hasFollowed = true;
        const { text, reason, by, atMs } = reply;
        member.adopt(decodeTopology(text), { reason, by, atMs });
      }
    }
    return hasFollowed;
  }

  /** A process that has missed a topology begins again, and so does one of a new secret. */
  async #awaitSupervisor(): Promise<void> {
    const { signal } = this.#ending;
    if (signal.aborted) return;
    const text = 'The supervisor of the cluster has closed the connection, or has ended.';
    this.#options.log.warn({}, `${text} The proxy waits for it.`);
    while (!signal.aborted) {
      const found = await this.#options.find().catch(ignoreFailure);
      if (found) return this.#renew({ reason: 'The supervisor of the cluster is there again.' });
      await pause(LOOK_MS, undefined, { signal }).catch(() => {});
    }
  }

  #isOwn({ secret, cluster }: ClusterIdentity): boolean {
    return cluster === this.identity.cluster && this.identity.secret.toString('hex') === secret;
  }

  /** A reason that repeats is one line of the log. */
  #tell(reason: string): void {
    if (reason === this.#refusal) return;
    this.#refusal = reason;
    this.#options.log.warn({}, `The supervisor refuses this proxy: ${reason} It tries again.`);
  }
}

/** @throws {CodedError} `ERR_JOIN` */
async function identityAt(socketPath: string): Promise<ClusterIdentity> {
  const signal = AbortSignal.timeout(IDENTITY_MS_MAX);
  for await (const reply of order(socketPath, { verb: 'identity' }, signal)) {
    if (reply.event === 'identity') return reply;
    if (reply.event === 'refused') throw new CodedError('ERR_JOIN', reply.reason);
  }
  throw new CodedError('ERR_JOIN', 'The supervisor of the cluster does not reply: start again.');
}

/** A connection that breaks ends the replies. */
async function* quietly<T>(replies: AsyncGenerator<T>): AsyncGenerator<T> {
  try {
    yield* replies;
  } catch (error) {
    ignoreFailure(error);
  }
}

/** @throws what is a bug. */
function ignoreFailure(error: unknown): undefined {
  if (error instanceof CodedError) return undefined;
  throw error;
}
