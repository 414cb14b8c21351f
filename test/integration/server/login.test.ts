import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { run } from '../../../src/cli/run.ts';
import { healthVerb } from '../../../src/cli/verbs/health.ts';
import { OP, packet, packetsOf } from '../../support/binary-wire.ts';
import { Authority } from '../../support/certificates.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { startMemcached, whyNoMemcached } from '../../support/memcached.ts';
import { startSlabring } from '../../support/node-process.ts';
import { freePort } from '../../support/ports.ts';
import type { TestServer } from '../../support/server.ts';
import { waitUntil } from '../../support/wait.ts';
import { type Address, RawConnection, sendAndReadToEnd } from '../../support/wire.ts';
import { TestHost } from '../../unit/cli/host.ts';

const USERS = 'alice:wonder land\nbob:builder\n';
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
/** The user file that a test may change, and the one that no test changes. */
let users: string;
let sharedUsers: string;
const servers: TestServer[] = [];
/** Nodes that several tests use, by their arguments. */
const sharedNodes = new Map<string, Promise<TestServer>>();

beforeAll(async () => {
  folder = await temporaryFolder();
  sharedUsers = join(folder.path, 'sharedUsers');
  await writeFile(sharedUsers, USERS);
});
beforeEach(async () => {
  users = join(folder.path, 'users');
  await writeFile(users, USERS);
});
afterEach(() => Promise.all(servers.splice(0).map((server) => server.stop())));
afterAll(async () => {
  const all = await Promise.all(sharedNodes.values());
  await Promise.all(all.map((server) => server.stop()));
  await folder.remove();
});

/** A node with the unchanged users; tests with equal arguments share it. */
function sharedNode(...args: readonly string[]): Promise<TestServer> {
  const name = args.join(' ');
  const server =
    sharedNodes.get(name) ?? startSlabring({ args: ['-t', '2', '-Y', sharedUsers, ...args] });
  sharedNodes.set(name, server);
  return server;
}

async function startNode(...args: readonly string[]): Promise<TestServer> {
  const server = await startSlabring({ args: ['-t', '2', ...args] });
  servers.push(server);
  return server;
}

const login = (token: string): string => `set x 0 0 ${token.length}\r\n${token}\r\n`;
const plain = (user: string, password: string): Buffer =>
  packet({ opcode: OP.saslAuth, key: 'PLAIN', value: `\0${user}\0${password}` });
const NOOP = packet({ opcode: OP.noop });

/** The line that the node replies to each step. */
async function repliesOf(server: TestServer, steps: readonly string[]): Promise<readonly string[]> {
  const connection = await RawConnection.connect(server.address);
  const replies: string[] = [];
  for (const step of steps) {
    connection.send(step);
    replies.push((await connection.readUntil('\r\n')).toString('latin1'));
  }
  connection.destroy();
  return replies;
}

/** The opcode, status and value of each reply. */
async function statusesOf(server: TestServer, ...packets: readonly Buffer[]) {
  const { packets: replies } = packetsOf(
    await sendAndReadToEnd(server.address, Buffer.concat(packets)),
  );
  return replies.map(({ opcode, status, value }) => [opcode, status, value]);
}

