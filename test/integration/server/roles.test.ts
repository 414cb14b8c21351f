import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OP, packet, packetsOf, uint32Extras } from '../../support/binary-wire.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { startSlabring } from '../../support/node-process.ts';
import type { TestServer } from '../../support/server.ts';
import { sendAndReadToEnd } from '../../support/wire.ts';

const DENIED = 'CLIENT_ERROR permission denied\r\n';
const AUTH_FAILURE = 0x20;
const USERS = [
  ...['role admin boss', 'role readonly reader', 'boss:1', 'writer:role admin', 'reader:3'],
  ...['role readonly sasl', 'role admin gone'],
];
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let node: TestServer;
beforeAll(async () => {
  folder = await temporaryFolder();
  const users = join(folder.path, 'users');
  const pwdb = join(folder.path, 'pwdb');
  await writeFile(users, `${USERS.join('\n')}\n`);
  await writeFile(pwdb, 'sasl@here:4\nrole admin sasl\n');
  node = await startSlabring({ args: ['-S', '-A', '-Y', users, '--sasl-pwdb', pwdb] });
});
afterAll(async () => {
  await node.stop();
  await folder.remove();
});

const PASSWORDS = { boss: '1', writer: 'role admin', reader: '3', sasl: '4' } as const;
type Name = keyof typeof PASSWORDS;

/** The replies to requests of the text protocols after a login. */
async function exchange(user: Name, ...requests: readonly string[]): Promise<string> {
  const token = `${user} ${PASSWORDS[user]}`;
  const login = `set x 0 0 ${token.length}\r\n${token}\r\n`;
  const bytes = Buffer.from(login + requests.map((line) => `${line}\r\n`).join(''), 'latin1');
  const reply = (await sendAndReadToEnd(node.address, bytes)).toString('latin1');
  expect(reply.slice(0, 8)).toBe('STORED\r\n');
  return reply.slice(8);
}

/** The statuses of the replies to binary packets after a login. */
async function statuses(user: Name, ...requests: readonly Buffer[]): Promise<readonly number[]> {
  const value = `\0${user}\0${PASSWORDS[user]}`;
  const login = packet({ opcode: OP.saslAuth, key: 'PLAIN', value });
  const bytes = await sendAndReadToEnd(node.address, Buffer.concat([login, ...requests]));
  const [first, ...rest] = packetsOf(bytes).packets;
  expect(first?.status).toBe(0);
  return rest.map(({ status }) => status);
}

const READING = [
  ...['get k', 'gets k', 'mg k v', 'mg k t c', 'me k', 'mn', 'version', 'stats', 'stats items'],
  ...['stats settings', 'config get cluster'],
];
const WRITING = [
  ...['set k 0 0 1\r\nx', 'add a 0 0 1\r\nx', 'replace k 0 0 1\r\nx', 'append k 0 0 1\r\nx'],
  ...['prepend k 0 0 1\r\nx', 'cas k 0 0 1 1\r\nx', 'delete none', 'incr k 1', 'decr k 1'],
  ...['touch k 0', 'gat 0 k', 'gats 0 k', 'ms k 1\r\nx', 'md none', 'ma k', 'mg k N0', 'mg k T0'],
  ...['mg k R30', 'flush_all 1000', 'stats reset'],
];
const ADMINISTRATIVE = [
  ...['config set cluster 0 3\r\n1\na', 'config delete cluster', 'verbosity 1', 'refresh_certs'],
  ...['slabs automove 1', 'slabs reassign 1 2', 'lru mode segmented', 'lru_crawler crawl all'],
  ...['lru_crawler metadump all', 'lru_crawler mgdump all', 'cache_memlimit 64'],
  ...['stats cachedump 1 1', 'stats detail on', 'stats detail dump', 'stats conns'],
  ...['stats hot_keys', 'stats hot_prefixes', 'stats sizes_enable', 'stats sizes_disable'],
];

