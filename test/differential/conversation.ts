import type { TestServer } from '../support/server.ts';
import { dialogue, RawConnection, show } from '../support/wire.ts';
import { forOracle } from './oracle.ts';
import { type ReplyOptions, ReplyReader } from './reply.ts';
import type { Step } from './script.ts';
import { type Pair, subjectIsMemcached } from './servers.ts';

/** How a step's bytes travel: `alone` on a connection of their own up to its end, or with a sentinel behind. */
export type Framing = 'alone' | 'sentinel';

/** How much of a reply a message shows. */
const REPLY_SHOWN_BYTES = 400;

/** A step that two servers answered differently. */
export class Mismatch extends Error {
  override readonly name = 'Mismatch';

  constructor(told: readonly string[], ours: string, theirs: string) {
    const said = told.map((step) => show(Buffer.from(step, 'latin1'), 160)).join('\n  ');
    const from = lineOfDifference(ours, theirs);
    const replies = [ours, theirs].map((reply) => show(Buffer.from(reply.slice(from), 'latin1')));
    const where = from === 0 ? '' : ` (from byte ${from} on)`;
    super(`told:\n  ${said}\nours:   ${replies[0]}${where}\ntheirs: ${replies[1]}${where}`);
  }
}

/** Where the first line that differs begins; 0 in replies short enough to be shown whole. */
function lineOfDifference(ours: string, theirs: string): number {
  if (Math.max(ours.length, theirs.length) <= REPLY_SHOWN_BYTES) return 0;
  let at = 0;
  while (at < ours.length && ours[at] === theirs[at]) at++;
  return ours.lastIndexOf('\n', at - 1) + 1;
}

/** One connection to each server that ends with it: a handshake for each script takes longer than the script. */
const connections = new WeakMap<TestServer, Promise<RawConnection>>();

async function empty(server: TestServer): Promise<void> {
  const known = connections.get(server) ?? RawConnection.connect(server.address);
  connections.set(server, known);
  const reply = (await (await known).exchange('flush_all\r\n')).toString('latin1');
  if (reply !== 'OK\r\n') throw new Error(`${server.name} was not emptied: ${reply}`);
}

/** One server's side: its connection, and what its replies have shown. */
class Side {
  readonly #server: TestServer;
  readonly #isOracle: boolean;
  readonly #reader: ReplyReader;
  #connection: RawConnection | undefined;

  constructor(server: TestServer, isOracle: boolean, options: ReplyOptions) {
    this.#server = server;
    this.#isOracle = isOracle;
    this.#reader = new ReplyReader(options);
  }

  async tell(step: Step, framing: Framing): Promise<string> {
    const text = step.replace(/\{cas ([^}]+)\}/g, (_, key: string) => this.#reader.casOf(key));
    const bytes = Buffer.from(
      this.#isOracle && !subjectIsMemcached ? forOracle(text) : text,
      'latin1',
    );
    return this.#reader.normalise(await this.#ask(bytes, framing));
  }

  async #ask(bytes: Buffer, framing: Framing): Promise<Buffer> {
    if (framing === 'alone') return dialogue(this.#server.address, bytes);
    this.#connection ??= await RawConnection.connect(this.#server.address);
    return this.#connection.exchange(bytes);
  }

  end(): void {
    this.#connection?.destroy();
  }
}

/** The same story told to both servers, each reply compared as it comes. */
export class Conversation {
  readonly #ours: Side;
  readonly #theirs: Side;
  readonly #told: Step[] = [];

  private constructor(pair: Pair, options: ReplyOptions) {
    this.#ours = new Side(pair.ours, false, options);
    this.#theirs = new Side(pair.theirs, true, options);
  }

  /** Both stores are emptied first. */
  static async begin(pair: Pair, options: ReplyOptions = {}): Promise<Conversation> {
    await Promise.all([empty(pair.ours), empty(pair.theirs)]);
    return new Conversation(pair, options);
  }

  /** Throws a Mismatch unless both answer alike; returns the reply. */
  async tell(step: Step, framing: Framing): Promise<string> {
    this.#told.push(step);
    const replies = [this.#ours.tell(step, framing), this.#theirs.tell(step, framing)];
    const [ours = '', theirs = ''] = await Promise.all(replies);
    if (ours !== theirs) throw new Mismatch(this.#told, ours, theirs);
    return ours;
  }

  end(): void {
    this.#ours.end();
    this.#theirs.end();
  }
}