describe('the ASCII login', () => {
  // Before a login, memcached sends one reply to requests that arrive together: send one at a time.
  const exchanges: readonly (readonly string[])[] = [
    [login('bob builder'), 'set a 0 0 1\r\nx\r\n', 'incr n 1\r\n'],
    [login('bob wrong'), 'version\r\n'],
    [login('nobody builder'), 'version\r\n'],
    ['version\r\n', 'get a\r\n', 'mg a v\r\n', 'set a 0 0\r\n', 'set a 0 0 x\r\n', 'quit\r\n'],
    ['ms a 1\r\n', 'x\r\n', 'add a 0 0 1\r\n', '\r\n', ' \r\n'],
    [login('bobbuilder'), login('bob wrong'), login('bob builder'), 'mn\r\n'],
    ['set x 0 0 3\r\nbobxx', 'set x 0 0 11 noreply\r\nbob builder\r\n', 'mn\r\n'],
  ];

  test.skipIf(whyNoMemcached('1.6.18') !== undefined).for(exchanges)(
    'the node replies like memcached: %j',
    async (steps) => {
      const theirs = await startMemcached({ args: ['-Y', users] });
      servers.push(theirs);
      const ours = await repliesOf(await sharedNode(), steps);
      expect(ours).toEqual(await repliesOf(theirs, steps));
    },
  );

  test('the ASCII login accepts a password that contains blanks', async () => {
    const server = await sharedNode();
    const reply = await sendAndReadToEnd(server.address, `${login('alice wonder land')}mn\r\n`);
    expect(reply.toString()).toBe('STORED\r\nMN\r\n');
  });

  test('the node refuses a token that is too long, but no login cut at any byte', async () => {
    const server = await startNode('-Y', users);
    const long = await sendAndReadToEnd(server.address, 'set x 0 0 16385\r\n');
    expect(long.toString()).toBe('CLIENT_ERROR auth token too long\r\n');
    const bytes = Buffer.from(`${login('bob builder')}mn\r\n`);
    for (let cut = 1; cut < bytes.length; cut++) {
      const reply = await sendAndReadToEnd(server.address, [
        bytes.subarray(0, cut),
        bytes.subarray(cut),
      ]);
      expect(reply.toString(), `cut at ${cut}`).toBe('STORED\r\nMN\r\n');
    }
  });

  test('the node refuses a login with a bad trailer at once, wherever it is cut', async () => {
    const server = await sharedNode('--login-attempts', '100');
    const bytes = Buffer.from('set x 0 0 3\r\nbobxx');
    const connection = await RawConnection.connect(server.address);
    for (let cut = 1; cut < bytes.length; cut++) {
      await connection.sendPieces([bytes.subarray(0, cut), bytes.subarray(cut)]);
      const reply = (await connection.readUntil('\r\n')).toString();
      expect(reply, `cut at ${cut}`).toBe('CLIENT_ERROR bad command line termination\r\n');
    }
    connection.destroy();
  });

  test('the node closes the connection after `--login-attempts` failures', async () => {
    const server = await sharedNode('--login-attempts', '3');
    const connection = await RawConnection.connect(server.address);
    connection.send(login('bob wrong').repeat(5));
    const reply = await connection.readToEnd();
    expect(reply.toString()).toBe('CLIENT_ERROR authentication failure\r\n'.repeat(3));
    connection.destroy();
  });

  test('an ASCII login is counted in stats and logged without the password', async () => {
    const server = await startNode('-Y', users);
    const requests = `${['bo\x1b[1mb s3cret', 'bob builder'].map(login).join('')}stats\r\n`;
    const text = `${requests}stats settings\r\n`;
    const reply = (await sendAndReadToEnd(server.address, text)).toString();
    expect(reply).toContain('STAT auth_cmds 2\r\n');
    expect(reply).toContain('STAT auth_errors 1\r\n');
    expect(reply).toContain(`STAT auth_enabled_ascii ${users}\r\n`);
    const line = await waitUntil('the node logs the failed login', async () => {
      const logged = server.process.stderr.split('\n');
      return logged.find((each) => each.includes('login failed'));
    });
    expect(line).toContain(JSON.stringify({ user: 'bo\\x1b[1mb' }).slice(1, -1));
    expect(line).toContain('127.0.0.1');
    expect(server.process.stderr).not.toContain('s3cret');
  });
});

