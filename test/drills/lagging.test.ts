/** A node that is frozen, and nodes that are full: others are served, and memory is bounded. */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { CacheClient } from '../../src/client.ts';
import { DisturbedCluster, signal } from '../support/disturbed-cluster.ts';
import { freeze } from '../support/freeze.ts';
import { Random, testSeed } from '../support/random.ts';
import { residentBytes } from '../support/resident-bytes.ts';
import { folderForEachTest } from '../support/test-folder.ts';
import { line, TextConnection } from '../support/text-connection.ts';
import { waitUntil } from '../support/wait.ts';
import { exchangeOnce } from '../support/wire.ts';

const seed = testSeed();
const folder = folderForEachTest();
const MEBIBYTE = 1024 * 1024;
/** Shorter than the silence for which a node is killed. */
const FROZEN_MS = 3000;
/** Each of four threads may hold 32 MiB and a frame for a link, in a buffer that has doubled. */
const GROWN_MIB_MAX = 320;

interface Holders {
  readonly primary: string;
  readonly other: string;
}

/** The two holders of a key, as ketama places it. */
function holdersBy(addresses: readonly string[]): (key: string) => Holders {
  const client = (nodes: readonly string[]) => {
    const cache = new CacheClient({ nodes, distribution: 'ketama' });
    folder.cleanups.push(() => cache.close());
    return cache;
  };
  const all = client(addresses);
  const without = new Map(
    addresses.map((each) => [each, client(addresses.filter((other) => other !== each))]),
  );
  return (key) => {
    const primary = all.nodeOf(key);
    return { primary, other: without.get(primary)!.nodeOf(key) };
  };
}

const allServe: Parameters<DisturbedCluster['until']>[1] = ({ members }) =>
  members.every(({ state }) => state === 'serving');

