import { expect, test } from 'vitest';
import { PAUSE } from '../../src/server/session/states.ts';
import type { StoreParts } from '../../src/store/assemble.ts';
import type { StoreShare } from '../../src/store/index.ts';
import { audit } from '../support/audit.ts';
import { Random, testSeed } from '../support/random.ts';
import { fastStore, SessionHarness, testShare } from '../support/session-harness.ts';

const STEPS = 40_000;
const CLIENTS = 6;
const KEYS = 60;
const seed = testSeed();

/** Checks the complete reply of a client. */
type Check = (reply: string) => void;

/** A client that sends its requests and receives its replies in pieces. */
class Client {
  readonly #share: StoreShare;
  harness: SessionHarness;
  #unsent = '';
  #undecoded: Buffer = Buffer.alloc(0);
  #reply = '';
  #check: Check | undefined;

  readonly #usesFastPath: boolean;

  constructor(share: StoreShare, usesFastPath: boolean) {
    this.#share = share;
    this.#usesFastPath = usesFastPath;
    this.harness = new SessionHarness(share, 0, { usesFastPath });
  }

  get isIdle(): boolean {
    return this.#check === undefined;
  }

  begin(text: string, check: Check): void {
    this.#unsent = text;
    this.#check = check;
  }

  /** Sends the next `bytes` of the request, or receives the next piece of the reply. */
  transfer(bytes: number): void {
    const piece = Buffer.from(this.#unsent.slice(0, bytes), 'latin1');
    this.#unsent = this.#unsent.slice(bytes);
    const input = Buffer.concat([this.#undecoded, piece]);
    const result = this.harness.feed(input);
    this.#undecoded = input.subarray(result.consumedBytes);
    this.#reply += result.reply;
    if (result.pause !== PAUSE.needInput || this.#unsent !== '') return;
    this.#check?.(this.#reply);
    this.#reset();
  }

  /** Disconnects in the middle of a request; a new connection takes its place. */
  disconnect(): void {
    this.harness.session.abandon();
    const usesFastPath = this.#usesFastPath;
    this.harness = new SessionHarness(this.#share, 0, { usesFastPath });
    this.#reset();
  }

  #reset(): void {
    this.#unsent = '';
    this.#undecoded = Buffer.alloc(0);
    this.#reply = '';
    this.#check = undefined;
  }
}

test(`large values stay intact while other clients write, ${STEPS} steps, seed ${seed}`, () => {
  const random = new Random(seed);
  // Values of up to 40 chunks, and memory for a few dozen values. Few classes, so each has pages.
  const share = testShare({
    ...fastStore('memory32'),
    memoryLimitBytes: 12 << 20,
    slabChunkMaxBytes: 8 << 10,
    slabGrowthFactor: 2,
  });
  const clients = Array.from({ length: CLIENTS }, (_, nth) => new Client(share, nth % 2 === 0));
  const observer = new SessionHarness(share);
  const model = new Map<string, string>();
  const context = (step: number): string => `seed ${seed}, step ${step}`;
  for (let step = 0; step < STEPS; step++) {
    const client = random.pick(clients);
    if (client.isIdle) beginRandom(client, random, model, context(step));
    else if (random.oneIn(60)) client.disconnect();
    client.transfer(random.int(1, 60_000));
    if (random.oneIn(50)) movePage(observer.parts, random);
    if (step % 4000 !== 0) continue;
    for (const each of clients) each.disconnect();
    expect(audit(observer.parts), context(step)).toEqual([]);
  }
  for (const each of clients) each.disconnect();
  expect(audit(observer.parts), context(STEPS)).toEqual([]);
  expect(observer.parts.sums.thread('slab_reassign_chunk_rescues')).toBeGreaterThan(0);
  expect(observer.send('stats\r\n')).toMatch(/STAT evictions [1-9]/);
});

/** Moves a page to another class, as the maintainer does. */
function movePage(parts: StoreParts, random: Random): void {
  const largest = parts.arena.sizeClasses.chunkBytes.length - 1;
  const from = random.oneIn(2) ? largest : random.int(1, largest - 1);
  const to = from === largest ? random.int(1, largest - 1) : largest;
  parts.pageMover.move(from, to, -1);
}

function beginRandom(
  client: Client,
  random: Random,
  model: Map<string, string>,
  context: string,
): void {
  const key = `key-${random.int(0, KEYS - 1)}`;
  const length = random.int(0, 3) === 0 ? random.int(0, 9000) : random.int(8000, 320_000);
  const value = String.fromCharCode(random.int(97, 122)).repeat(length);
  const roll = random.int(0, 99);
  if (roll < 8) client.begin(`delete ${key}\r\n`, () => model.delete(key));
  else if (roll < 9) client.begin('flush_all\r\n', () => model.clear());
  else if (roll < 40) {
    const command = random.pick(['set', 'set', 'add', 'append', 'prepend']);
    const line = `${command} ${key} 0 0 ${length}\r\n${value}\r\n`;
    client.begin(line, (reply) => checkStorage(model, command, key, value, reply, context));
  } else read(client, key, model, context);
}

/** Updates the model when the node has stored the complete value. */
function checkStorage(
  model: Map<string, string>,
  command: string,
  key: string,
  value: string,
  reply: string,
  context: string,
): void {
  const old = model.get(key);
  if (reply === 'STORED\r\n') {
    // An add succeeds also after an eviction.
    if (command === 'append') model.set(key, (old ?? '') + value);
    else if (command === 'prepend') model.set(key, value + (old ?? ''));
    else model.set(key, value);
    return;
  }
  // Values in receipt and pinned values may hold all memory.
  expect(reply, context).toMatch(/^(NOT_STORED|SERVER_ERROR out of memory storing object)\r\n$/);
}

/** The client must receive the value that the key had when the node read the request line. */
function read(client: Client, key: string, model: Map<string, string>, context: string): void {
  const known = model.get(key);
  client.begin(`get ${key}\r\n`, (reply) => {
    if (reply === 'END\r\n') return;
    const expected = `VALUE ${key} 0 ${known?.length}\r\n${known}\r\nEND\r\n`;
    if (reply !== expected) expect(reply.slice(0, 200), context).toBe(expected.slice(0, 200));
    expect(reply === expected, context).toBe(true);
  });
  client.transfer(1000);
}