describe('SASL', () => {
  test('PLAIN authenticates the connection', async () => {
    const server = await sharedNode('-S');
    const list = packet({ opcode: OP.saslList });
    const version = packet({ opcode: OP.version });
    const replies = await statusesOf(server, list, version, plain('bob', 'builder'), NOOP);
    expect(replies).toEqual([
      [OP.saslList, 0, 'PLAIN'],
      [OP.version, 0, '1.6.18'],
      [OP.saslAuth, 0, 'Authenticated'],
      [OP.noop, 0, ''],
    ]);
  });

  test('the node refuses any other request before it, and closes the connection', async () => {
    const server = await sharedNode('-S');
    for (const opcode of [OP.noop, OP.stat, OP.get, OP.setq, OP.quit, 0x99]) {
      const key = opcode === OP.get ? 'x' : '';
      expect(await statusesOf(server, packet({ opcode, key }), NOOP)).toEqual([
        [opcode, 0x20, 'Auth failure.'],
      ]);
    }
  });

  test('a wrong password neither closes nor authenticates the connection', async () => {
    const server = await sharedNode('-S');
    const bad = ['bob', 'wrong'] as const;
    const replies = await statusesOf(server, plain(...bad), plain('bob', 'builder'), NOOP);
    expect(replies.map(([, status]) => status)).toEqual([0x20, 0, 0]);
    expect(await statusesOf(server, plain(...bad), NOOP, NOOP)).toEqual([
      [OP.saslAuth, 0x20, 'Auth failure.'],
      [OP.noop, 0x20, 'Auth failure.'],
    ]);
  });

  test('PLAIN works in two steps', async () => {
    const server = await sharedNode('-S');
    const start = packet({ opcode: OP.saslAuth, key: 'PLAIN' });
    const step = packet({ opcode: OP.saslStep, key: 'PLAIN', value: '\0bob\0builder' });
    const statuses = async (...packets: readonly Buffer[]) =>
      (await statusesOf(server, ...packets)).map(([, status]) => status);
    expect(await statuses(start, step, NOOP)).toEqual([0x21, 0, 0]);
    expect(await statuses(step, NOOP)).toEqual([0x20, 0x20]);
  });

  test('the node refuses other mechanisms and malformed credentials', async () => {
    const server = await sharedNode('-S');
    const attempts = [
      packet({ opcode: OP.saslAuth, key: 'CRAM-MD5', value: 'x' }),
      packet({ opcode: OP.saslAuth, key: 'PLAIN', value: 'bob builder' }),
      packet({ opcode: OP.saslAuth, key: 'PLAIN', value: '\0\0builder' }),
      packet({ opcode: OP.saslAuth, key: 'PLAIN', value: '\0bob\0builder\0more' }),
      packet({ opcode: OP.saslAuth, key: 'x'.repeat(33), value: 'x' }),
    ];
    const replies = await statusesOf(server, ...attempts, NOOP);
    expect(replies.map(([, status]) => status)).toEqual([0x20, 0x20, 0x20, 0x20, 0x04, 0x20]);
  });

  test('a second login on a connection fails and ends the first', async () => {
    const server = await sharedNode('-S');
    const once = plain('bob', 'builder');
    const statuses = (await statusesOf(server, once, NOOP, once, NOOP)).map(([, each]) => each);
    expect(statuses).toEqual([0, 0, 0x20, 0x20]);
  });

  test('text clients log in with the ASCII login, unless --sasl-only refuses text', async () => {
    const open = await sharedNode('-S');
    const requests = `get a\r\n${login('bob builder')}get a\r\n`;
    expect((await sendAndReadToEnd(open.address, requests)).toString()).toBe(
      'CLIENT_ERROR unauthenticated\r\nSTORED\r\nEND\r\n',
    );
    const closed = await sharedNode('-S', '--sasl-only');
    expect((await sendAndReadToEnd(closed.address, requests)).toString()).toBe('');
    expect((await statusesOf(closed, plain('bob', 'builder'), NOOP)).length).toBe(2);
  });

  test('slabring health succeeds on a node that refuses text', async () => {
    const server = await sharedNode('-S', '--sasl-only');
    const host = new TestHost();
    const code = await run(['health', '-p', `${server.port}`, '--json'], [healthVerb], host);
    expect(host.errorLines).toEqual([]);
    expect(JSON.parse(host.outputLines.join())).toMatchObject({ version: '1.6.18' });
    expect(code).toBe(0);
  });

  test('the node refuses an authzid of another user, like memcached', async () => {
    const server = await sharedNode('-S');
    const as = (authzid: string): Buffer =>
      packet({ opcode: OP.saslAuth, key: 'PLAIN', value: `${authzid}\0bob\0builder` });
    const statusOf = async (authzid: string) => (await statusesOf(server, as(authzid)))[0]?.[1];
    expect(await statusOf('bob')).toBe(0);
    expect(await statusOf('bob@some.host')).toBe(0);
    for (const other of ['alice', 'bo', 'bobby', '@']) expect(await statusOf(other)).toBe(0x20);
  });

  test('the node accepts users of MEMCACHED_SASL_PWDB with and without a host', async () => {
    await writeFile(users, 'bob@some.host:builder\nalice:wonder\n');
    const server = await startSlabring({ args: ['-S'], env: { MEMCACHED_SASL_PWDB: users } });
    servers.push(server);
    for (const [user, password] of [
      ['bob', 'builder'],
      ['bob@some.host', 'builder'],
      ['alice', 'wonder'],
    ] as const) {
      expect((await statusesOf(server, plain(user, password), NOOP)).length, user).toBe(2);
    }
    // memcached ignores a newline at the end of a password.
    const [first] = await statusesOf(server, plain('alice', 'wonder\n'));
    expect(first?.[1]).toBe(0x20);
  });
});

