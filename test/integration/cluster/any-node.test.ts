/** Every node of a cluster answers for all keys, as one node that has them all would. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ThreadNumber } from '../../../src/commands/index.ts';
import { FixedCluster } from '../../support/fixed-cluster.ts';
import { Random } from '../../support/random.ts';
import { exchangeOnce } from '../../support/wire.ts';

let cluster: FixedCluster;

const ask = (nth: number, requests: string): Promise<string> =>
  exchangeOnce(cluster.nodes[nth]!.address, requests);

describe.each([1, 2])('any node, with %i holders of each key', (replicas) => {
  beforeAll(async () => {
    cluster = await FixedCluster.start({ replicas });
  });
  afterAll(() => cluster?.stop());

  test('a value that one node stores is read at each node', async () => {
    for (const primary of [0, 1, 2]) {
      const key = cluster.keyAt(primary, 'read');
      expect(await ask(0, `set ${key} 7 0 5\r\nvalue\r\n`)).toBe('STORED\r\n');
      for (const nth of [0, 1, 2]) {
        expect(await ask(nth, `get ${key}\r\n`)).toBe(`VALUE ${key} 7 5\r\nvalue\r\nEND\r\n`);
      }
    }
  });

  test('only the holders of a key store its item', async () => {
    const itemBytes = () => cluster.nodes.map(({ node }) => node.view.total('memRequested'));
    const before = itemBytes();
    await ask(0, `set ${cluster.keyAt(2, 'one')} 0 0 1\r\nx\r\n`);
    const grown = itemBytes().filter((bytes, nth) => bytes > before[nth]!);
    expect(grown.length).toBe(replicas);
  });

  test('a get of keys of several nodes returns the values in the order of the keys', async () => {
    const keys = [2, 0, 1, 2, 1].map((nth, at) => cluster.keyAt(nth, `many-${at}`));
    for (const key of keys) await ask(0, `set ${key} 0 0 ${key.length}\r\n${key}\r\n`);
    const values = keys.map((key) => `VALUE ${key} 0 ${key.length}\r\n${key}\r\n`);
    const line = `get ${keys.join(' ')} missing\r\n`;
    for (const nth of [0, 1, 2]) expect(await ask(nth, line)).toBe(`${values.join('')}END\r\n`);
  });

  test('the replies of a pipeline over all nodes leave in order', async () => {
    const random = new Random(1);
    const keys = Array.from({ length: 1000 }, (_, nth) => `pipe-${nth}`);
    const sets = keys.map((key) => `set ${key} 0 0 ${key.length}\r\n${key}\r\n`);
    expect(await ask(0, sets.join(''))).toBe('STORED\r\n'.repeat(keys.length));
    const asked = keys.map(() => random.pick(keys));
    const gets = asked.map((key) => `get ${key}\r\n`).join('');
    const replies = asked.map((key) => `VALUE ${key} 0 ${key.length}\r\n${key}\r\nEND\r\n`);
    expect(await ask(1, gets)).toBe(replies.join(''));
  });

  test('a value of 1 MB passes through a node unchanged', async () => {
    const key = cluster.keyAt(1, 'large');
    const value = new Random(2).bytes(750_000).toString('base64').slice(0, 1_000_000);
    const set = `set ${key} 0 0 ${value.length}\r\n${value}\r\n`;
    expect(await ask(0, set)).toBe('STORED\r\n');
    const reply = await ask(2, `get ${key}\r\n`);
    expect(reply === `VALUE ${key} 0 ${value.length}\r\n${value}\r\nEND\r\n`).toBe(true);
  });

  test('a counter that all nodes raise at the same time loses nothing', async () => {
    const key = cluster.keyAt(1, 'count');
    await ask(0, `set ${key} 0 0 1\r\n0\r\n`);
    const increments = `incr ${key} 1\r\n`.repeat(500);
    await Promise.all([0, 1, 2].map((nth) => ask(nth, increments)));
    expect(await ask(2, `get ${key}\r\n`)).toBe(`VALUE ${key} 0 4\r\n1500\r\nEND\r\n`);
  });

  test('quiet requests reach the primary and have no reply', async () => {
    const key = cluster.keyAt(2, 'quiet');
    expect(await ask(0, `set ${key} 0 0 1 noreply\r\nx\r\n`)).toBe('');
    await expect.poll(() => ask(1, `get ${key}\r\n`)).toBe(`VALUE ${key} 0 1\r\nx\r\nEND\r\n`);
    expect(await ask(0, `mg ${key} v q\r\nmn\r\n`)).toBe('VA 1\r\nx\r\nMN\r\n');
    expect(await ask(0, `mg ${cluster.keyAt(2, 'none')} v q\r\nmn\r\n`)).toBe('MN\r\n');
  });

  test('an error of the primary is the reply of the asked node', async () => {
    const key = cluster.keyAt(1, 'word');
    await ask(0, `set ${key} 0 0 4\r\nword\r\n`);
    const sentence = 'CLIENT_ERROR cannot increment or decrement non-numeric value\r\n';
    expect(await ask(0, `incr ${key} 1\r\n`)).toBe(sentence);
    const tooLarge = `set ${key} 0 0 2000000\r\n${'x'.repeat(2_000_000)}\r\n`;
    expect(await ask(0, tooLarge)).toBe('SERVER_ERROR object too large for cache\r\n');
  });

  test('flush_all at one node empties all nodes', async () => {
    const keys = [0, 1, 2].map((nth) => cluster.keyAt(nth, 'flush'));
    for (const key of keys) await ask(0, `set ${key} 0 0 1\r\nx\r\n`);
    expect(await ask(1, 'flush_all\r\n')).toBe('OK\r\n');
    expect(await ask(2, `get ${keys.join(' ')}\r\n`)).toBe('END\r\n');
  });

  test('each request that a node forwards is served by another one, and counted', async () => {
    const numbers = async (nth: number) => {
      const reports = await cluster.nodes[nth]!.report();
      return reports.map((report) => report.numbers);
    };
    const sumOf = async (nth: number, name: ThreadNumber): Promise<number> =>
      (await numbers(nth)).reduce((sum, each) => sum + each[name], 0);
    const [sent, served] = [await sumOf(0, 'forwards_sent'), await sumOf(1, 'forwards_served')];
    const changes = await sumOf(1, 'changes_sent');
    const keys = Array.from({ length: 20 }, (_, nth) => cluster.keyAt(1, `counted-${nth}`));
    await ask(0, keys.map((key) => `set ${key} 0 0 1\r\nx\r\n`).join(''));
    expect(await sumOf(0, 'forwards_sent')).toBe(sent + 20);
    expect(await sumOf(1, 'forwards_served')).toBe(served + 20);
    expect(await sumOf(1, 'changes_sent')).toBe(replicas === 1 ? changes : changes + 20);
    expect(await sumOf(0, 'forwards_failed')).toBe(0);
  });
});
