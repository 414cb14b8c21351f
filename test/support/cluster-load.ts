import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from './random.ts';

const COUNTERS = 40;
const FILL_BATCH = 500;
const RECONNECT_MS = 20;

/** A reply of the text protocol: its line, or the value of a get; undefined while incomplete. */
type Parse = (text: string) => readonly [reply: string, end: number] | undefined;

const line: Parse = (text) => {
  const end = text.indexOf('\r\n');
  return end < 0 ? undefined : [text.slice(0, end), end + 2];
};

/** The value; '' for a miss; an error as its line. */
const value: Parse = (text) => {
  const head = line(text);
  if (head === undefined) return undefined;
  if (head[0] === 'END') return ['', head[1]];
  if (!head[0].startsWith('VALUE ')) return head;
  const end = head[1] + Number(head[0].split(' ')[3]);
  return text.length < end + 7 ? undefined : [text.slice(head[1], end), end + 7];
};

interface Waiting {
  readonly parse: Parse;
  readonly resolve: (reply: string) => void;
  readonly reject: (error: Error) => void;
}

/** A connection of a client that knows nothing of clusters. */
class TextConnection {
  readonly #socket: Socket;
  #text = '';
  #waiting: Waiting[] = [];
  isClosed = false;

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('data', (bytes) => this.#read(bytes.toString('latin1')));
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error('the node has closed the connection')));
  }

  send(request: string, parse: Parse): Promise<string> {
    if (this.isClosed) return Promise.reject(new Error('the connection is closed'));
    this.#socket.write(request);
    return new Promise((resolve, reject) => this.#waiting.push({ parse, resolve, reject }));
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(text: string): void {
    this.#text += text;
    for (;;) {
      const [first] = this.#waiting;
      const parsed = first?.parse(this.#text);
      if (first === undefined || parsed === undefined) return;
      this.#text = this.#text.slice(parsed[1]);
      this.#waiting.shift();
      first.resolve(parsed[0]);
    }
  }

  #fail(error: Error): void {
    this.isClosed = true;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}

/** What clients saw that may not happen, or may. */
export interface LoadCounts {
  reads: number;
  writes: number;
  increments: number;
  misses: number;
  /** Reads of a value that is older than the last one that was acknowledged before the read. */
  stale: number;
  /** Increments that were acknowledged and are not in the counter. */
  lostIncrements: number;
  /** Counters that are above all increments that were sent. */
  extraIncrements: number;
  /** Replies with an error, and lost connections. */
  errors: number;
  readonly messages: Set<string>;
}

/**
 * Readers, writers and counters on all nodes of a cluster, and what they may expect: a key has the
 * last acknowledged value, or one that was written later.
 */
export class ClusterLoad {
  readonly counts: LoadCounts = {
    reads: 0,
    writes: 0,
    increments: 0,
    misses: 0,
    stale: 0,
    lostIncrements: 0,
    extraIncrements: 0,
    errors: 0,
    messages: new Set(),
  };
  readonly #ports: readonly number[];
  readonly #random: Random;
  /** By key: the number of the last value that was sent, and of the last acknowledged one. */
  readonly #sent: number[];
  readonly #acknowledged: number[];
  readonly #increments = new Array<number>(COUNTERS).fill(0);
  readonly #unsure = new Array<number>(COUNTERS).fill(0);
  #isRunning = true;
  #workers: Promise<void>[] = [];

  constructor(ports: readonly number[], keys: number, random: Random) {
    this.#ports = ports;
    this.#random = random;
    this.#sent = new Array<number>(keys).fill(1);
    this.#acknowledged = new Array<number>(keys).fill(1);
  }

  /** Stores all keys and counters. */
  async fill(): Promise<void> {
    const connection = this.#connect();
    for (let from = 0; from < this.#sent.length; from += FILL_BATCH) {
      const until = Math.min(this.#sent.length, from + FILL_BATCH);
      const keys = Array.from({ length: until - from }, (_, nth) => from + nth);
      await Promise.all(keys.map((key) => connection.send(setOf(`k${key}`, '1'), line)));
    }
    for (let nth = 0; nth < COUNTERS; nth++) await connection.send(setOf(`c${nth}`, '0'), line);
    connection.close();
  }

  start(): void {
    const writers = Array.from({ length: 3 }, (_, nth) =>
      this.#work((c) => this.#write(c, nth, 3)),
    );
    const readers = Array.from({ length: 4 }, () => this.#work((c) => this.#read(c)));
    const counters = Array.from({ length: 2 }, () => this.#work((c) => this.#count(c)));
    this.#workers = [...writers, ...readers, ...counters];
  }

  /** Ends the load, and reads every key and counter. */
  async stop(): Promise<LoadCounts> {
    this.#isRunning = false;
    await Promise.all(this.#workers);
    const connection = this.#connect();
    for (let key = 0; key < this.#sent.length; key++) await this.#readKey(connection, key);
    for (let nth = 0; nth < COUNTERS; nth++) {
      const found = Number(await connection.send(`get c${nth}\r\n`, value));
      const least = this.#increments[nth]!;
      this.counts.lostIncrements += Math.max(0, least - found);
      this.counts.extraIncrements += Math.max(0, found - least - this.#unsure[nth]!);
    }
    connection.close();
    return this.counts;
  }

  #connect(): TextConnection {
    return new TextConnection(this.#random.pick(this.#ports));
  }

  async #work(step: (connection: TextConnection) => Promise<void>): Promise<void> {
    let connection = this.#connect();
    while (this.#isRunning) {
      await step(connection).catch((error: Error) => this.#failed(error.message));
      if (!connection.isClosed) continue;
      await sleep(RECONNECT_MS);
      connection = this.#connect();
    }
    connection.close();
  }

  /** Each writer has keys of its own, so the order of its writes is known. */
  async #write(connection: TextConnection, nth: number, writers: number): Promise<void> {
    const slots = Math.floor(this.#sent.length / writers);
    const key = this.#random.int(0, slots - 1) * writers + nth;
    const number = ++this.#sent[key]!;
    const reply = await connection.send(setOf(`k${key}`, `${number}`), line);
    if (reply !== 'STORED') return this.#failed(reply);
    this.#acknowledged[key] = number;
    this.counts.writes++;
  }

  #read(connection: TextConnection): Promise<void> {
    return this.#readKey(connection, this.#random.int(0, this.#sent.length - 1));
  }

  async #readKey(connection: TextConnection, key: number): Promise<void> {
    const least = this.#acknowledged[key]!;
    const reply = await connection.send(`get k${key}\r\n`, value);
    this.counts.reads++;
    if (reply === '') this.counts.misses++;
    else if (!/^\d+$/.test(reply)) this.#failed(reply);
    else if (Number(reply) < least) this.counts.stale++;
  }

  async #count(connection: TextConnection): Promise<void> {
    const nth = this.#random.int(0, COUNTERS - 1);
    this.#unsure[nth]!++;
    const reply = await connection.send(`incr c${nth} 1\r\n`, line);
    if (!/^\d+$/.test(reply)) return this.#failed(reply);
    this.#unsure[nth]!--;
    this.#increments[nth]!++;
    this.counts.increments++;
  }

  #failed(message: string): void {
    this.counts.errors++;
    if (this.counts.messages.size < 20) this.counts.messages.add(message);
  }
}

const setOf = (key: string, data: string): string => `set ${key} 0 0 ${data.length}\r\n${data}\r\n`;