test('the node requires a login on every listener and in every dialect', async () => {
  const authority = await Authority.create(folder.path);
  const { cert, key } = await authority.issue('node');
  const ports = [await freePort(), await freePort()];
  const listeners = ports.flatMap((port) => ['-l', `notls:127.0.0.1:${port}`]);
  const tls = ['-Z', '-o', `ssl_chain_cert=${cert},ssl_key=${key}`, ...listeners];
  const server = await startNode('-Y', users, '-A', '-W', '--cluster-nodes', 'a', ...tls);
  const socketPath = join(folder.path, 'login.sock');
  const local = await startSlabring({ args: ['-t', '1', '-Y', users], unixSocket: socketPath });
  servers.push(local);
  const addresses: readonly Address[] = [
    { host: server.host, port: server.port, ca: await readFile(authority.ca) },
    ...ports.map((port) => ({ host: '127.0.0.1', port })),
    { path: socketPath },
  ];
  const words = ['get a', 'mg a v', 'gat 0 a', 'stats', 'flush_all', 'config get cluster'];
  const tools = ['watch fetchers', 'lru_crawler metadump all', 'shutdown', 'refresh_certs'];
  const lines = [...words, ...tools, 'cache_memlimit 8', 'verbosity 1'];
  for (const address of addresses) {
    for (const line of lines) {
      const reply = (await sendAndReadToEnd(address, `${line}\r\n`)).toString();
      expect(reply, line).toBe('CLIENT_ERROR unauthenticated\r\n');
    }
    const binary = packet({ opcode: OP.get, key: 'a' });
    expect(
      packetsOf(await sendAndReadToEnd(address, binary)).packets.map(({ status }) => status),
    ).toEqual([0x20]);
    const opened = (await sendAndReadToEnd(address, `${login('bob builder')}get a\r\n`)).toString();
    expect(opened).toBe('STORED\r\nEND\r\n');
  }
});

test('only an authenticated administrator can list the keys', async () => {
  await writeFile(users, `${USERS}role admin bob\n`);
  const server = await startNode('-S', '-Y', users);
  const listing = 'lru_crawler metadump all\r\n';
  const connection = await RawConnection.connect(server.address);
  connection.send(listing);
  expect((await connection.readUntil('\r\n')).toString()).toBe('CLIENT_ERROR unauthenticated\r\n');
  connection.send(`${login('bob builder')}set listed 0 0 1\r\nx\r\n${listing}`);
  expect((await connection.readUntil('END\r\n')).toString()).toMatch(/key=listed /);
  connection.destroy();
  const other = await sendAndReadToEnd(server.address, `${login('alice wonder land')}${listing}`);
  expect(other.toString()).toBe('STORED\r\nCLIENT_ERROR permission denied\r\n');
});

describe('a changed user file', () => {
  const canLogIn = async (server: TestServer, token: string): Promise<boolean> =>
    (await sendAndReadToEnd(server.address, login(token))).toString() === 'STORED\r\n';

  test('a changed user file is reloaded at SIGHUP, unless it is bad', async () => {
    const server = await startNode('-Y', users);
    await writeFile(`${users}.new`, 'carol:singer\n');
    await rename(`${users}.new`, users);
    process.kill(server.pid, 'SIGHUP');
    await waitUntil(
      'carol can log in',
      async () => (await canLogIn(server, 'carol singer')) || undefined,
    );
    expect(await canLogIn(server, 'bob builder')).toBe(false);
    await writeFile(users, 'no colon here\n');
    process.kill(server.pid, 'SIGHUP');
    await waitUntil('the node logs the bad file', async () =>
      server.process.stderr.includes('line 1: it has no colon') ? true : undefined,
    );
    expect(await canLogIn(server, 'carol singer')).toBe(true);
  });

  test('a user file without users leaves no user that can log in', async () => {
    const server = await startNode('-Y', users);
    expect(await canLogIn(server, 'bob builder')).toBe(true);
    await writeFile(users, '');
    await waitUntil('bob cannot log in', async () => !(await canLogIn(server, 'bob builder')));
    await waitUntil('the node logs that', () =>
      server.process.stderr.includes('no client can log in'),
    );
  });

  test('a changed user file is noticed without a signal', async () => {
    const server = await startNode('-Y', users);
    expect(await canLogIn(server, 'carol singer')).toBe(false);
    await writeFile(users, 'carol:singer\n');
    await waitUntil(
      'carol can log in',
      async () => (await canLogIn(server, 'carol singer')) || undefined,
    );
  });
});

test('a node that requires a login does not start without users, and says what to do', async () => {
  await expect(startNode('-S')).rejects.toThrow(/slabring user add/);
  await expect(startNode('-Y', `${users}.none`)).rejects.toThrow(
    /Cannot read the user file.*slabring user add/,
  );
});
