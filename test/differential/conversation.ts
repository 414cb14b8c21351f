import type { TestServer } from '../support/server.ts';
import { printable, RawConnection, sendAndReadToEnd } from '../support/wire.ts';
import { toOracleStream } from './oracle.ts';
import { ReplyNormaliser, type ReplyOptions } from './reply.ts';
import type { Step } from './script.ts';
import { type Pair, subjectIsMemcached } from './servers.ts';

/** How a step is sent: `alone` on its own connection, or followed by a sentinel on a shared one. */
export type Framing = 'alone' | 'sentinel';

/** Bytes of a reply that a message shows at most. */
const REPLY_BYTES_SHOWN_MAX = 400;

/** Two servers sent different replies to one step. */
export class Mismatch extends Error {
  override readonly name = 'Mismatch';

  constructor(sentSteps: readonly string[], ours: string, theirs: string) {
    const sent = sentSteps.map((step) => printable(Buffer.from(step, 'latin1'), 160)).join('\n  ');
    const from = firstDifferentLine(ours, theirs);
    const replies = [ours, theirs].map((reply) =>
      printable(Buffer.from(reply.slice(from), 'latin1')),
    );
    const where = from === 0 ? '' : ` (from byte ${from} on)`;
    super(`sent:\n  ${sent}\nours:   ${replies[0]}${where}\ntheirs: ${replies[1]}${where}`);
  }
}

/** The start of the first line that differs; 0 if the replies are short enough to show whole. */
function firstDifferentLine(ours: string, theirs: string): number {
  if (Math.max(ours.length, theirs.length) <= REPLY_BYTES_SHOWN_MAX) return 0;
  let at = 0;
  while (at < ours.length && ours[at] === theirs[at]) at++;
  return ours.lastIndexOf('\n', at - 1) + 1;
}

/** One connection to each server, because a TLS handshake takes longer than a script. */
const flushConnections = new WeakMap<TestServer, Promise<RawConnection>>();

async function flush(server: TestServer): Promise<void> {
  const connection = flushConnections.get(server) ?? RawConnection.connect(server.address);
  flushConnections.set(server, connection);
  const reply = (await (await connection).exchange('flush_all\r\n')).toString('latin1');
  if (reply !== 'OK\r\n') throw new Error(`${server.name} did not flush: ${reply}`);
}

/** One server of the comparison: its connection, and what its replies have shown. */
class Side {
  readonly #server: TestServer;
  readonly #isOracle: boolean;
  readonly #normaliser: ReplyNormaliser;
  #connection: RawConnection | undefined;

  constructor(server: TestServer, isOracle: boolean, options: ReplyOptions) {
    this.#server = server;
    this.#isOracle = isOracle;
    this.#normaliser = new ReplyNormaliser(options);
  }

  async send(step: Step, framing: Framing): Promise<string> {
    const text = step.replace(/\{cas ([^}]+)\}/g, (_, key: string) =>
      this.#normaliser.lastCasOf(key),
    );
    const bytes = Buffer.from(
      this.#isOracle && !subjectIsMemcached ? toOracleStream(text) : text,
      'latin1',
    );
    return this.#normaliser.normalise(await this.#exchange(bytes, framing));
  }

  async #exchange(bytes: Buffer, framing: Framing): Promise<Buffer> {
    if (framing === 'alone') return sendAndReadToEnd(this.#server.address, bytes);
    this.#connection ??= await RawConnection.connect(this.#server.address);
    return this.#connection.exchange(bytes);
  }

  end(): void {
    this.#connection?.destroy();
  }
}

/** Sends the same script to both servers, and compares the replies step by step. */
export class Conversation {
  readonly #ours: Side;
  readonly #theirs: Side;
  readonly #sentSteps: Step[] = [];

  private constructor(pair: Pair, options: ReplyOptions) {
    this.#ours = new Side(pair.ours, false, options);
    this.#theirs = new Side(pair.theirs, true, options);
  }

  /** Flushes both stores and begins. */
  static async begin(pair: Pair, options: ReplyOptions = {}): Promise<Conversation> {
    await Promise.all([flush(pair.ours), flush(pair.theirs)]);
    return new Conversation(pair, options);
  }

  /** Returns the reply, or throws a Mismatch if the replies differ. */
  async send(step: Step, framing: Framing): Promise<string> {
    this.#sentSteps.push(step);
    const replies = [this.#ours.send(step, framing), this.#theirs.send(step, framing)];
    const [ours = '', theirs = ''] = await Promise.all(replies);
    if (ours !== theirs) throw new Mismatch(this.#sentSteps, ours, theirs);
    return ours;
  }

  end(): void {
    this.#ours.end();
    this.#theirs.end();
  }
}
