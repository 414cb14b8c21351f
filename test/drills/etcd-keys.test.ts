/** Nodes that etcd joins to a cluster keep their keys over failures of nodes and of etcd. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EtcdServer, whyNoEtcd } from '../support/etcd.ts';
import { startVerb } from '../support/node-process.ts';
import { freePort } from '../support/ports.ts';
import type { OwnedProcess } from '../support/server.ts';
import { waitUntil } from '../support/wait.ts';
import { exchangeOnce } from '../support/wire.ts';

const KEYS = 500;
/** The default of `--lease-seconds`. */
const LEASE_MS = 3000;
const keyAt = (nth: number): string => `key-${nth}`;

describe.skipIf(whyNoEtcd() !== undefined)('a cluster in etcd with two copies of each key', () => {
  let etcd: EtcdServer;
  let ports: readonly [number, number, number];
  const nodes = new Map<number, OwnedProcess>();
  let round = 0;

  beforeAll(async () => {
    etcd = await EtcdServer.start();
    ports = [await freePort(), await freePort(), await freePort()];
    for (const port of ports) start(port);
    await allServe();
    await writeAll();
  }, 120_000);
  afterAll(async () => {
    for (const node of nodes.values()) await node.stop();
    await etcd?.dispose();
  });

  function start(port: number): void {
    const listen = ['-l', '127.0.0.1', '-p', `${port}`, '-m', '32', '-t', '2', '-v'];
    const join = ['--join', `etcd://${etcd.address}`, '--cluster', 'web', '--replicas', '2'];
    nodes.set(port, startVerb(['serve', ...listen, ...join, '--node-name', `n${port}`]));
  }

  const ask = (port: number, requests: string): Promise<string> =>
    exchangeOnce({ host: '127.0.0.1', port }, requests);

  /** Waits until every node has joined, and serves. */
  const allServe = (): Promise<unknown> =>
    waitUntil(
      'all nodes serve',
      async () => {
        const states = await membersOf();
        return states.length === 3 && states.every(({ state }) => state === 'serving');
      },
      60_000,
    );

  async function membersOf(): Promise<readonly { readonly state: string }[]> {
    const list = ['nodes', 'list', '--json', '--cluster', `etcd://${etcd.address}/web`];
    const { code, out } = await startVerb(list).result();
    return code === 0 ? JSON.parse(out).members : [];
  }

  const valueAt = (nth: number): string => `value-${nth}-of-round-${round}`;

  /** Writes a new value of each key, at one node after the other; every write is acknowledged. */
  async function writeAll(through: readonly number[] = ports): Promise<void> {
    round += 1;
    for (const [nth, port] of through.entries()) {
      const own = Array.from({ length: KEYS }, (_, key) => key).filter(
        (key) => key % through.length === nth,
      );
      const sets = own.map((key) => {
        const value = valueAt(key);
        return `set ${keyAt(key)} 0 0 ${value.length}\r\n${value}\r\n`;
      });
      const replies = await ask(port, sets.join(''));
      expect(replies.split('\r\n').filter((line) => line !== '')).toEqual(own.map(() => 'STORED'));
    }
  }

  /** What a node replies to a read of each key. A miss or an old value is a failure at any time. */
  async function readAll(port: number): Promise<{ readonly errors: number }> {
    const gets = Array.from({ length: KEYS }, (_, nth) => `mg ${keyAt(nth)} v k\r\n`);
    const reply = await ask(port, gets.join('')).catch(() => undefined);
    if (reply === undefined) return { errors: KEYS };
    expect(reply).not.toContain('EN\r\n');
    const found = [...reply.matchAll(/^VA \d+ kkey-(\d+)\r\n(.*)\r$/gm)];
    for (const [, nth, value] of found) expect(value).toBe(valueAt(Number(nth)));
    return { errors: KEYS - found.length };
  }

  const allReadable = (port: number): Promise<unknown> =>
    waitUntil(
      `all keys are hits at ${port}`,
      async () => (await readAll(port)).errors === 0,
      30_000,
    );

  test('each node reads and writes every key', async () => {
    for (const port of ports) await allReadable(port);
    await writeAll();
    for (const port of ports) expect(await readAll(port)).toEqual({ errors: 0 });
  });

  test('no key is lost when a node is killed, and its next process is filled', async () => {
    for (const port of ports) {
      const killed = nodes.get(port)!;
      killed.child.kill('SIGKILL');
      await killed.exited;
      const others = ports.filter((other) => other !== port);
      for (const other of others) await allReadable(other);
      await writeAll(others);
      start(port);
      await allServe();
      await allReadable(port);
    }
  });

  test('a frozen node answers nothing old when it thaws', async () => {
    const [frozen, ...others] = ports;
    nodes.get(frozen)!.child.kill('SIGSTOP');
    try {
      for (const other of others) await allReadable(other);
      await writeAll(others);
    } finally {
      nodes.get(frozen)!.child.kill('SIGCONT');
    }
    await allReadable(frozen);
    await allServe();
  });

  test('clients read and write while etcd is away, and after its data is restored', async () => {
    await etcd.kill();
    await etcd.backUp();
    await etcd.start();
    const [first, second, third] = ports;
    // A change of the topology that the backup lacks.
    const stopped = nodes.get(third)!;
    await stopped.stop();
    for (const port of [first, second]) await allReadable(port);
    start(third);
    await allServe();
    await etcd.kill();
    for (let times = 0; times < 5; times++) {
      await writeAll();
      for (const port of ports) expect(await readAll(port)).toEqual({ errors: 0 });
    }
    await etcd.restore();
    await etcd.start();
    await allServe();
    const killed = nodes.get(second)!;
    killed.child.kill('SIGKILL');
    await killed.exited;
    for (const port of [first, third]) await allReadable(port);
    start(second);
    await allServe();
    await allReadable(second);
  });

  test('a node dies while etcd is away: the others go on with their keys', async () => {
    const [first, second, third] = ports;
    await writeAll();
    await etcd.kill();
    const killed = nodes.get(third)!;
    killed.child.kill('SIGKILL');
    await killed.exited;
    const killedMs = performance.now();
    // Each round waits for the keys of the dead node; its promises end in the first ones.
    const isOver = () => performance.now() - killedMs > 3 * LEASE_MS;
    for (let rounds = 0; rounds < 3 || !isOver(); rounds++) {
      for (const port of [first, second]) {
        const { errors } = await readAll(port);
        expect(errors).toBeGreaterThan(0);
        expect(errors).toBeLessThan(KEYS / 2);
      }
    }
    const changes = Array.from({ length: 20 }, (_, nth) => `set other-${nth} 0 0 1\r\nx\r\n`);
    const replies = await Promise.all(changes.map((set) => ask(first, set).catch(() => '')));
    expect(replies).toContain('STORED\r\n');
    await etcd.start();
    for (const port of [first, second]) await allReadable(port);
    await writeAll([first, second]);
    start(third);
    await allServe();
    await allReadable(third);
  });
});
