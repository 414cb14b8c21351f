/**
 * One thread of fast-path.test.ts: a client that sends batches of requests in all dialects, with
 * or without the fast path, or the store's maintainer.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { StoreShare } from '../../src/store/index.ts';
import { ConcurrentChanges } from '../property/concurrent-changes.ts';
import { OP, packet, packetsOf, storeExtras } from '../support/binary-wire.ts';
import { Random } from '../support/random.ts';
import { SessionHarness } from '../support/session-harness.ts';
import { checkedValue, isChecked } from './checked-value.ts';

export interface FastJob {
  readonly share: StoreShare;
  readonly thread: number;
  readonly role: 'client' | 'maintainer';
  readonly usesFastPath: boolean;
  readonly batches: number;
  readonly seed: number;
  /** The number of different keys. */
  readonly keys: number;
  /** The ranges of the lengths of values, of which one is drawn for each. */
  readonly lengths: readonly (readonly [min: number, max: number])[];
  /** Whether the client makes items expire, and flushes them. */
  readonly hidesItems: boolean;
  /** Whether the client increments `total` by compare-and-swap; then no item may be evicted. */
  readonly swaps: boolean;
  /** How many clients still run. */
  readonly workingClients: Int32Array;
}

/** The requests that a client sent, by what the counters of the store call them. */
export interface FastResult {
  readonly counts: Readonly<Record<CountName, number>>;
  /** The value that the client saw for each key with its CAS id. */
  readonly seen: ReadonlyMap<string, string>;
  /** Replies that are never correct. */
  readonly wrongReplies: readonly string[];
}
type CountName = 'gets' | 'hits' | 'sets' | 'touches' | 'deletes' | 'increments' | 'cas';

const BATCH_REQUESTS_MAX = 12;
const SUM_CHARACTERS = 32;
const NUMBERS = ['number-0', 'number-1'];
const TOTAL = 'total';

const job = workerData as FastJob;
const random = new Random(job.seed + job.thread);
const { usesFastPath } = job;
const harness = new SessionHarness(job.share, job.thread, { usesFastPath });
const counts = { gets: 0, hits: 0, sets: 0, touches: 0, deletes: 0, increments: 0, cas: 0 };
const seen = new Map<string, string>();
const wrongReplies: string[] = [];

/** A request, and a function that takes its reply from the text and returns the rest. */
interface Exchange {
  readonly text: string;
  readonly take: (reply: string) => string;
}

function wrong(request: string, reply: string): string {
  if (wrongReplies.length < 10)
    wrongReplies.push(`${request.slice(0, 60)}: ${reply.slice(0, 200)}`);
  return '';
}

const randomKey = (): string => `key-${random.int(0, job.keys - 1)}`;

function randomValue(key: string): string {
  const [min, max] = random.pick(job.lengths);
  return checkedValue(key, random.int(0, 1_000_000), random.int(min, max));
}

function noteHit(request: string, key: string, value: string, cas: string): void {
  counts.hits++;
  if (!isChecked(key, value)) wrong(request, value);
  if (cas === '') return;
  const sum = value.slice(0, SUM_CHARACTERS);
  const before = seen.get(`${key} ${cas}`) ?? sum;
  if (before !== sum) wrong(request, `two values with the CAS id ${cas}: ${value}`);
  seen.set(`${key} ${cas}`, sum);
}

/** A reply that is one line. */
function line(text: string, replies: RegExp): Exchange {
  return {
    text,
    take: (reply) => {
      const end = reply.indexOf('\r\n') + 2;
      return replies.test(reply.slice(0, end)) ? reply.slice(end) : wrong(text, reply);
    },
  };
}

function get(): Exchange {
  const keys = Array.from({ length: random.pick([1, 1, 3, 40]) }, randomKey);
  counts.gets += keys.length;
  const text = `${random.pick(['get', 'gets'])} ${keys.join(' ')}\r\n`;
  const take = (reply: string): string => {
    let rest = reply;
    for (;;) {
      if (rest.startsWith('END\r\n')) return rest.slice('END\r\n'.length);
      const [head, key = '', length, cas = ''] = /^VALUE (\S+) 0 (\d+) ?(\d*)\r\n/.exec(rest) ?? [];
      if (head === undefined || !keys.includes(key)) return wrong(text, rest);
      const end = head.length + Number(length);
      noteHit(text, key, rest.slice(head.length, end), cas);
      rest = rest.slice(end + 2);
    }
  };
  return { text, take };
}

function metaGet(): Exchange {
  const key = randomKey();
  const touches = job.hidesItems && random.oneIn(4);
  counts[touches ? 'touches' : 'gets']++;
  const text = `mg ${key} v c s t${touches ? ` T${random.int(1, 40)}` : ''}\r\n`;
  const take = (reply: string): string => {
    if (reply.startsWith('EN\r\n')) return reply.slice('EN\r\n'.length);
    const [head, length, cas = ''] = /^VA (\d+) c(\d+) s\1 t-?\d+(?: \S+)*\r\n/.exec(reply) ?? [];
    if (head === undefined) return wrong(text, reply);
    const end = head.length + Number(length);
    noteHit(text, key, reply.slice(head.length, end), cas);
    if (touches) counts.hits--;
    return reply.slice(end + 2);
  };
  return { text, take };
}

