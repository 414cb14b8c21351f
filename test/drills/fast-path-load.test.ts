/**
 * A node of four threads under the load of stock clients and of pipelines, with and without the
 * fast path, until a signal ends it: no client sees a torn value, or one of another key.
 */
import { setImmediate as immediate } from 'node:timers/promises';
import Memcached from 'memcached';
import type { Client } from 'memjs';
import { expect, test } from 'vitest';
import { memjsClient } from '../interop/memjs-client.ts';
import { startSlabring } from '../support/node-process.ts';
import { Random, testSeed } from '../support/random.ts';
import type { TestServer } from '../support/server.ts';
import { RawConnection } from '../support/wire.ts';
import { checkedValue, isChecked } from '../threads/checked-value.ts';

const KEYS = 400;
const PIPELINES = 6;
const BATCH_REQUESTS = 30;
/** When so many batches and requests of stock clients have their replies, the signal follows. */
const PIPELINE_BATCHES = 150;
const CLIENT_REQUESTS = 300;
const seed = testSeed();

/** What the clients have seen. */
class Load {
  readonly wrong: string[] = [];
  batches = 0;
  requests = 0;
  hits = 0;
  isEnding = false;
  readonly enough: Promise<void>;
  #resolve = (): void => {};

  constructor() {
    this.enough = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  count(kind: 'batches' | 'requests'): void {
    this[kind]++;
    if (this.batches >= PIPELINE_BATCHES && this.requests >= CLIENT_REQUESTS) this.#resolve();
  }

  checkValue(key: string, value: string): void {
    this.hits++;
    if (!isChecked(key, value)) this.wrong.push(`${key} holds ${value.slice(0, 100)}`);
  }
}

const randomKey = (random: Random): string => `key-${random.int(0, KEYS - 1)}`;
const randomValue = (random: Random, key: string): string =>
  checkedValue(key, random.int(0, 1000), random.int(0, random.pick([90, 90, 4000, 20_000])));

function randomRequest(random: Random): string {
  const key = randomKey(random);
  const value = randomValue(random, key);
  return random.pick([
    `get ${key} ${randomKey(random)} ${randomKey(random)}\r\n`,
    `gets ${key}\r\n`,
    `mg ${key} k v\r\n`,
    `set ${key} 0 ${random.pick([0, 100])} ${value.length}\r\n${value}\r\n`,
    `delete ${key}\r\n`,
    `touch ${key} 50\r\n`,
  ]);
}

const HIT = /^(?:VALUE (?<key>\S+) 0 (?<length>\d+)(?: \d+)?|VA (?<bytes>\d+) k(?<name>\S+))\r\n/;
const LINE = /^(?:END|EN k\S+|STORED|DELETED|NOT_FOUND|TOUCHED|MN)\r\n/;

/** Checks replies from the start of a text; returns what follows the last whole one. */
function checkReplies(load: Load, text: string): string {
  let rest = text;
  for (;;) {
    const line = LINE.exec(rest)?.[0];
    if (line !== undefined) {
      rest = rest.slice(line.length);
      continue;
    }
    const hit = HIT.exec(rest);
    if (hit === null) return rest;
    const { key, name, length, bytes } = hit.groups as Record<string, string | undefined>;
    const end = hit[0].length + Number(length ?? bytes);
    if (rest.length < end + 2) return rest;
    load.checkValue((key ?? name)!, rest.slice(hit[0].length, end));
    rest = rest.slice(end + 2);
  }
}

/** Sends batches until the node ends; returns what is left of the last reply. */
async function runPipeline(server: TestServer, load: Load, random: Random): Promise<string> {
  const connection = await RawConnection.connect(server.address);
  try {
    for (;;) {
      const batch = Array.from({ length: BATCH_REQUESTS }, () => randomRequest(random));
      connection.send(`${batch.join('')}mn\r\n`);
      const rest = checkReplies(load, (await connection.readUntil('MN\r\n')).toString('latin1'));
      if (rest !== '') load.wrong.push(`a pipeline got ${rest.slice(0, 100)}`);
      load.count('batches');
    }
  } catch {
    const rest = await connection.readToEnd().catch(() => Buffer.alloc(0));
    return checkReplies(load, rest.toString('latin1'));
  } finally {
    connection.destroy();
  }
}

/** A client as its users see it: a value, or undefined for a miss. */
interface StockClient {
  readonly get: (key: string) => Promise<string | undefined>;
  readonly set: (key: string, value: string) => Promise<unknown>;
}

function textClient(client: Memcached): StockClient {
  const resultOf = <T>(call: (done: (error: unknown, result: unknown) => void) => void) =>
    new Promise<T>((resolve, reject) => {
      call((error, result) => (error ? reject(error) : resolve(result as T)));
    });
  return {
    get: (key) => resultOf((done) => client.get(key, done)),
    set: (key, value) => resultOf((done) => client.set(key, value, 0, done)),
  };
}

const binaryClient = (client: Client): StockClient => ({
  get: async (key) => (await client.get(key)).value?.toString(),
  set: (key, value) => client.set(key, value, {}),
});

async function runClient(client: StockClient, load: Load, random: Random): Promise<void> {
  while (!load.isEnding) {
    const key = randomKey(random);
    try {
      if (random.oneIn(3)) await client.set(key, randomValue(random, key));
      else {
        const value = await client.get(key);
        if (value !== undefined) load.checkValue(key, value);
      }
      load.count('requests');
    } catch (error) {
      if (!load.isEnding) load.wrong.push(`a client failed: ${String(error)}`);
    }
    await immediate();
  }
}

const CASES = [
  ['SIGTERM', 'with the fast path', []],
  ['SIGTERM', 'without it', ['-o', 'no_fast_path']],
  ['SIGKILL', 'with the fast path', []],
] as const;

test.each(CASES)(`%s ends a node %s under load, seed ${seed}`, async (signal, _, args) => {
  const server = await startSlabring({ args: ['-t', '4', '-m', '2', ...args] });
  const address = `${server.host}:${server.port}`;
  const random = new Random(seed);
  const load = new Load();
  const text = new Memcached(address, { timeout: 10_000, retries: 0 });
  const binary = memjsClient(address);
  try {
    const pipelines = Array.from({ length: PIPELINES }, (_each, nth) =>
      runPipeline(server, load, random.fork(nth)),
    );
    const clients = [textClient(text), binaryClient(binary)].map((client, nth) =>
      runClient(client, load, random.fork(100 + nth)),
    );
    await load.enough;
    load.isEnding = true;
    server.process.child.kill(signal);
    const rests = await Promise.all(pipelines);
    expect(await server.process.exited).toEqual(
      signal === 'SIGTERM' ? { code: 0, signal: null } : { code: null, signal },
    );
    await Promise.all(clients);
    expect(load.wrong).toEqual([]);
    expect(load.hits).toBeGreaterThan(300);
    if (signal === 'SIGTERM') expect(rests.join('')).toBe('');
  } finally {
    text.end();
    binary.close();
    await server.stop();
  }
});
