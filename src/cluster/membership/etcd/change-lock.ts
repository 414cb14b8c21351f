import { setInterval as every } from 'node:timers/promises';
import { CodedError, machineClock } from '../../../base/index.ts';
import type { ChangeAction } from '../../changes/change-events.ts';
import type { ClusterKeys } from './cluster-keys.ts';
import type { EtcdClient } from './etcd-client.ts';
import { EtcdError } from './etcd-error.ts';
import type { EtcdKey } from './etcd-wire.ts';
import { fieldsOf } from './fields.ts';

/** After a command that was killed, the next one waits at most so long, in seconds. */
const LOCK_SECONDS = 10;
const RENEWALS_PER_LOCK = 4;

interface Holder {
  readonly action: ChangeAction;
  /** Undefined: a new node, or all of them. */
  readonly node: string | undefined;
  /** The user, machine and process of the command. */
  readonly by: string;
}

/**
 * One command at a time changes the nodes of a cluster in etcd: it holds a key under a lease. An
 * order that must end with the command has the same lease.
 */
export class ChangeLock {
  readonly lease: string;
  readonly #client: EtcdClient;
  readonly #ended = new AbortController();
  #renewedMs = performance.now();

  private constructor(client: EtcdClient, lease: string) {
    this.#client = client;
    this.lease = lease;
    void this.#renew();
  }

  /**
   * @returns a sentence if another command has the lock.
   * @throws {EtcdError} if etcd refuses or cannot be reached.
   */
  static async take(
    client: EtcdClient,
    keys: ClusterKeys,
    holder: Holder,
  ): Promise<ChangeLock | string> {
    const lease = await client.grantLease(LOCK_SECONDS);
    const nobody = { key: keys.lock, target: 'created', revision: 0 } as const;
    const value = JSON.stringify({ ...holder, atMs: Math.round(machineClock.nowMs()) });
    const { succeeded } = await client.transact([nobody], [{ put: keys.lock, value, lease }]);
    if (succeeded) return new ChangeLock(client, lease);
    await client.revokeLease(lease);
    return `${heldText((await client.get(keys.lock))?.value)}: wait until it has ended.`;
  }

  /**
   * @param now the key of the lock
   * @throws {CodedError} `ERR_CHANGE` if the lock has been taken away, or may have run out.
   */
  check(now: Pick<EtcdKey, 'lease'> | undefined): void {
    if (now?.lease !== this.lease) {
      throw new CodedError('ERR_CHANGE', 'It was given up by `slabring nodes cancel`.');
    }
  }

  /** @throws {CodedError} `ERR_CHANGE` if the lock may have run out. */
  checkTime(): void {
    if (performance.now() - this.#renewedMs < LOCK_SECONDS * 1000) return;
    const text = `The command could not renew its lock in etcd for ${LOCK_SECONDS} s.`;
    throw new CodedError('ERR_CHANGE', `${text} What it has begun goes on without it.`);
  }

  /** Ends the lease with all keys that have it, if etcd can be reached. */
  async release(): Promise<void> {
    this.#ended.abort();
    await this.#client.revokeLease(this.lease).catch(ignoreOutage);
  }

  async #renew(): Promise<void> {
    const { signal } = this.#ended;
    const timer = every((LOCK_SECONDS * 1000) / RENEWALS_PER_LOCK, undefined, { signal });
    try {
      for await (const _ of timer) {
        const now = performance.now();
        const isAlive = await this.#client.keepLeaseAlive(this.lease).catch(ignoreOutage);
        if (isAlive === true) this.#renewedMs = now;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

function heldText(value: string | undefined): string {
  if (value === undefined) return 'Another command has just changed the nodes of the cluster';
  const by = String(fieldsOf(value)['by']);
  return `Another change is under way (slabring nodes ${heldAction(value)}, by ${by})`;
}

/** What the command that holds the lock does, such as `restart cache-2`. */
export function heldAction(value: string): string {
  const { action, node } = fieldsOf(value);
  return node === undefined ? String(action) : `${String(action)} ${String(node)}`;
}

/** The lease ends by itself when etcd is back. */
function ignoreOutage(error: unknown): undefined {
  if (error instanceof EtcdError) return undefined;
  throw error;
}
