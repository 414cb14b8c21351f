import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';
import { startSlabring } from '../support/node-process.ts';
import { MAIN } from '../support/program.ts';
import { Random, testSeed } from '../support/random.ts';
import { OwnedProcess, type TestServer } from '../support/server.ts';
import { decodeSnapshot } from '../support/snapshots.ts';
import { waitUntil } from '../support/wait.ts';
import { RawConnection } from '../support/wire.ts';

const QUIET_KEYS = 20_000;
const KEYS_PER_WRITER = 500;
const WRITES_PER_BATCH = 40;
const seed = testSeed();

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

const set = (key: string, value: string): string =>
  `set ${key} 0 0 ${value.length}\r\n${value}\r\n`;
/** Some are chained, some are larger than a block. */
const valueFor = (write: number, random: Random): string =>
  `${write} ${'x'.repeat(random.oneIn(400) ? random.int(0, 600_000) : random.int(0, 1500))}`;

/** Writes its own keys as fast as the node replies, and remembers what they may have. */
class Writer {
  writes = 0;
  /** The number of the last write of each key that was sent, and that was acknowledged. */
  readonly sent = new Map<string, number>();
  readonly done = new Map<string, number>();
  readonly values = new Map<number, string>();
  readonly #name: string;
  readonly #random: Random;
  readonly #connection: RawConnection;
  #isStopped = false;

  constructor(name: string, connection: RawConnection, random: Random) {
    this.#name = name;
    this.#connection = connection;
    this.#random = random;
  }

  async run(): Promise<void> {
    while (!this.#isStopped) {
      const batch = Array.from({ length: WRITES_PER_BATCH }, () => this.#next());
      await this.#connection.exchange(batch.map(({ request }) => request).join(''));
      for (const { key, write } of batch) this.done.set(key, write);
    }
  }

  stop(): void {
    this.#isStopped = true;
  }

  #next() {
    const write = this.writes++;
    const key = `${this.#name}-${write % KEYS_PER_WRITER}`;
    const value = valueFor(write, this.#random);
    this.sent.set(key, write);
    this.values.set(write, value);
    return { key, write, request: set(key, value) };
  }
}

async function connect(node: TestServer): Promise<RawConnection> {
  const connection = await RawConnection.connect(node.address);
  closers.push(async () => connection.destroy());
  return connection;
}

test(`a dump under full write load has what each key had at some time, seed ${seed}`, async () => {
  const folder = await temporaryFolder();
  closers.push(folder.remove);
  const node = await startSlabring({ args: ['-t', '2', '-m', '512', '--admin-port', '0'] });
  closers.push(() => node.stop());
  const filler = await connect(node);
  const quiet = Array.from({ length: QUIET_KEYS }, (_, nth) => `quiet-${nth}`);
  await filler.exchange(quiet.map((key) => set(key, `value of ${key}`)).join(''));
  const random = new Random(seed);
  const writers = [
    new Writer('a', await connect(node), random),
    new Writer('b', await connect(node), random),
  ];
  const running = writers.map((writer) => writer.run());
  await waitUntil('all keys have a value', () =>
    writers.every(({ done }) => done.size === KEYS_PER_WRITER),
  );
  const [, admin = ''] = /Admin port: (http:[\w.:/]+)/.exec(node.process.stdout) ?? [];
  const file = join(folder.path, 'items.snapshot');
  const before = writers.map(({ done }) => new Map(done));
  const dump = new OwnedProcess([process.execPath, MAIN, 'dump', file, '--admin', admin]);
  expect((await dump.exited).code, dump.stderr).toBe(0);
  const after = writers.map(({ sent }) => new Map(sent));
  for (const writer of writers) writer.stop();
  await Promise.all(running);

  const { items, totals } = decodeSnapshot(readFileSync(file));
  expect([totals.isComplete, items.size]).toEqual([true, QUIET_KEYS + 2 * KEYS_PER_WRITER]);
  /** The text of an item is its facts as JSON, then its value. */
  const valueIn = (key: string): string => items.get(key)!.replace(/^\{[^}]*\} /, '');
  for (const key of quiet) expect(valueIn(key)).toBe(`value of ${key}`);
  let changed = 0;
  for (const [nth, { values }] of writers.entries()) {
    for (const [key, first] of before[nth]!) {
      const value = valueIn(key);
      const write = Number.parseInt(value, 10);
      expect(value === values.get(write), key).toBe(true);
      expect(write % KEYS_PER_WRITER, key).toBe(first % KEYS_PER_WRITER);
      expect(write, key).toBeGreaterThanOrEqual(first);
      expect(write, key).toBeLessThanOrEqual(after[nth]!.get(key)!);
      if (write > first) changed++;
    }
  }
  expect(changed).toBeGreaterThan(0);
});
