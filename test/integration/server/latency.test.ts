/** The latencies that a node measures of its own requests. */
import { afterEach, describe, expect, test } from 'vitest';
import { OP, packet } from '../../support/binary-wire.ts';
import { act, ask } from '../../support/http.ts';
import { startSlabring } from '../../support/node-process.ts';
import type { TestServer } from '../../support/server.ts';
import { statsOf } from '../../support/stats.ts';
import { waitUntil } from '../../support/wait.ts';
import { RawConnection, sendAndReadToEnd } from '../../support/wire.ts';

const servers: TestServer[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.stop())));

async function startNode(...args: readonly string[]) {
  const node = await startSlabring({ args: ['-t', '2', '--admin-port', '0', ...args] });
  servers.push(node);
  const url = /Admin port: ([^\s"]+)/.exec(node.process.stdout)?.[1];
  return { node, url: url! };
}

/** How many requests of a kind the metrics have, and their seconds. */
async function metricOf(url: string, command: string, dialect: string) {
  const { body } = await ask(`${url}/metrics`);
  const read = (part: string): number => {
    const labels = `{command="${command}",dialect="${dialect}"`;
    const name = `slabring_request_duration_seconds_${part}${labels}`;
    return Number(
      body
        .split('\n')
        .find((line) => line.startsWith(name))
        ?.split(' ')[1],
    );
  };
  return { count: read('count'), seconds: read('sum') };
}

/** Requests of all dialects, and how many of each kind they are. */
async function sendLoad(node: TestServer): Promise<ReadonlyMap<string, number>> {
  const text = await RawConnection.connect(node.address);
  const large = 'v'.repeat(400_000);
  await text.exchange(`set big 0 0 ${large.length}\r\n${large}\r\nget big big big\r\n`);
  await text.exchange('set a 0 0 1\r\nx\r\nget a\r\nget b\r\ngets a b\r\ndelete b\r\n');
  await text.exchange('ms m 1\r\nx\r\nmg m v\r\nmg m v\r\nmd n\r\n');
  await text.exchange('incr a 1\r\nnonsense\r\n');
  text.destroy();
  const get = packet({ opcode: OP.get, key: 'a' });
  await sendAndReadToEnd(node.address, Buffer.concat([get, get, packet({ opcode: OP.noop })]));
  return new Map([
    ['set:classic', 2],
    ['get:classic', 4],
    ['delete:classic', 1],
    ['incr:classic', 1],
    ['set:meta', 1],
    ['get:meta', 2],
    ['delete:meta', 1],
    ['get:binary', 2],
    ['noop:binary', 1],
  ]);
}

/** Waits until the node has measured this load: a client has its reply before. */
async function countsReached(node: TestServer, counts: ReadonlyMap<string, number>) {
  await waitUntil('the node has measured all requests', async () => {
    const stats = await statsOf(node, 'latency');
    return [...counts].every(([kind, count]) => stats.get(`${kind}:count`) === count);
  });
}

describe.each([[[]], [['-o', 'no_fast_path']]])('a node with the options %j', (options) => {
  test('the node counts each kind of request, and its metrics agree with stats', async () => {
    const { node, url } = await startNode(...options);
    const counts = await sendLoad(node);
    await countsReached(node, counts);
    const stats = await statsOf(node, 'latency');
    for (const [kind, count] of counts) {
      expect(stats.get(`${kind}:count`), kind).toBe(count);
      const [command = '', dialect = ''] = kind.split(':');
      const metric = await metricOf(url, command, dialect);
      expect(metric.count, kind).toBe(count);
      const meanUs = (1e6 * metric.seconds) / count;
      expect(meanUs / stats.get(`${kind}:mean_us`)!, kind).toBeCloseTo(1, 1);
      const figure = (name: string) => stats.get(`${kind}:${name}_us`)!;
      const [p50, p99, max] = [figure('p50'), figure('p99'), figure('max')];
      expect(p50, kind).toBeGreaterThan(0);
      expect(p99, kind).toBeGreaterThanOrEqual(p50);
      expect(max, kind).toBeGreaterThanOrEqual(p99);
    }
    const json = await ask(`${url}/stats.json`);
    expect(json.body).toContain('slabring_request_duration_seconds');
  });
});

test('the buckets of the metrics give quantiles within 10 % from 4 us to 125 ms', async () => {
  const { node, url } = await startNode();
  await countsReached(node, await sendLoad(node));
  const { body } = await ask(`${url}/metrics`);
  const bucket =
    /^slabring_request_duration_seconds_bucket\{command="get",dialect="meta",le="(.+)"/gm;
  const bounds = [...body.matchAll(bucket)].map(([, le]) =>
    le === '+Inf' ? Infinity : Number(le),
  );
  const fine = bounds.filter((bound) => bound >= 3.8e-6 && bound <= 0.125);
  expect([fine[0], fine.at(-1)]).toEqual([expect.closeTo(2 ** -18, 8), 0.125]);
  for (const [nth, bound] of fine.slice(1).entries()) {
    expect(bound / fine[nth]!).toBeLessThan(1.1);
  }
  expect(bounds.at(-1)).toBe(Number.POSITIVE_INFINITY);
});

test('stats reset begins at 0, on all threads', async () => {
  const { node, url } = await startNode();
  await countsReached(node, await sendLoad(node));
  const connection = await RawConnection.connect(node.address);
  expect((await connection.exchange('stats reset\r\n')).toString()).toBe('RESET\r\n');
  connection.destroy();
  expect((await statsOf(node, 'latency')).has('get:classic:count')).toBe(false);
  await countsReached(node, await sendLoad(node));
  expect((await metricOf(url, 'get', 'classic')).count).toBe(4);
});

describe('slow requests', () => {
  const LARGE = 400_000;
  /** A set and a get of a large value, which take longer than a microsecond. */
  async function sendLarge(node: TestServer): Promise<void> {
    const connection = await RawConnection.connect(node.address);
    const set = `set secret-key 0 0 ${LARGE}\r\n${'secret-value'.padEnd(LARGE, '.')}\r\n`;
    await connection.exchange(set);
    await connection.exchange('get secret-key\r\n');
    connection.destroy();
  }
  const slowCount = async (node: TestServer) => (await statsOf(node)).get('slow_requests')!;

  test('--slow-ms logs the command, the hash of the key, sizes, time and client', async () => {
    const { node, url } = await startNode('--slow-ms', '0.001');
    await sendLarge(node);
    const log = () => node.process.stderr;
    await waitUntil('the log has the set and the get', () =>
      ['set', 'get'].every((command) => log().includes(`"command":"${command}"`)),
    );
    const lines = log()
      .split('\n')
      .filter((line) => line.includes('slow request'));
    const lineOf = (command: string) =>
      JSON.parse(lines.find((line) => line.includes(`"command":"${command}"`))!) as object;
    const common = {
      dialect: 'classic',
      keys: 1,
      keyHash: expect.stringMatching(/^[0-9a-f]{8}$/) as string,
      ms: expect.any(Number) as number,
      address: expect.stringMatching(/^tcp:127\.0\.0\.1:\d+$/) as string,
    };
    const set = lineOf('set') as { bytesIn: number; keyHash: string };
    expect(set).toMatchObject(common);
    expect(set.bytesIn).toBeGreaterThan(LARGE);
    const get = lineOf('get') as { bytesOut: number; keyHash: string };
    expect(get).toMatchObject(common);
    expect(get.bytesOut).toBeGreaterThan(LARGE);
    expect(get.keyHash).toBe(set.keyHash);
    expect(log()).not.toContain('secret');
    const { body } = await ask(`${url}/metrics`);
    expect(body).toMatch(/^slabring_slow_requests_total [1-9]/m);
  });
  test('a node without --slow-ms logs and counts none', async () => {
    const { node } = await startNode();
    await sendLarge(node);
    expect(await slowCount(node)).toBe(0);
    expect(node.process.stderr).toBe('');
  });
  test('the admin port changes the time of all threads of a running node', async () => {
    const { node, url } = await startNode();
    expect(await act(url, 'slow-ms', { ms: -1 })).toMatchObject({ status: 400 });
    expect(await act(url, 'slow-ms', { ms: '5' })).toMatchObject({ status: 400 });
    expect(await act(url, 'slow-ms', { ms: 0.001 })).toMatchObject({ status: 200 });
    await sendLarge(node);
    await waitUntil('the node counts slow requests', async () => (await slowCount(node)) > 0);
    expect(await act(url, 'slow-ms', { ms: 0 })).toMatchObject({ status: 200 });
    const before = await slowCount(node);
    await sendLarge(node);
    expect(await slowCount(node)).toBe(before);
  });
});
