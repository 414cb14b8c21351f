/**
 * One thread of mixed.test.ts: a client that changes its value sizes, or the store's maintainer.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { StoreShare } from '../../src/store/index.ts';
import { ConcurrentChanges } from '../property/concurrent-changes.ts';
import { Random } from '../support/random.ts';
import { SessionHarness } from '../support/session-harness.ts';
import { checkedValue, isChecked } from './checked-value.ts';

export interface MixedJob {
  readonly share: StoreShare;
  readonly thread: number;
  readonly role: 'client' | 'maintainer';
  readonly usesFastPath: boolean;
  readonly rounds: number;
  readonly seed: number;
  /** How many clients still run. */
  readonly workingClients: Int32Array;
}

export interface MixedResult {
  /** How many requests the client sent, or how many steps the maintainer made. */
  readonly rounds: number;
  readonly hits: number;
  /** Replies that are never correct. */
  readonly wrongReplies: readonly string[];
}

const KEYS = 3000;
/** The largest value of a client in each quarter of its rounds. */
const PHASE_BYTES = [100, 3000, 30_000, 400];

const { share, thread, role, rounds, seed, usesFastPath, workingClients } = workerData as MixedJob;
const random = new Random(seed + thread);
const harness = new SessionHarness(share, thread, { usesFastPath });

function randomRequest(round: number): { text: string; isExpected: (reply: string) => boolean } {
  const key = `key-${random.int(0, KEYS - 1)}`;
  const roll = random.int(0, 99);
  if (roll < 50) return { text: `get ${key}\r\n`, isExpected: (reply) => isGetReply(key, reply) };
  if (roll < 55)
    return { text: `delete ${key}\r\n`, isExpected: oneOf(/^(DELETED|NOT_FOUND)\r\n$/) };
  if (roll < 58) {
    const text = `touch ${key} ${random.int(0, 3)}\r\n`;
    return { text, isExpected: oneOf(/^(TOUCHED|NOT_FOUND)\r\n$/) };
  }
  if (roll < 63) {
    const text = `incr number-${roll} 1\r\n`;
    return { text, isExpected: oneOf(/^(\d+|NOT_FOUND|SERVER_ERROR out of memory)\r\n$/) };
  }
  if (roll < 65) {
    const text = `set number-${random.int(58, 62)} 0 0 1\r\n0\r\n`;
    return { text, isExpected: oneOf(/^(STORED|SERVER_ERROR out of memory storing object)\r\n$/) };
  }
  const phase = PHASE_BYTES[Math.floor((4 * round) / rounds)]!;
  const value = checkedValue(key, random.int(0, 1_000_000), random.int(0, phase));
  const exptime = random.pick([0, 0, 1, 2]);
  const command = random.pick(['set', 'set', 'add', 'replace']);
  const text = `${command} ${key} 0 ${exptime} ${value.length}\r\n${value}\r\n`;
  return {
    text,
    isExpected: oneOf(/^((NOT_)?STORED|SERVER_ERROR out of memory storing object)\r\n$/),
  };
}

const oneOf =
  (replies: RegExp) =>
  (reply: string): boolean =>
    replies.test(reply);

function isGetReply(key: string, reply: string): boolean {
  if (reply === 'END\r\n') return true;
  const [, length, value] = /^VALUE \S+ 0 (\d+)\r\n(.*)\r\nEND\r\n$/s.exec(reply) ?? [];
  return value !== undefined && Number(length) === value.length && isChecked(key, value);
}

function runClient(): MixedResult {
  const wrongReplies: string[] = [];
  let hits = 0;
  for (let round = 0; round < rounds; round++) {
    const { text, isExpected } = randomRequest(round);
    const reply = harness.send(text);
    if (reply.startsWith('VALUE')) hits++;
    if (!isExpected(reply)) wrongReplies.push(`${text.slice(0, 60)} got ${reply.slice(0, 200)}`);
  }
  Atomics.sub(workingClients, 0, 1);
  return { rounds, hits, wrongReplies };
}

function runMaintainer(): MixedResult {
  const changes = new ConcurrentChanges(harness.parts, random);
  let steps = 0;
  for (; Atomics.load(workingClients, 0) > 0; steps++) changes.step();
  return { rounds: steps, hits: 0, wrongReplies: [] };
}

parentPort?.postMessage(role === 'client' ? runClient() : runMaintainer());
