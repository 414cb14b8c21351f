import { CodedError } from '../../../base/index.ts';
import type { EtcdClient } from './etcd-client.ts';
import { EtcdError, isLeaseLost } from './etcd-error.ts';
import type { EtcdKey } from './etcd-wire.ts';

/** So many renewals within the life of a lease. */
const RENEWALS_PER_TTL = 4;
/** Changes of the value within this time are one request. */
const CHANGE_MS = 100;
const RETRY_MS = 250;
/** The value is written again after this time, because it has numbers that nobody reports. */
const REFRESH_MS = 10_000;

interface RegistrationOptions {
  readonly client: EtcdClient;
  readonly key: string;
  /** Seconds. */
  readonly ttl: number;
  /** The value of the key now. */
  readonly value: () => string;
  /** Runs before the process registers; the error says why it must not yet. */
  readonly ready: () => Promise<void>;
  /** The value of the key after `end`; it has no lease. */
  readonly lastValue: () => string;
  /** Whether an existing key is of this process: etcd may have lost its lease only. */
  readonly isOwn: (value: string) => boolean;
  /** The process has a lease; or it has none: `error` says why. */
  readonly changed: (error?: CodedError) => void;
}

/**
 * A key of this process in etcd, under a lease: it ends soon after the process. It is registered
 * again when etcd has lost it. Another process that has the key keeps it as long as it lives.
 */
export class Registration {
  readonly #options: RegistrationOptions;
  #lease: string | undefined;
  /** When the lease was renewed last, on the monotonic clock. */
  #renewedMs = 0;
  #writtenMs = 0;
  #isDirty = true;
  #isEnded = false;
  #wake: () => void = () => undefined;
  readonly #end: Promise<void>;

  constructor(options: RegistrationOptions) {
    this.#options = options;
    this.#end = this.#run();
  }

  /** The lease that the key has; undefined while it has none. */
  get lease(): string | undefined {
    return this.#lease;
  }

  /** The value has changed. */
  update(): void {
    this.#isDirty = true;
    this.#wake();
  }

  /** Writes the last value, and ends the lease with its other keys, if etcd can be reached. */
  async end(): Promise<void> {
    this.#isEnded = true;
    this.#wake();
    await this.#end;
    const lease = this.#lease;
    this.#lease = undefined;
    if (lease === undefined) return;
    const { client, key, lastValue } = this.#options;
    await client
      .put(key, lastValue())
      .then(() => client.revokeLease(lease))
      .catch(() => undefined);
  }

  async #run(): Promise<void> {
    while (!this.#isEnded) {
      const waitMs = await this.#step().catch((error: unknown) => this.#failed(error));
      await this.#wait(waitMs);
    }
  }

  /** Does what is due; resolves with the time until the next renewal. */
  async #step(): Promise<number> {
    const { client, ttl } = this.#options;
    const renewMs = (ttl * 1000) / RENEWALS_PER_TTL;
    const now = performance.now();
    const lease = this.#lease;
    if (lease === undefined) {
      await this.#register();
    } else if (this.#isDirty || now - this.#writtenMs >= REFRESH_MS) {
      await this.#put(lease);
    } else if (now - this.#renewedMs >= renewMs) {
      if (!(await client.keepLeaseAlive(lease))) return this.#lost();
      this.#renewedMs = now;
    }
    return Math.max(0, this.#renewedMs + renewMs - performance.now());
  }

  async #register(): Promise<void> {
    const { client, key, ttl } = this.#options;
    await this.#options.ready();
    const existing = await this.#existing();
    const now = performance.now();
    const lease = await client.grantLease(ttl);
    const unchanged = { key, target: 'modified', revision: existing?.modified ?? 0 } as const;
    this.#isDirty = false;
    const put = { put: key, value: this.#options.value(), lease };
    const { succeeded } = await client.transact([unchanged], [put]);
    if (!succeeded) {
      await client.revokeLease(lease);
      throw new EtcdError('ERR_ETCD', `The key ${key} in etcd has changed.`);
    }
    this.#renewedMs = now;
    this.#writtenMs = now;
    this.#lease = lease;
    this.#options.changed();
  }

  /** @throws {CodedError} `ERR_NAME_TAKEN` if another process has the key. */
  async #existing(): Promise<EtcdKey | undefined> {
    const { client, key, isOwn } = this.#options;
    const existing = await client.get(key);
    if (existing === undefined || isOwn(existing.value)) return existing;
    const advice = 'end that process, or give this node another name (--node-name)';
    throw new CodedError(
      'ERR_NAME_TAKEN',
      `Another process has the key ${key} in etcd: ${advice}. It also ends with its lease.`,
    );
  }

  async #put(lease: string): Promise<void> {
    const { client, key, value } = this.#options;
    this.#isDirty = false;
    this.#writtenMs = performance.now();
    await client.put(key, value(), lease).catch((error: unknown) => {
      this.#isDirty = true;
      throw error;
    });
  }

  #failed(error: unknown): number {
    if (!(error instanceof CodedError)) throw error;
    if (isLeaseLost(error)) return this.#lost();
    this.#options.changed(error);
    return RETRY_MS;
  }

  #lost(): number {
    this.#lease = undefined;
    this.#isDirty = true;
    const advice = 'The node registers again.';
    this.#options.changed(new EtcdError('ERR_ETCD', `The lease in etcd has run out. ${advice}`));
    return 0;
  }

  /** Waits at least CHANGE_MS, unless the registration ends, and less than `ms` after an update. */
  async #wait(ms: number): Promise<void> {
    if (this.#isEnded) return;
    await this.#pause(CHANGE_MS, () => this.#isEnded);
    if (!this.#isDirty || this.#lease === undefined) {
      await this.#pause(ms - CHANGE_MS, () => this.#isEnded || this.#isDirty);
    }
  }

  #pause(ms: number, isOver: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(end, Math.max(0, ms));
      this.#wake = () => {
        if (isOver()) end();
      };
      this.#wake();
    });
  }
}
