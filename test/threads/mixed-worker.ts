/** One of the threads of mixed.test.ts: a client whose sizes turn over, or the keeper of the store. */
import { parentPort, workerData } from 'node:worker_threads';
import type { StoreShare } from '../../src/store/index.ts';
import { Upheaval } from '../property/upheaval.ts';
import { Random } from '../support/random.ts';
import { Talker } from '../support/talker.ts';
import { checkedValue, isChecked } from './checked-value.ts';

export interface MixedJob {
  readonly share: StoreShare;
  readonly thread: number;
  readonly role: 'client' | 'keeper';
  readonly rounds: number;
  readonly seed: number;
  /** How many clients still work. */
  readonly working: Int32Array;
}

export interface MixedResult {
  /** How many times the client asked, or the keeper did something. */
  readonly rounds: number;
  readonly hits: number;
  /** Replies that must not be. */
  readonly wrong: readonly string[];
}

const KEYS = 3000;
/** What values a client writes in each quarter of its rounds, at most. */
const PHASE_BYTES = [100, 3000, 30_000, 400];

const { share, thread, role, rounds, seed, working } = workerData as MixedJob;
const random = new Random(seed + thread);
const talker = new Talker(share, thread);

function ask(round: number): { text: string; isRight: (reply: string) => boolean } {
  const key = `key-${random.int(0, KEYS - 1)}`;
  const dice = random.int(0, 99);
  if (dice < 50) return { text: `get ${key}\r\n`, isRight: (reply) => isAnswer(key, reply) };
  if (dice < 55) return { text: `delete ${key}\r\n`, isRight: oneOf(/^(DELETED|NOT_FOUND)\r\n$/) };
  if (dice < 58) {
    const text = `touch ${key} ${random.int(0, 3)}\r\n`;
    return { text, isRight: oneOf(/^(TOUCHED|NOT_FOUND)\r\n$/) };
  }
  if (dice < 63) {
    const text = `incr number-${dice} 1\r\n`;
    return { text, isRight: oneOf(/^(\d+|NOT_FOUND|SERVER_ERROR out of memory)\r\n$/) };
  }
  if (dice < 65) {
    const text = `set number-${random.int(58, 62)} 0 0 1\r\n0\r\n`;
    return { text, isRight: oneOf(/^(STORED|SERVER_ERROR out of memory storing object)\r\n$/) };
  }
  const phase = PHASE_BYTES[Math.floor((4 * round) / rounds)]!;
  const value = checkedValue(key, random.int(0, 1_000_000), random.int(0, phase));
  const exptime = random.pick([0, 0, 1, 2]);
  const text = `${random.pick(['set', 'set', 'add', 'replace'])} ${key} 0 ${exptime} ${value.length}\r\n${value}\r\n`;
  return {
    text,
    isRight: oneOf(/^((NOT_)?STORED|SERVER_ERROR out of memory storing object)\r\n$/),
  };
}

const oneOf =
  (replies: RegExp) =>
  (reply: string): boolean =>
    replies.test(reply);

function isAnswer(key: string, reply: string): boolean {
  if (reply === 'END\r\n') return true;
  const [, length, value] = /^VALUE \S+ 0 (\d+)\r\n(.*)\r\nEND\r\n$/s.exec(reply) ?? [];
  return value !== undefined && Number(length) === value.length && isChecked(key, value);
}

function beClient(): MixedResult {
  const wrong: string[] = [];
  let hits = 0;
  for (let round = 0; round < rounds; round++) {
    const { text, isRight } = ask(round);
    const reply = talker.say(text);
    if (reply.startsWith('VALUE')) hits++;
    if (!isRight(reply)) wrong.push(`${text.slice(0, 60)} got ${reply.slice(0, 200)}`);
  }
  Atomics.sub(working, 0, 1);
  return { rounds, hits, wrong };
}

function beKeeper(): MixedResult {
  const upheaval = new Upheaval(talker.store, random);
  let steps = 0;
  for (; Atomics.load(working, 0) > 0; steps++) upheaval.step();
  return { rounds: steps, hits: 0, wrong: [] };
}

parentPort?.postMessage(role === 'client' ? beClient() : beKeeper());
