import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { TestServer } from '../../test/support/server.ts';
import { type BatchReply, ReplyReader } from './reply-reader.ts';
import { KEY_BYTES, VALUE_BYTES_MAX } from './value-sizes.ts';
import type { Workload } from './workloads.ts';

/** Gets in one batch; the sets of its misses go with the next. */
const BATCH_KEYS = 50;
const COMMAND_BYTES_MAX = 64;
const PROGRESS_EVERY_MS = 500;

/** The counts of a replay. */
export interface ReplayCounts {
  gets: number;
  misses: number;
  stored: number;
  refused: number;
}

const keyOf = (id: number): string => `k${String(id).padStart(KEY_BYTES - 1, '0')}`;

/**
 * Requests every key in order, cache-aside: a get, and after a miss a set. Fifty gets share one
 * command, and the sets for their misses precede the next fifty gets. There is one connection, so
 * every server receives the same requests in the same order.
 */
export async function replay(
  server: TestServer,
  workload: Workload,
  onProgress: (requests: number) => void,
): Promise<ReplayCounts> {
  const socket = await connected(server);
  const connection = new BatchConnection(socket, workload);
  const counts: ReplayCounts = { gets: 0, misses: 0, stored: 0, refused: 0 };
  const rateLimiter = new RateLimiter(workload.rate);
  const { requests } = workload;
  let missed: readonly number[] = [];
  let reportedMs = performance.now();
  try {
    for (let at = 0; at < requests.length; at += BATCH_KEYS) {
      const ids = requests.subarray(at, at + BATCH_KEYS);
      missed = countBatch(counts, ids, await connection.exchange(missed, ids));
      if (rateLimiter.isAhead(at)) await rateLimiter.waitForRate(at);
      if (performance.now() - reportedMs < PROGRESS_EVERY_MS) continue;
      reportedMs = performance.now();
      onProgress(at);
    }
  } finally {
    socket.destroy();
  }
  return counts;
}

/** Counts a batch; returns the keys to set, each once. */
function countBatch(counts: ReplayCounts, ids: Uint32Array, reply: BatchReply): readonly number[] {
  const missed = [...ids].filter((id) => !reply.hits.has(keyOf(id)));
  counts.gets += ids.length;
  counts.misses += missed.length;
  counts.stored += reply.stored;
  counts.refused += reply.refused;
  return [...new Set(missed)];
}

/** Limits a replay to its rate, in requests per second. */
class RateLimiter {
  readonly #rate: number;
  readonly #startMs = performance.now();

  constructor(rate = Number.POSITIVE_INFINITY) {
    this.#rate = rate;
  }

  isAhead(requests: number): boolean {
    return this.#aheadMs(requests) >= 1;
  }

  async waitForRate(requests: number): Promise<void> {
    await wait(this.#aheadMs(requests));
  }

  #aheadMs(requests: number): number {
    return (requests / this.#rate) * 1000 - (performance.now() - this.#startMs);
  }
}

/** One connection, with one batch in flight at a time. */
class BatchConnection {
  readonly #socket: Socket;
  readonly #workload: Workload;
  readonly #out = Buffer.alloc(2 * BATCH_KEYS * COMMAND_BYTES_MAX + BATCH_KEYS * VALUE_BYTES_MAX);
  #used = 0;
  #settle: PromiseWithResolvers<BatchReply> = Promise.withResolvers();

  constructor(socket: Socket, workload: Workload) {
    this.#socket = socket;
    this.#workload = workload;
    const reader = new ReplyReader((reply) => this.#settle.resolve(reply));
    socket.on('data', (chunk: Buffer) => {
      try {
        reader.feed(chunk);
      } catch (error) {
        this.#settle.reject(error);
      }
    });
    socket.on('error', (error) => this.#settle.reject(error));
    socket.on('close', () => this.#settle.reject(new Error('the server closed the connection')));
  }

  /**
   * Sends a batch. Once its replies have arrived the server has read all of it: the buffer is free.
   */
  exchange(sets: readonly number[], gets: Uint32Array): Promise<BatchReply> {
    this.#settle = Promise.withResolvers();
    this.#used = 0;
    for (const id of sets) this.#set(id);
    this.#write(`get ${Array.from(gets, keyOf).join(' ')}\r\n`);
    this.#socket.write(this.#out.subarray(0, this.#used));
    return this.#settle.promise;
  }

  #set(id: number): void {
    const bytes = this.#workload.sizes[id]!;
    this.#write(`set ${keyOf(id)} 0 ${this.#workload.ttlOf(id)} ${bytes}\r\n`);
    this.#used += bytes; // the value: any bytes that are in the buffer
    this.#write('\r\n');
  }

  #write(text: string): void {
    this.#used += this.#out.write(text, this.#used, 'latin1');
  }
}

function connected(server: TestServer): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: server.host, port: server.port, noDelay: true });
    socket.once('error', reject);
    socket.once('connect', () => resolve(socket.off('error', reject)));
  });
}
