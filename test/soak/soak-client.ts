import type { Random } from '../support/random.ts';
import { type Address, RawConnection } from '../support/wire.ts';
import { flawOf, soakValue } from './values.ts';

const KEYS = 60_000;
const LARGE_KEYS = 60;
const COUNTERS = 50;
const CRLF = Buffer.from('\r\n');

/** A mix of sizes, for a while. */
export interface Phase {
  readonly name: string;
  readonly bytesMax: number;
  /** One value in so many is large: megabytes. */
  readonly largeOneIn: number;
}

export interface Tally {
  requests: number;
  hits: number;
  misses: number;
  readonly errors: string[];
}

const LARGE_BYTES_MIN = 1 << 20;
const LARGE_BYTES_MAX = 4 << 20;
const ERRORS_MAX = 20;

/** One connection that asks, checks every reply, and asks again. */
export class SoakClient {
  readonly #connection: RawConnection;
  readonly #random: Random;
  readonly #tally: Tally;

  private constructor(connection: RawConnection, random: Random, tally: Tally) {
    this.#connection = connection;
    this.#random = random;
    this.#tally = tally;
  }

  static async connect(address: Address, random: Random, tally: Tally): Promise<SoakClient> {
    return new SoakClient(await RawConnection.connect(address), random, tally);
  }

  close(): void {
    this.#connection.destroy();
  }

  /** One round trip: several small requests, or one large. */
  async step(phase: Phase): Promise<void> {
    const random = this.#random;
    if (random.oneIn(phase.largeOneIn)) return this.#large();
    const dice = random.int(0, 99);
    if (dice < 45) return this.#get(phase);
    if (dice < 90) return this.#store(phase);
    if (dice < 94) return this.#ask('delete', this.#key(), /^(DELETED|NOT_FOUND)\r\n$/);
    if (dice < 96) return this.#ask('touch', `${this.#key()} 30`, /^(TOUCHED|NOT_FOUND)\r\n$/);
    return this.#count();
  }

  #key(): string {
    // A few keys are asked for far more often than most.
    return `key-${Math.floor(KEYS * this.#random.fraction() ** 3)}`;
  }

  async #large(): Promise<void> {
    const random = this.#random;
    const key = `large-${random.int(0, LARGE_KEYS - 1)}`;
    if (random.oneIn(2)) return this.#check([key], await this.#exchange(`get ${key}\r\n`));
    const value = soakValue(key, random.int(0, 25), random.int(LARGE_BYTES_MIN, LARGE_BYTES_MAX));
    await this.#set('set', [[key, value]]);
  }

  async #get({ bytesMax }: Phase): Promise<void> {
    const count = this.#random.int(1, bytesMax > 10_000 ? 5 : 20);
    const keys = Array.from({ length: count }, () => this.#key());
    this.#check(keys, await this.#exchange(`get ${keys.join(' ')}\r\n`));
  }

  async #store({ bytesMax }: Phase): Promise<void> {
    const random = this.#random;
    const count = random.int(1, bytesMax > 10_000 ? 3 : 15);
    const pairs = Array.from({ length: count }, (): [string, Buffer] => {
      const key = this.#key();
      return [key, soakValue(key, random.int(0, 25), random.int(0, bytesMax))];
    });
    await this.#set(random.pick(['set', 'set', 'set', 'add', 'replace']), pairs);
  }

  async #set(word: string, pairs: readonly (readonly [string, Buffer])[]): Promise<void> {
    const pieces = pairs.flatMap(([key, value]) => {
      const exptime = this.#random.pick([0, 0, 1, 2, 5, 20]);
      return [Buffer.from(`${word} ${key} 0 ${exptime} ${value.length}\r\n`), value, CRLF];
    });
    const reply = await this.#exchange(Buffer.concat(pieces));
    this.#expect(word, reply, new RegExp(`^((NOT_)?STORED\\r\\n){${pairs.length}}$`));
  }

  async #count(): Promise<void> {
    const key = `counter-${this.#random.int(0, COUNTERS - 1)}`;
    await this.#ask('add', `${key} 0 0 1\r\n0`, /^(NOT_)?STORED\r\n$/);
    await this.#ask('incr', `${key} 3`, /^(\d+|NOT_FOUND)\r\n$/);
  }

  async #ask(word: string, rest: string, allowed: RegExp): Promise<void> {
    this.#expect(word, await this.#exchange(`${word} ${rest}\r\n`), allowed);
  }

  #exchange(bytes: Uint8Array | string): Promise<Buffer> {
    this.#tally.requests++;
    return this.#connection.exchange(bytes);
  }

  #expect(what: string, reply: Buffer, allowed: RegExp): void {
    const text = reply.toString('latin1');
    if (!allowed.test(text)) this.#fail(`${what} got ${JSON.stringify(text.slice(0, 200))}`);
  }

  /** Each value is whole and one of those asked for. */
  #check(keys: readonly string[], reply: Buffer): void {
    let at = 0;
    let found = 0;
    for (; reply.toString('latin1', at, at + 6) === 'VALUE '; found++) {
      const end = reply.indexOf(CRLF, at);
      const [, key = '', , length = '0'] = reply.toString('latin1', at, end).split(' ');
      const start = end + 2;
      at = start + Number(length) + 2;
      const flaw = flawOf(key, reply.subarray(start, at - 2));
      if (flaw !== undefined) this.#fail(flaw);
      else if (!keys.includes(key)) this.#fail(`${key} was not asked for`);
    }
    this.#tally.hits += found;
    this.#tally.misses += keys.length - found;
    if (reply.toString('latin1', at) !== 'END\r\n') this.#fail('a get does not end in END');
  }

  #fail(error: string): void {
    if (this.#tally.errors.length < ERRORS_MAX) this.#tally.errors.push(error);
  }
}
