import type { Random } from '../support/random.ts';
import { type Address, RawConnection } from '../support/wire.ts';
import { soakValue, valueProblem } from './values.ts';

const KEYS = 60_000;
const LARGE_KEYS = 60;
const COUNTERS = 50;
const CRLF = Buffer.from('\r\n');

/** A mix of value sizes, in force for a few seconds. */
export interface Phase {
  readonly name: string;
  readonly bytesMax: number;
  /** One value in this many is large: 1 to 4 MiB. */
  readonly largeOneIn: number;
}

export interface SoakTotals {
  requests: number;
  hits: number;
  misses: number;
  readonly errors: string[];
}

const LARGE_BYTES_MIN = 1 << 20;
const LARGE_BYTES_MAX = 4 << 20;
const ERRORS_MAX = 20;

/** One connection that sends requests and checks every reply. */
export class SoakClient {
  readonly #connection: RawConnection;
  readonly #random: Random;
  readonly #totals: SoakTotals;

  private constructor(connection: RawConnection, random: Random, totals: SoakTotals) {
    this.#connection = connection;
    this.#random = random;
    this.#totals = totals;
  }

  static async connect(address: Address, random: Random, totals: SoakTotals): Promise<SoakClient> {
    return new SoakClient(await RawConnection.connect(address), random, totals);
  }

  close(): void {
    this.#connection.destroy();
  }

  /** One round trip: several small requests, or one large request. */
  async step(phase: Phase): Promise<void> {
    const random = this.#random;
    if (random.oneIn(phase.largeOneIn)) return this.#largeStep();
    const dice = random.int(0, 99);
    if (dice < 45) return this.#get(phase);
    if (dice < 90) return this.#store(phase);
    if (dice < 94) return this.#expectReply('delete', this.#key(), /^(DELETED|NOT_FOUND)\r\n$/);
    if (dice < 96)
      return this.#expectReply('touch', `${this.#key()} 30`, /^(TOUCHED|NOT_FOUND)\r\n$/);
    return this.#count();
  }

  #key(): string {
    // Few keys get most of the requests.
    return `key-${Math.floor(KEYS * this.#random.fraction() ** 3)}`;
  }

  async #largeStep(): Promise<void> {
    const random = this.#random;
    const key = `large-${random.int(0, LARGE_KEYS - 1)}`;
    if (random.oneIn(2)) return this.#checkValues([key], await this.#exchange(`get ${key}\r\n`));
    const value = soakValue(key, random.int(0, 25), random.int(LARGE_BYTES_MIN, LARGE_BYTES_MAX));
    await this.#set('set', [[key, value]]);
  }

  async #get({ bytesMax }: Phase): Promise<void> {
    const count = this.#random.int(1, bytesMax > 10_000 ? 5 : 20);
    const keys = Array.from({ length: count }, () => this.#key());
    this.#checkValues(keys, await this.#exchange(`get ${keys.join(' ')}\r\n`));
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

  async #set(command: string, pairs: readonly (readonly [string, Buffer])[]): Promise<void> {
    const pieces = pairs.flatMap(([key, value]) => {
      const exptime = this.#random.pick([0, 0, 1, 2, 5, 20]);
      return [Buffer.from(`${command} ${key} 0 ${exptime} ${value.length}\r\n`), value, CRLF];
    });
    const reply = await this.#exchange(Buffer.concat(pieces));
    this.#expect(command, reply, new RegExp(`^((NOT_)?STORED\\r\\n){${pairs.length}}$`));
  }

  async #count(): Promise<void> {
    const key = `counter-${this.#random.int(0, COUNTERS - 1)}`;
    await this.#expectReply('add', `${key} 0 0 1\r\n0`, /^(NOT_)?STORED\r\n$/);
    await this.#expectReply('incr', `${key} 3`, /^(\d+|NOT_FOUND)\r\n$/);
  }

  async #expectReply(command: string, rest: string, allowed: RegExp): Promise<void> {
    this.#expect(command, await this.#exchange(`${command} ${rest}\r\n`), allowed);
  }

  #exchange(bytes: Uint8Array | string): Promise<Buffer> {
    this.#totals.requests++;
    return this.#connection.exchange(bytes);
  }

  #expect(command: string, reply: Buffer, allowed: RegExp): void {
    const text = reply.toString('latin1');
    if (allowed.test(text)) return;
    this.#fail(`The node replied ${JSON.stringify(text.slice(0, 200))} to ${command}.`);
  }

  /** Checks that each value is intact and that its key was requested. */
  #checkValues(keys: readonly string[], reply: Buffer): void {
    let at = 0;
    let found = 0;
    for (; reply.toString('latin1', at, at + 6) === 'VALUE '; found++) {
      const end = reply.indexOf(CRLF, at);
      const [, key = '', , length = '0'] = reply.toString('latin1', at, end).split(' ');
      const start = end + 2;
      at = start + Number(length) + 2;
      const problem = valueProblem(key, reply.subarray(start, at - 2));
      if (problem !== undefined) this.#fail(problem);
      else if (!keys.includes(key)) this.#fail(`The node sent ${key}, which was not requested.`);
    }
    this.#totals.hits += found;
    this.#totals.misses += keys.length - found;
    if (reply.toString('latin1', at) !== 'END\r\n')
      this.#fail('The reply to a get does not end with END.');
  }

  #fail(error: string): void {
    if (this.#totals.errors.length < ERRORS_MAX) this.#totals.errors.push(error);
  }
}