describe(`a node that is frozen (seed ${seed})`, () => {
  test('clients of keys that others hold go on, and the state names the node', async () => {
    const args = ['-m', '32'];
    const disturbed = await DisturbedCluster.start(folder, new Random(seed), { keys: 100, args });
    const { rows, addresses } = disturbed.cluster;
    const [slow, ...others] = rows;
    const holdersOf = holdersBy(addresses);
    const keys = Array.from({ length: 600 }, (_, nth) => `own-${nth}`);
    const isAt = (key: string): boolean =>
      Object.values(holdersOf(key)).includes(`127.0.0.1:${slow!.port}`);
    const [theirs, its] = [keys.filter((key) => !isAt(key)), keys.filter(isAt)];
    let [replies, isEnding] = [0, false];
    const work = async (port: number): Promise<void> => {
      const connection = new TextConnection(port);
      for (let nth = 0; !isEnding; nth++) {
        const key = theirs[nth % theirs.length]!;
        expect(await connection.send(`set ${key} 0 0 1\r\nx\r\n`, line)).toBe('STORED');
        replies++;
      }
      connection.close();
    };
    const working = Promise.all(others.map(({ port }) => work(port)));
    await waitUntil('clients work', () => replies > 100);
    disturbed.load.disturb(`the freeze of ${slow!.name}`);
    await freeze(slow!.pid);
    const late = new TextConnection(others[0]!.port);
    const waiting = Promise.allSettled(
      its.map((key) => late.send(`set ${key} 0 0 1\r\nx\r\n`, line)),
    );
    const before = replies;
    await waitUntil('2000 more replies', () => replies > before + 2000, 60_000);
    const lag = new RegExp(`peer:${slow!.name}:lag_ms [1-9]`);
    await waitUntil('the state names the node', async () =>
      lag.test(
        await exchangeOnce({ host: '127.0.0.1', port: others[0]!.port }, 'stats cluster\r\n'),
      ),
    );
    signal(slow!.pid, 'SIGCONT');
    await waiting;
    late.close();
    isEnding = true;
    await working;
    await disturbed.until('all nodes serve', allServe);
    expect((await disturbed.load.stop()).wrong).toEqual([]);
  });

  const title = `async: the memory of the others grows by less than ${GROWN_MIB_MAX} MiB`;
  test(title, async ({ annotate }) => {
    const args = ['-m', '64', '--replication', 'async'];
    const disturbed = await DisturbedCluster.start(folder, new Random(seed), { keys: 100, args });
    const [slow, ...others] = disturbed.cluster.rows;
    const value = 'x'.repeat(100_000);
    let [sent, isEnding] = [0, false];
    /** Sends values as fast as the node reads them, and ends when the node has answered all. */
    const stream = async (port: number): Promise<void> => {
      const socket = connect({ host: '127.0.0.1', port });
      socket.on('error', () => {}).resume();
      const closed = new Promise((resolve) => socket.once('close', resolve));
      for (let nth = 0; !isEnding && !socket.destroyed; nth++) {
        sent += value.length;
        const set = `set big-${nth % 300} 0 0 ${value.length}\r\n${value}\r\n`;
        if (socket.write(set)) continue;
        await waitUntil('the node reads', () => isEnding || socket.writableLength === 0, 60_000);
      }
      socket.end();
      await closed;
    };
    const ports = others.flatMap(({ port }) => [port, port, port, port]);
    const streaming = Promise.all(ports.map(stream));
    await waitUntil('the memory of the items is in use', () => sent > 300 * MEBIBYTE, 120_000);
    const memory = () =>
      Promise.all(others.map(({ pid }) => residentBytes(pid))).catch(async () => {
        const { changes } = await disturbed.members();
        throw new Error(`a node has ended: ${JSON.stringify(changes, null, 1)}`);
      });
    const before = await memory();
    const most = [...before];
    disturbed.load.disturb(`the freeze of ${slow!.name}`);
    await freeze(slow!.pid);
    for (const until = performance.now() + FROZEN_MS; performance.now() < until; ) {
      for (const [nth, bytes] of (await memory()).entries())
        most[nth] = Math.max(most[nth]!, bytes);
      await sleep(20);
    }
    signal(slow!.pid, 'SIGCONT');
    isEnding = true;
    await streaming;
    const grown = most.map((bytes, nth) => Math.round((bytes - before[nth]!) / MEBIBYTE));
    await annotate(`the others grew by ${grown.join(' and ')} MiB`);
    for (const each of grown) expect(each).toBeLessThan(GROWN_MIB_MAX);
    await disturbed.until('all nodes serve', allServe);
    disturbed.load.rest();
    await disturbed.load.replies(300);
    expect((await disturbed.load.stop()).wrong).toEqual([]);
  });
});

describe(`nodes that are full (seed ${seed})`, () => {
  const title = 'no value is old, no client sees an error at rest, and memory is bounded';
  test(title, async ({ annotate }) => {
    const random = new Random(seed);
    const options = { keys: 20_000, args: ['-m', '8'], valueBytes: 2000, isFull: true };
    const disturbed = await DisturbedCluster.start(folder, random, options);
    const { load } = disturbed;
    const memory = async (): Promise<readonly number[]> => {
      const { members } = await disturbed.members();
      return Promise.all(members.map(({ pid }) => residentBytes(pid!)));
    };
    await load.replies(10_000);
    const before = Math.max(...(await memory()));
    const { name, pid } = random.pick(disturbed.cluster.rows);
    load.disturb(`the kill of ${name}`);
    process.kill(pid, 'SIGKILL');
    await disturbed.until(
      'a new process serves',
      (reply) => allServe(reply) && reply.members.every((member) => member.pid !== pid),
    );
    load.rest();
    await load.replies(20_000);
    const grown = Math.round((Math.max(...(await memory())) - before) / MEBIBYTE);
    const counts = await load.stop();
    await annotate(`a node grew by ${grown} MiB; ${counts.misses} misses in ${counts.reads} reads`);
    expect(counts.wrong).toEqual([]);
    expect(counts.misses).toBeGreaterThan(0);
    expect(grown).toBeLessThan(64);
  });
});
