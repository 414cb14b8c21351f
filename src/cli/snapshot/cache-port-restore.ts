import { Writable } from 'node:stream';
import { machineClock } from '../../base/index.ts';
import { CacheError, NodeChannel } from '../../client/index.ts';
import {
  MARK,
  newRestoreCounts,
  type RestoreOutcome,
  SnapshotDecoder,
  type SnapshotItem,
  type SnapshotReceiver,
} from '../../ops/index.ts';
import type { Reply, StoreRequest } from '../../protocol/client.ts';
import { readNodes } from '../../topology/index.ts';
import { type CachePortAccess, explained, MetaBatch } from './cache-port.ts';
import type { RestoreTarget, Upload } from './restore-target.ts';

const NO_BYTES = Buffer.alloc(0);

/**
 * Restores into a node through its port for clients: a memcached, or a node without an admin port.
 * A command can store neither CAS ids nor hits, and no stale values: those are left out.
 */
export class CachePortTarget implements RestoreTarget {
  readonly url: string;
  readonly node: string;
  readonly #access: CachePortAccess;

  constructor(node: string, access: CachePortAccess) {
    this.url = node;
    this.node = node;
    this.#access = access;
  }

  async restore(replaces: boolean): Promise<Upload> {
    const [node] = readNodes([this.node]);
    try {
      const channel = await NodeChannel.open(node!, this.#access);
      const request = new CachePortWriter(channel, replaces);
      const outcome = request.outcome.catch(async (error: unknown) => {
        throw await explained(this.node, error, this.#access);
      });
      outcome.catch(() => request.destroy());
      return { request, outcome };
    } catch (error) {
      throw await explained(this.node, error, this.#access);
    }
  }
}

/** Takes the bytes of a snapshot, and stores its items. */
class CachePortWriter extends Writable implements SnapshotReceiver {
  readonly outcome: Promise<RestoreOutcome>;
  readonly #channel: NodeChannel;
  /** What the replies answer. */
  readonly #kind: StoreRequest;
  readonly #counts = newRestoreCounts();
  readonly #decoder = new SnapshotDecoder(this);
  readonly #batch = new MetaBatch();
  /** Bytes of the keys and values in the batch, by request. */
  #sizes: number[] = [];
  #large = NO_BYTES;
  #largeAt = 0;
  readonly #startedAtMs = machineClock.nowMs();
  readonly #settle: PromiseWithResolvers<RestoreOutcome>;

  constructor(channel: NodeChannel, replaces: boolean) {
    super();
    this.#channel = channel;
    const mode = replaces ? 'set' : 'add';
    this.#kind = { verb: 'store', mode, key: '', value: '', flags: 0, exptime: 0, cas: undefined };
    this.#settle = Promise.withResolvers();
    this.outcome = this.#settle.promise;
    this.on('error', this.#settle.reject);
  }

  override _write(bytes: Buffer, _encoding: string, done: (error?: Error) => void): void {
    this.#take(() => this.#decoder.push(bytes)).then(() => done(), done);
  }

  override _final(done: (error?: Error) => void): void {
    this.#take(() => this.#decoder.end()).then(() => {
      const seconds = (machineClock.nowMs() - this.#startedAtMs) / 1000;
      const totals = this.#decoder.totals.view();
      this.#settle.resolve({ counts: this.#counts, totals, facts: [], seconds });
      done();
    }, done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#channel.close();
    done(error);
  }

  facts(): void {}

  item(item: SnapshotItem, bytes: Buffer, keyAt: number, valueAt: number): void {
    if (!this.#begin(item, bytes, keyAt)) return;
    this.#batch.addValue(bytes.subarray(valueAt, valueAt + item.valueBytes));
  }

  begin(item: SnapshotItem, bytes: Buffer, keyAt: number): void {
    this.#large = Buffer.allocUnsafeSlow(item.valueBytes);
    this.#largeAt = 0;
    this.#largeItem = { ...item };
    this.#largeKey = Buffer.from(bytes.subarray(keyAt, keyAt + item.keyBytes));
  }
  #largeItem: SnapshotItem | undefined;
  #largeKey = NO_BYTES;

  piece(bytes: Buffer, start: number, end: number): void {
    this.#largeAt += bytes.copy(this.#large, this.#largeAt, start, end);
  }

  commit(): void {
    if (this.#begin(this.#largeItem!, this.#largeKey, 0)) this.#batch.addValue(this.#large);
    this.drop();
  }

  drop(): void {
    this.#large = NO_BYTES;
    this.#largeItem = undefined;
  }

  /** Adds the line of a request; false if the item is not to be restored. */
  #begin(item: SnapshotItem, bytes: Buffer, keyAt: number): boolean {
    const { expiry, keyBytes, valueBytes, clientFlags, marks } = item;
    const hasExpired = expiry !== 0 && expiry <= machineClock.nowMs() / 1000;
    if (hasExpired || (marks & (MARK.stale | MARK.leased)) !== 0) {
      this.#counts.expired++;
      return false;
    }
    const key = bytes.toString('latin1', keyAt, keyAt + keyBytes);
    const mode = this.#kind.mode === 'add' ? ' ME' : '';
    this.#batch.addStore(key, valueBytes, `F${clientFlags} T${expiry}${mode}`);
    this.#sizes.push(keyBytes + valueBytes);
    return true;
  }

  /** Decodes, and sends what was decoded. */
  async #take(decode: () => void): Promise<void> {
    decode();
    const batch = this.#batch;
    await this.#channel.exchange(batch.bytes, this.#kind, batch.count, (reply, nth) =>
      this.#count(reply, this.#sizes[nth]!),
    );
    batch.clear();
    this.#sizes = [];
  }

  #count({ status, line }: Reply, bytes: number): void {
    const counts = this.#counts;
    if (status === 'done') {
      counts.restored++;
      counts.restoredBytes += bytes;
    } else if (status === 'not-stored') counts.existed++;
    else if (/too large/.test(line)) counts.tooLarge++;
    else if (/out of memory/.test(line)) counts.noMemory++;
    else throw new CacheError('ERR_REFUSED', { detail: line });
  }
}