const isStored = /^(STORED|HD(?: c\d+)?|SERVER_ERROR out of memory storing object)\r\n$/;

function set(): Exchange {
  const key = randomKey();
  const value = randomValue(key);
  const exptime = job.hidesItems ? random.pick([0, 0, 0, 2, 30, 100]) : 0;
  const { text, take } = random.oneIn(2)
    ? line(`set ${key} 0 ${exptime} ${value.length}\r\n${value}\r\n`, isStored)
    : line(`ms ${key} ${value.length} T${exptime} c\r\n${value}\r\n`, isStored);
  return {
    text,
    take: (reply) => {
      if (!reply.startsWith('SERVER_ERROR')) counts.sets++;
      return take(reply);
    },
  };
}

function remove(): Exchange {
  counts.deletes++;
  const [text, replies] = random.pick([
    [`delete ${randomKey()}\r\n`, /^(DELETED|NOT_FOUND)\r\n$/],
    [`md ${randomKey()}\r\n`, /^(HD|NF)\r\n$/],
  ] as const);
  return line(text, replies);
}

function touch(): Exchange {
  counts.touches++;
  const exptime = job.hidesItems ? random.int(0, 60) : 0;
  return line(`touch ${randomKey()} ${exptime}\r\n`, /^(TOUCHED|NOT_FOUND)\r\n$/);
}

function increment(): Exchange {
  counts.increments++;
  return line(`incr ${random.pick(NUMBERS)} 1\r\n`, /^(\d+|NOT_FOUND)\r\n$/);
}

function textRequest(): Exchange {
  const roll = random.int(0, 99);
  if (roll < 30) return get();
  if (roll < 45) return metaGet();
  if (roll < 75) return set();
  if (roll < 82) return remove();
  if (roll < 90) return touch();
  return increment();
}

function sendText(): void {
  const exchanges = Array.from({ length: random.int(1, BATCH_REQUESTS_MAX) }, textRequest);
  let reply = harness.send(exchanges.map(({ text }) => text).join(''));
  for (const { take } of exchanges) reply = take(reply);
  if (reply !== '') wrong('a batch', `a reply too many: ${reply}`);
}

/** Gets and sets on a connection that speaks the binary protocol. */
function sendBinary(): void {
  const keys = Array.from({ length: random.int(1, BATCH_REQUESTS_MAX) }, randomKey);
  const requests = keys.map((key) => {
    if (random.oneIn(3)) {
      counts.sets++;
      const opcode = random.pick([OP.set, OP.setq]);
      return packet({ opcode, key, extras: storeExtras(), value: randomValue(key) });
    }
    counts.gets++;
    return packet({ opcode: random.pick([OP.getk, OP.getkq]), key });
  });
  harness.reconnect();
  const replies = packetsOf(
    Buffer.from(harness.send(Buffer.concat(requests).toString('latin1')), 'latin1'),
  );
  harness.reconnect();
  for (const { opcode, status, key, value, cas } of replies.packets) {
    if (opcode === OP.set || opcode === OP.setq) {
      if (status !== 0) counts.sets--;
    } else if (status === 0) {
      noteHit('a binary get', key, value, String(cas));
    }
  }
}

/** Adds 1 by compare-and-swap, unless another client was faster. */
function swap(): void {
  const [, cas = '', value = ''] =
    /^VALUE total 0 \d+ (\d+)\r\n(\d+)/.exec(harness.send(`gets ${TOTAL}\r\n`)) ?? [];
  counts.gets++;
  counts.hits++;
  const next = String(Number(value) + 1);
  const reply = harness.send(`cas ${TOTAL} 0 0 ${next.length} ${cas}\r\n${next}\r\n`);
  counts.sets++;
  if (reply === 'STORED\r\n') counts.cas++;
  else if (reply !== 'EXISTS\r\n') wrong('cas', reply);
}

function runClient(): FastResult {
  for (let batch = 0; batch < job.batches; batch++) {
    const roll = random.int(0, 99);
    if (roll < 75) sendText();
    else if (roll < 95) sendBinary();
    else if (job.swaps) swap();
    else if (job.hidesItems && random.oneIn(30)) harness.send('flush_all\r\n');
  }
  Atomics.sub(job.workingClients, 0, 1);
  return { counts, seen, wrongReplies };
}

function runMaintainer(): FastResult {
  const changes = new ConcurrentChanges(harness.parts, random);
  while (Atomics.load(job.workingClients, 0) > 0) changes.step();
  return { counts, seen, wrongReplies };
}

parentPort?.postMessage(job.role === 'client' ? runClient() : runMaintainer());
