import { CacheError } from '../../../../src/client/base/errors.ts';
import type { FetchResult } from '../../../../src/client/operations/reply-handlers.ts';
import type { FetchOptions } from '../../../../src/client/option-types/calls.ts';
import type { LeasingCache } from '../../../../src/client/patterns/lease-writes.ts';
import type { ManualTiming } from '../../../support/manual-timing.ts';

interface Item {
  value: unknown;
  cas: bigint;
  /** When the placeholder expires. */
  endsAt: number;
  isLeased: boolean;
}

/** A cache of one node with leases, on the clock of the test. */
export class LeaseCache implements LeasingCache {
  readonly items = new Map<string, Item>();
  isDown = false;
  fetches = 0;
  /** The time that a fetch takes. */
  fetchMs = 0;
  readonly #timing: ManualTiming;
  #cas = 0n;

  constructor(timing: ManualTiming) {
    this.#timing = timing;
  }

  async fetch<T>(key: string, { leaseSeconds }: FetchOptions = {}): Promise<FetchResult<T>> {
    this.fetches++;
    const { fetchMs } = this;
    if (fetchMs > 0) {
      await new Promise<void>((resolve) => void this.#timing.setTimer(resolve, fetchMs));
    }
    if (this.isDown) throw new CacheError('ERR_NODE_DOWN');
    const now = this.#timing.now();
    let item = this.items.get(key);
    const facts = { ttl: 5, sizeBytes: 0, wasRead: true, idleSeconds: 0, isStale: false };
    if (item !== undefined && item.endsAt > now) {
      const value = item.value as T | undefined;
      const lease = { wonLease: false, leaseHeldByOther: item.isLeased };
      return { ...facts, ...lease, value, isHit: true, cas: item.cas };
    }
    const endsAt = now + (leaseSeconds ?? 0) * 1000;
    item = { value: item?.value, cas: ++this.#cas, endsAt, isLeased: true };
    this.items.set(key, item);
    const lease = { wonLease: true, leaseHeldByOther: false };
    return { ...facts, ...lease, value: item.value as T | undefined, isHit: true, cas: item.cas };
  }

  async cas(key: string, value: unknown, cas: bigint): Promise<'stored' | 'not-found'> {
    if (this.items.get(key)?.cas !== cas) return 'not-found';
    this.store(key, value);
    return 'stored';
  }

  store(key: string, value: unknown, endsAt = Infinity): void {
    this.items.set(key, { value, cas: ++this.#cas, endsAt, isLeased: false });
  }

  async get<T>(key: string): Promise<T | undefined> {
    return this.items.get(key)?.value as T | undefined;
  }
  async add(): Promise<'stored' | 'not-stored'> {
    return 'not-stored';
  }
  async delete(key: string): Promise<boolean> {
    return this.items.delete(key);
  }
}
