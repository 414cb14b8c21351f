import { execFile } from 'node:child_process';
import { expect, test } from 'vitest';
import { RawConnection } from '../../support/wire.ts';
import { describeBothServers, type ServerAddress, type ServerUnderTest } from '../both-servers.ts';
import { PLAIN } from '../server-setups.ts';
import { clientMissing, MEMCACHED_TOOL, MEMCACHED_TOOL_FILE } from './clients.ts';

/** What the tool prints on standard output; it fails the test if the tool does. */
function run(address: ServerAddress, ...mode: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(MEMCACHED_TOOL_FILE, [address(), ...mode], (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${error.message}\n${stderr}`));
    });
  });
}

async function send(address: ServerAddress, request: string): Promise<string> {
  const [host, port] = address().split(':');
  const connection = await RawConnection.connect({ host, port: Number(port) });
  const reply = await connection.exchange(request);
  connection.destroy();
  return reply.toString();
}

/** The rows of a table of names and values. */
const rowsOf = (text: string): ReadonlyMap<string, string> =>
  new Map(
    [...text.matchAll(/^\s*(\w+)\s+(\S*)\s*$/gm)].map(([, name = '', value = '']) => [name, value]),
  );

const ITEMS = [
  { key: 'plain', flags: 0, exptime: 0, value: 'hello' },
  { key: 'flags', flags: 4_294_967_295, exptime: 3600, value: '' },
  { key: 'lines', flags: 1, exptime: 0, value: 'first\r\nEND\r\nthird' },
  { key: 'percent%key', flags: 2, exptime: 0, value: 'x'.repeat(2000) },
];

const storeItems = (address: ServerAddress): Promise<string> =>
  send(
    address,
    ITEMS.map(
      ({ key, flags, exptime, value }) =>
        `set ${key} ${flags} ${exptime} ${value.length}\r\n${value}\r\n`,
    ).join(''),
  );

const missing = clientMissing(MEMCACHED_TOOL);
const setup = {
  ...PLAIN,
  prepare: async () => ({
    ...(await PLAIN.prepare()),
    slabring: { args: ['-o', 'track_sizes'] },
    memcached: { args: ['-o', 'track_sizes'] },
  }),
};

describeBothServers('memcached-tool', memcachedToolTests, setup, missing);

function memcachedToolTests(address: ServerAddress, { name }: ServerUnderTest): void {
  test('a dump and a flush, then the dump as requests, bring the items back', async () => {
    await storeItems(address);
    const before = await send(address, ITEMS.map(({ key }) => `get ${key}\r\n`).join(''));
    const dump = await run(address, 'dump');
    expect(dump.match(/^add /gm)).toHaveLength(ITEMS.length);
    expect(await send(address, 'flush_all\r\nget plain\r\n')).toBe('OK\r\nEND\r\n');
    expect(await send(address, dump)).toBe('STORED\r\n'.repeat(ITEMS.length));
    expect(await send(address, ITEMS.map(({ key }) => `get ${key}\r\n`).join(''))).toBe(before);
    const [, seconds] = /^HD t(-?\d+)/.exec(await send(address, 'mg flags t\r\n')) ?? [];
    expect(Number(seconds)).toBeGreaterThan(3000);
  });

  test('keys lists each key, and a limit the first keys', async () => {
    await storeItems(address);
    const keys = (text: string) => [...text.matchAll(/^key=(\S+)/gm)].map(([, key]) => key);
    expect(keys(await run(address, 'keys')).sort()).toEqual(
      ITEMS.map(({ key }) => encodeURIComponent(key)).sort(),
    );
    // The tool counts lines, and a dump begins with OK since memcached 1.6.43.
    const expected = name === 'slabring' ? 1 : 2;
    expect(keys(await run(address, 'keys', '2'))).toHaveLength(expected);
  });

  test('display shows the size classes with their items', async () => {
    await storeItems(address);
    const [head = '', ...lines] = (await run(address, 'display')).trimEnd().split('\n');
    expect(head).toMatch(/^ {2}# {2}Item_Size {2}Max_age +Pages +Count/);
    const counts = lines.map((line) => Number(line.trim().split(/\s+/)[4]));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(ITEMS.length);
    expect(lines.map((line) => line.trim().split(/\s+/)[1])).toContainEqual(
      expect.stringMatching(/^\d+B$|^\d+\.\dK$/),
    );
  });

  test('stats, settings and sizes show what the server replies', async () => {
    await storeItems(address);
    const stats = rowsOf(await run(address, 'stats'));
    expect(Number(stats.get('curr_items'))).toBe(ITEMS.length);
    expect(Number(stats.get('total_items'))).toBeGreaterThanOrEqual(ITEMS.length);
    expect(rowsOf(await run(address, 'settings')).get('maxbytes')).toBe(`${64 * 1024 * 1024}`);
    const sizes = [...rowsOf(await run(address, 'sizes')).values()].map(Number);
    expect(sizes.reduce((sum, count) => sum + count, 0)).toBe(ITEMS.length);
  });
}