describe('roles in text', () => {
  test.for([...READING, ...WRITING, ...ADMINISTRATIVE])('an admin may send %j', async (line) => {
    const reply = await exchange('boss', line, 'mn');
    expect(reply).not.toContain('permission');
    expect(reply.endsWith('MN\r\n')).toBe(true);
  });
  test.for([...READING, ...WRITING])('a readwrite user may send %j', async (line) => {
    expect(await exchange('writer', line, 'mn')).not.toContain('permission');
  });
  test.for(ADMINISTRATIVE)('a readwrite user may not send %j', async (line) => {
    expect(await exchange('writer', line, 'mn')).toBe(`${DENIED}MN\r\n`);
  });
  test.for(READING)('a readonly user may send %j', async (line) => {
    expect(await exchange('reader', line, 'mn')).not.toContain('permission');
  });
  test.for([...WRITING, ...ADMINISTRATIVE])('a readonly user may not send %j', async (line) => {
    expect(await exchange('reader', line, 'mn')).toBe(`${DENIED}MN\r\n`);
  });

  test('only an admin may watch, and stop the node', async () => {
    expect(await exchange('writer', 'watch fetchers', 'shutdown')).toBe(DENIED + DENIED);
    expect(await exchange('boss', 'shutdown now')).toBe('CLIENT_ERROR invalid shutdown mode\r\n');
  });

  test('a refused value is skipped, also a quiet one in pieces, and changes nothing', async () => {
    await exchange('boss', 'set kept 0 0 3\r\nold');
    const large = 'x'.repeat(300_000);
    expect(
      await exchange(
        'reader',
        `set kept 0 0 300000 noreply\r\n${large}`,
        `ms kept 300000 q\r\n${large}`,
        'set kept 0 0 12\r\ndelete kept\r',
        'get kept',
      ),
    ).toBe(`${DENIED}${DENIED}VALUE kept 0 3\r\nold\r\nEND\r\n`);
  });

  test('a readonly user cannot take the lease of a stale item', async () => {
    await exchange('writer', 'ms stale 1\r\nx', 'md stale I T60');
    expect(await exchange('reader', 'mg stale v', 'mg stale v')).toBe(
      'VA 1 Z X\r\nx\r\nVA 1 Z X\r\nx\r\n',
    );
    expect(await exchange('writer', 'mg stale v')).toBe('VA 1 X W\r\nx\r\n');
  });

  test('a readonly user sees the mark of a lease (Z) only where there is one', async () => {
    await exchange('writer', 'ms fresh 1\r\nx', 'mg loading N60');
    expect(await exchange('reader', 'mg fresh v', 'mg loading s')).toBe('VA 1\r\nx\r\nHD s0 Z\r\n');
  });

  test('the role of a SASL user in the -Y file counts before that of the other file', async () => {
    expect(await exchange('sasl', 'set k 0 0 1\r\nx', 'get none')).toBe(`${DENIED}END\r\n`);
  });
});

describe('roles in the binary protocol', () => {
  const extras = Buffer.alloc(8);
  const set = packet({ opcode: OP.set, key: 'b', extras, value: 'value' });
  const setQuietly = packet({ opcode: OP.setq, key: 'b', extras, value: 'value' });
  const get = packet({ opcode: OP.get, key: 'b' });
  const configSet = packet({
    opcode: 0x64,
    key: 'cluster',
    extras: uint32Extras(0),
    value: '1\na',
  });
  const detail = packet({ opcode: OP.stat, key: 'detail on' });
  const verbosity = packet({ opcode: 0x1b, extras: uint32Extras(1) });
  const flush = packet({ opcode: OP.flush, extras: uint32Extras(1000) });
  const touch = packet({ opcode: 0x1c, key: 'b', extras: uint32Extras(0) });

  test('a readonly user may read, and stays in step after refused packets', async () => {
    await statuses('writer', set);
    const all = [set, setQuietly, flush, touch, configSet, detail, verbosity, get];
    const [denied, ok] = [AUTH_FAILURE, 0];
    expect(await statuses('reader', ...all)).toEqual([...Array(7).fill(denied), ok]);
  });
  test('a readwrite user may write, but not administer', async () => {
    const all = [set, flush, touch, configSet, detail, verbosity, get];
    const [denied, ok] = [AUTH_FAILURE, 0];
    expect(await statuses('writer', ...all)).toEqual([ok, ok, ok, denied, denied, denied, ok]);
  });
  test('an admin may do everything', async () => {
    expect(await statuses('boss', configSet, verbosity, get)).toEqual([0, 0, 0]);
  });
});
