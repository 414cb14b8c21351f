import { CodedError, machineClock } from '../../base/index.ts';
import { CacheError, createClient, listItems, NodeChannel } from '../../client/index.ts';
import { packageVersion } from '../../node/index.ts';
import {
  type Compression,
  MARK,
  newSnapshotItem,
  SnapshotEncoder,
  type SnapshotItem,
} from '../../ops/index.ts';
import type { ListedItem, Reply } from '../../protocol/client.ts';
import { readNodes } from '../../topology/index.ts';
import { nodeStats } from '../cache/node-stats.ts';
import { type CachePortAccess, explained, MetaBatch } from './cache-port.ts';
import type { DumpInput, DumpSource } from './dump-source.ts';

/** One batch is under way at a time, so the node spends little on it between other requests. */
const KEYS_PER_BATCH = 64;
const BYTES_PER_BATCH = 1 << 20;
const GET = 'v f c t h u';
const REQUEST = { verb: 'fetch', key: '', metaFlags: {} } as const;
const WORD = 2n ** 32n;
const MASK = WORD - 1n;

/**
 * The items of a node through its port for clients, as a snapshot: of a memcached, or of a node
 * without an admin port. It lists the keys, and gets them without touching the order of the node's
 * lists. What comes later than the list, and what goes before its get, is not in it.
 */
export class CachePortSource implements DumpSource {
  readonly url: string;
  readonly #access: CachePortAccess;

  constructor(node: string, access: CachePortAccess) {
    this.url = node;
    this.#access = access;
  }

  async dump(input: DumpInput): Promise<AsyncIterable<Buffer>> {
    return this.#explained(input);
  }

  failure(reason: string, cause?: unknown): CodedError {
    return new CodedError('ERR_NODE', `${this.url}: ${reason}`, { cause });
  }

  async *#explained(input: DumpInput): AsyncGenerator<Buffer> {
    try {
      yield* this.#bytes(input);
    } catch (error) {
      throw await explained(this.url, error, this.#access);
    }
  }

  async *#bytes({ compression, id, section }: DumpInput): AsyncGenerator<Buffer> {
    const [node] = readNodes([this.url]);
    const channel = await NodeChannel.open(node!, this.#access);
    try {
      const pieces: Buffer[] = [];
      const write = (bytes: Buffer) => void pieces.push(Buffer.from(bytes));
      const encoder = await this.#encoder(write, compression, id, section);
      for await (const listed of listItems(node!, this.#access)) {
        for (const batch of batchesOf(listed)) {
          await new Batch(batch, encoder).copy(channel);
          yield* pieces.splice(0);
        }
      }
      encoder.finish();
      yield* pieces;
    } finally {
      channel.close();
    }
  }

  async #encoder(
    write: (bytes: Buffer) => void,
    compression: Compression,
    id: string,
    section: number,
  ): Promise<SnapshotEncoder> {
    const facts = {
      created: Math.floor(machineClock.nowMs() / 1000),
      program: packageVersion(),
      node: this.url,
      items: await this.#itemCount(),
      // The node does not say it. Each item has its own CAS id.
      lastCas: 0,
      options: {},
    };
    const name = { id: Buffer.from(id, 'hex'), section };
    return new SnapshotEncoder(write, facts, compression, name);
  }

  async #itemCount(): Promise<number> {
    const { login, tls, deadlineMs } = this.#access;
    const access = { ...(login && { login }), ...(tls && { tls }) };
    const cache = createClient({ nodes: [this.url], deadlineMs, ...access });
    try {
      return Number((await nodeStats(cache)).get('curr_items') ?? 0);
    } finally {
      await cache.close();
    }
  }
}

function* batchesOf(listed: readonly ListedItem[]): Generator<readonly ListedItem[]> {
  let batch: ListedItem[] = [];
  let bytes = 0;
  for (const item of listed) {
    batch.push(item);
    bytes += item.bytes;
    if (batch.length < KEYS_PER_BATCH && bytes < BYTES_PER_BATCH) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}

/** Some items on their way from a node into a snapshot. */
class Batch {
  readonly #listed: readonly ListedItem[];
  readonly #encoder: SnapshotEncoder;
  readonly #item: SnapshotItem = newSnapshotItem();

  constructor(listed: readonly ListedItem[], encoder: SnapshotEncoder) {
    this.#listed = listed;
    this.#encoder = encoder;
  }

  async copy(channel: NodeChannel): Promise<void> {
    const batch = new MetaBatch();
    for (const { key } of this.#listed) batch.addGet(key, GET);
    await channel.exchange(batch.bytes, REQUEST, batch.count, (reply, nth) => {
      if (reply.status === 'refused') throw new CacheError('ERR_REFUSED', { detail: reply.line });
      if (reply.status === 'value') this.#add(this.#listed[nth]!, reply);
    });
  }

  #add({ key, accessedAt, isFetched }: ListedItem, reply: Reply): void {
    const { ttl = -1, cas = 0n, flags, start, end, bytes } = reply;
    const item = this.#item;
    const keyBytes = Buffer.from(key, 'latin1');
    item.keyBytes = keyBytes.length;
    item.valueBytes = end - start;
    item.clientFlags = flags;
    item.access = accessedAt;
    item.expiry = ttl < 0 ? 0 : Math.floor(machineClock.nowMs() / 1000) + ttl;
    item.casHigh = Number(cas / WORD);
    item.casLow = Number(cas & MASK);
    item.hits = isFetched ? 1 : 0;
    item.marks =
      (isFetched ? MARK.fetched : 0) |
      (reply.isStale ? MARK.stale : 0) |
      (reply.leaseHeldByOther ? MARK.leased : 0);
    this.#encoder.beginItem(item, keyBytes, 0);
    this.#encoder.addPiece(bytes, start, end);
  }
}
