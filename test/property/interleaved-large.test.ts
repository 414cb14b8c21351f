import { expect, test } from 'vitest';
import { PAUSE } from '../../src/server/session.ts';
import { audit, type Store, type StoreShare } from '../../src/store/index.ts';
import { Random, testSeed } from '../support/random.ts';
import { Talker, testShare } from '../support/talker.ts';

const STEPS = 40_000;
const CLIENTS = 6;
const KEYS = 60;
const seed = testSeed();

/** What the reply of a client under way has to be, once it is whole. */
type Check = (reply: string) => void;

/** One client, whose requests arrive in pieces and whose replies leave in pieces. */
class Client {
  readonly #share: StoreShare;
  talker: Talker;
  #unsent = '';
  #carry: Buffer = Buffer.alloc(0);
  #reply = '';
  #check: Check | undefined;

  constructor(share: StoreShare) {
    this.#share = share;
    this.talker = new Talker(share);
  }

  get isIdle(): boolean {
    return this.#check === undefined;
  }

  begin(text: string, check: Check): void {
    this.#unsent = text;
    this.#check = check;
  }

  /** Sends so many bytes more, or takes a piece more of the reply. */
  step(bytes: number): void {
    const piece = Buffer.from(this.#unsent.slice(0, bytes), 'latin1');
    this.#unsent = this.#unsent.slice(bytes);
    const input = Buffer.concat([this.#carry, piece]);
    const fed = this.talker.feed(input);
    this.#carry = input.subarray(fed.consumed);
    this.#reply += fed.reply;
    if (fed.pause !== PAUSE.hungry || this.#unsent !== '') return;
    this.#check?.(this.#reply);
    this.#forget();
  }

  /** Goes away in the middle; another comes. */
  giveUp(): void {
    this.talker.session.abandon();
    this.talker = new Talker(this.#share);
    this.#forget();
  }

  #forget(): void {
    this.#unsent = '';
    this.#carry = Buffer.alloc(0);
    this.#reply = '';
    this.#check = undefined;
  }
}

test(`large values keep whole while others change them, ${STEPS} steps, seed ${seed}`, () => {
  const random = new Random(seed);
  // Values of up to 40 chunks in room for a few dozen of them; few classes, so that they have pages to give.
  const share = testShare({
    memoryLimitBytes: 12 << 20,
    slabChunkMaxBytes: 8 << 10,
    slabGrowthFactor: 2,
  });
  const clients = Array.from({ length: CLIENTS }, () => new Client(share));
  const onlooker = new Talker(share);
  const model = new Map<string, string>();
  const where = (step: number): string => `seed ${seed}, step ${step}`;
  for (let step = 0; step < STEPS; step++) {
    const client = random.pick(clients);
    if (client.isIdle) beginRandom(client, random, model, where(step));
    else if (random.oneIn(60)) client.giveUp();
    client.step(random.int(1, 60_000));
    if (random.oneIn(50)) movePage(onlooker.store, random);
    if (step % 4000 !== 0) continue;
    for (const each of clients) each.giveUp();
    expect(audit(onlooker.store), where(step)).toEqual([]);
  }
  for (const each of clients) each.giveUp();
  expect(audit(onlooker.store), where(STEPS)).toEqual([]);
  expect(onlooker.store.sums.thread('slab_reassign_chunk_rescues')).toBeGreaterThan(0);
  expect(onlooker.say('stats\r\n')).toMatch(/STAT evictions [1-9]/);
});

/** A page changes its class, as the maintainer would have it. */
function movePage(store: Store, random: Random): void {
  const largest = store.chunkBytes.length - 1;
  const from = random.oneIn(2) ? largest : random.int(1, largest - 1);
  const to = from === largest ? random.int(1, largest - 1) : largest;
  store.mover.move(from, to, -1);
}

function beginRandom(
  client: Client,
  random: Random,
  model: Map<string, string>,
  where: string,
): void {
  const key = `key-${random.int(0, KEYS - 1)}`;
  const length = random.int(0, 3) === 0 ? random.int(0, 9000) : random.int(8000, 320_000);
  const value = String.fromCharCode(random.int(97, 122)).repeat(length);
  const dice = random.int(0, 99);
  if (dice < 8) client.begin(`delete ${key}\r\n`, () => model.delete(key));
  else if (dice < 9) client.begin('flush_all\r\n', () => model.clear());
  else if (dice < 40) {
    const word = random.pick(['set', 'set', 'add', 'append', 'prepend']);
    const line = `${word} ${key} 0 0 ${length}\r\n${value}\r\n`;
    client.begin(line, (reply) => store(model, word, key, value, reply, where));
  } else read(client, key, model, where);
}

/** The value is complete: what is the key's now is so at this moment. */
function store(
  model: Map<string, string>,
  word: string,
  key: string,
  value: string,
  reply: string,
  where: string,
): void {
  const old = model.get(key);
  if (reply === 'STORED\r\n') {
    // What was evicted meanwhile can be added.
    if (word === 'append') model.set(key, (old ?? '') + value);
    else if (word === 'prepend') model.set(key, value + (old ?? ''));
    else model.set(key, value);
    return;
  }
  // All the room may be held by values that are being received or sent.
  expect(reply, where).toMatch(/^(NOT_STORED|SERVER_ERROR out of memory storing object)\r\n$/);
}

/** The value that is the key's when the line is read is the value that arrives. */
function read(client: Client, key: string, model: Map<string, string>, where: string): void {
  const known = model.get(key);
  client.begin(`get ${key}\r\n`, (reply) => {
    if (reply === 'END\r\n') return;
    const expected = `VALUE ${key} 0 ${known?.length}\r\n${known}\r\nEND\r\n`;
    if (reply !== expected) expect(reply.slice(0, 200), where).toBe(expected.slice(0, 200));
    expect(reply === expected, where).toBe(true);
  });
  client.step(1000);
}
