import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { healthVerb } from '../../../src/cli/health.ts';
import { run } from '../../../src/cli/run.ts';
import { OP, packet, packetsOf } from '../../support/binary-wire.ts';
import { Authority } from '../../support/certificates.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { memcachedMissing, startMemcached } from '../../support/memcached.ts';
import { startSlabring } from '../../support/node-process.ts';
import { freePort } from '../../support/ports.ts';
import type { TestServer } from '../../support/server.ts';
import { until } from '../../support/wait.ts';
import { type Address, dialogue, RawConnection } from '../../support/wire.ts';
import { TestHost } from '../../unit/cli/host.ts';

const USERS = 'alice:wonder land\nbob:builder\n';
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
/** What a test may change, and what stays. */
let users: string;
let steady: string;
const servers: TestServer[] = [];
/** Nodes that several tests ask, by their arguments. */
const shared = new Map<string, Promise<TestServer>>();

beforeAll(async () => {
  folder = await temporaryFolder();
  steady = join(folder.path, 'steady');
  await writeFile(steady, USERS);
});
beforeEach(async () => {
  users = join(folder.path, 'users');
  await writeFile(users, USERS);
});
afterEach(() => Promise.all(servers.splice(0).map((server) => server.stop())));
afterAll(async () => {
  const all = await Promise.all(shared.values());
  await Promise.all(all.map((server) => server.stop()));
  await folder.remove();
});

/** A node with the users that stay; the same one for the same arguments. */
function asked(...args: readonly string[]): Promise<TestServer> {
  const name = args.join(' ');
  const server = shared.get(name) ?? startSlabring({ args: ['-t', '2', '-Y', steady, ...args] });
  shared.set(name, server);
  return server;
}

async function started(...args: readonly string[]): Promise<TestServer> {
  const server = await startSlabring({ args: ['-t', '2', ...args] });
  servers.push(server);
  return server;
}

const login = (token: string): string => `set x 0 0 ${token.length}\r\n${token}\r\n`;
const plain = (user: string, password: string): Buffer =>
  packet({ opcode: OP.saslAuth, key: 'PLAIN', value: `\0${user}\0${password}` });
const NOOP = packet({ opcode: OP.noop });

/** The line that answers each step. */
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

/** Statuses of the replies, and whether the node closed the connection by itself. */
async function statusesOf(server: TestServer, ...packets: readonly Buffer[]) {
  const { packets: replies } = packetsOf(await dialogue(server.address, Buffer.concat(packets)));
  return replies.map(({ opcode, status, value }) => [opcode, status, value]);
}

describe('the ASCII login', () => {
  // memcached keeps one reply for all that comes at once here: so one request at a time.
  const conversations: readonly (readonly string[])[] = [
    [login('bob builder'), 'set a 0 0 1\r\nx\r\n', 'incr n 1\r\n'],
    [login('bob wrong'), 'version\r\n'],
    [login('nobody builder'), 'version\r\n'],
    ['version\r\n', 'get a\r\n', 'mg a v\r\n', 'set a 0 0\r\n', 'set a 0 0 x\r\n', 'quit\r\n'],
    ['ms a 1\r\n', 'x\r\n', 'add a 0 0 1\r\n', '\r\n', ' \r\n'],
    [login('bobbuilder'), login('bob wrong'), login('bob builder'), 'mn\r\n'],
    ['set x 0 0 3\r\nbobxx', 'set x 0 0 11 noreply\r\nbob builder\r\n', 'mn\r\n'],
  ];

  test.skipIf(memcachedMissing('1.6.18') !== undefined).for(conversations)(
    'as memcached answers: %j',
    async (steps) => {
      const theirs = await startMemcached({ args: ['-Y', users] });
      servers.push(theirs);
      const ours = await repliesOf(await asked(), steps);
      expect(ours).toEqual(await repliesOf(theirs, steps));
    },
  );

  test('a password may hold blanks', async () => {
    const server = await asked();
    const reply = await dialogue(server.address, `${login('alice wonder land')}mn\r\n`);
    expect(reply.toString()).toBe('STORED\r\nMN\r\n');
  });

  test('a token that is too long is refused, a login cut anywhere is not', async () => {
    const server = await started('-Y', users);
    const long = await dialogue(server.address, 'set x 0 0 16385\r\n');
    expect(long.toString()).toBe('CLIENT_ERROR auth token too long\r\n');
    const bytes = Buffer.from(`${login('bob builder')}mn\r\n`);
    for (let cut = 1; cut < bytes.length; cut++) {
      const reply = await dialogue(server.address, [bytes.subarray(0, cut), bytes.subarray(cut)]);
      expect(reply.toString(), `cut at ${cut}`).toBe('STORED\r\nMN\r\n');
    }
  });

  test('data that does not end well is refused at once, wherever it is cut', async () => {
    const server = await asked();
    const bytes = Buffer.from('set x 0 0 3\r\nbobxx');
    const connection = await RawConnection.connect(server.address);
    for (let cut = 1; cut < bytes.length; cut++) {
      await connection.sendPieces([bytes.subarray(0, cut), bytes.subarray(cut)]);
      const reply = (await connection.readUntil('\r\n')).toString();
      expect(reply, `cut at ${cut}`).toBe('CLIENT_ERROR bad command line termination\r\n');
    }
    connection.destroy();
  });

  test('who fails too often is let go', async () => {
    const server = await asked('--login-attempts', '3');
    const connection = await RawConnection.connect(server.address);
    connection.send(login('bob wrong').repeat(5));
    const reply = await connection.readToEnd();
    expect(reply.toString()).toBe('CLIENT_ERROR authentication failure\r\n'.repeat(3));
    connection.destroy();
  });

  test('stats count logins, and the log names no password', async () => {
    const server = await started('-Y', users);
    const said = `${login('bo\x1b[1mb s3cret')}${login('bob builder')}stats\r\nstats settings\r\n`;
    const reply = (await dialogue(server.address, said)).toString();
    expect(reply).toContain('STAT auth_cmds 2\r\n');
    expect(reply).toContain('STAT auth_errors 1\r\n');
    expect(reply).toContain(`STAT auth_enabled_ascii ${users}\r\n`);
    const line = await until('the failed login is logged', async () => {
      const logged = server.process.stderr
        .split('\n')
        .find((each) => each.includes('login failed'));
      return logged;
    });
    expect(line).toContain(JSON.stringify({ user: 'bo\\x1b[1mb' }).slice(1, -1));
    expect(line).toContain('127.0.0.1');
    expect(server.process.stderr).not.toContain('s3cret');
  });
});

describe('SASL', () => {
  test('PLAIN opens the connection', async () => {
    const server = await asked('-S');
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

  test('before it anything else is refused, and ends the connection', async () => {
    const server = await asked('-S');
    for (const opcode of [OP.noop, OP.stat, OP.get, OP.setq, OP.quit, 0x99]) {
      const key = opcode === OP.get ? 'x' : '';
      expect(await statusesOf(server, packet({ opcode, key }), NOOP)).toEqual([
        [opcode, 0x20, 'Auth failure.'],
      ]);
    }
  });

  test('a wrong password does not end it, and does not open it', async () => {
    const server = await asked('-S');
    const bad = ['bob', 'wrong'] as const;
    const replies = await statusesOf(server, plain(...bad), plain('bob', 'builder'), NOOP);
    expect(replies.map(([, status]) => status)).toEqual([0x20, 0, 0]);
    expect(await statusesOf(server, plain(...bad), NOOP, NOOP)).toEqual([
      [OP.saslAuth, 0x20, 'Auth failure.'],
      [OP.noop, 0x20, 'Auth failure.'],
    ]);
  });

  test('in two steps', async () => {
    const server = await asked('-S');
    const start = packet({ opcode: OP.saslAuth, key: 'PLAIN' });
    const step = packet({ opcode: OP.saslStep, key: 'PLAIN', value: '\0bob\0builder' });
    const statuses = async (...packets: readonly Buffer[]) =>
      (await statusesOf(server, ...packets)).map(([, status]) => status);
    expect(await statuses(start, step, NOOP)).toEqual([0x21, 0, 0]);
    expect(await statuses(step, NOOP)).toEqual([0x20, 0x20]);
  });

  test('other mechanisms and data that is none are refused', async () => {
    const server = await asked('-S');
    const said = [
      packet({ opcode: OP.saslAuth, key: 'CRAM-MD5', value: 'x' }),
      packet({ opcode: OP.saslAuth, key: 'PLAIN', value: 'bob builder' }),
      packet({ opcode: OP.saslAuth, key: 'PLAIN', value: '\0\0builder' }),
      packet({ opcode: OP.saslAuth, key: 'PLAIN', value: '\0bob\0builder\0more' }),
      packet({ opcode: OP.saslAuth, key: 'x'.repeat(33), value: 'x' }),
    ];
    const replies = await statusesOf(server, ...said, NOOP);
    expect(replies.map(([, status]) => status)).toEqual([0x20, 0x20, 0x20, 0x20, 0x04, 0x20]);
  });

  test('a second login ends the first', async () => {
    const server = await asked('-S');
    const once = plain('bob', 'builder');
    const statuses = (await statusesOf(server, once, NOOP, once, NOOP)).map(([, each]) => each);
    expect(statuses).toEqual([0, 0, 0x20, 0x20]);
  });

  test('text asks for its own login, unless it is closed', async () => {
    const open = await asked('-S');
    const said = `get a\r\n${login('bob builder')}get a\r\n`;
    expect((await dialogue(open.address, said)).toString()).toBe(
      'CLIENT_ERROR unauthenticated\r\nSTORED\r\nEND\r\n',
    );
    const closed = await asked('-S', '--sasl-only');
    expect((await dialogue(closed.address, said)).toString()).toBe('');
    expect((await statusesOf(closed, plain('bob', 'builder'), NOOP)).length).toBe(2);
  });

  test('a node that is closed to text is healthy all the same', async () => {
    const server = await asked('-S', '--sasl-only');
    const host = new TestHost();
    const code = await run(['health', '-p', `${server.port}`, '--json'], [healthVerb], host);
    expect(host.complained).toEqual([]);
    expect(JSON.parse(host.said.join())).toMatchObject({ version: '1.6.18' });
    expect(code).toBe(0);
  });

  test('who says to be somebody else is refused, as by memcached', async () => {
    const server = await asked('-S');
    const as = (authzid: string): Buffer =>
      packet({ opcode: OP.saslAuth, key: 'PLAIN', value: `${authzid}\0bob\0builder` });
    const statusOf = async (authzid: string) => (await statusesOf(server, as(authzid)))[0]?.[1];
    expect(await statusOf('bob')).toBe(0);
    expect(await statusOf('bob@some.host')).toBe(0);
    for (const other of ['alice', 'bo', 'bobby', '@']) expect(await statusOf(other)).toBe(0x20);
  });

  test('both spellings of MEMCACHED_SASL_PWDB', async () => {
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
    // memcached takes a newline at the end of a password for none.
    const [first] = await statusesOf(server, plain('alice', 'wonder\n'));
    expect(first?.[1]).toBe(0x20);
  });
});

test('whoever asks is asked for a login, on every listener and in every dialect', async () => {
  const authority = await Authority.create(folder.path);
  const { cert, key } = await authority.issue('node');
  const ports = [await freePort(), await freePort()];
  const listeners = ports.flatMap((port) => ['-l', `notls:127.0.0.1:${port}`]);
  const tls = ['-Z', '-o', `ssl_chain_cert=${cert},ssl_key=${key}`, ...listeners];
  const server = await started('-Y', users, '-A', '-W', '--cluster-nodes', 'a', ...tls);
  const socketPath = join(folder.path, 'asks.sock');
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
      const said = (await dialogue(address, `${line}\r\n`)).toString();
      expect(said, line).toBe('CLIENT_ERROR unauthenticated\r\n');
    }
    const binary = packet({ opcode: OP.get, key: 'a' });
    expect(packetsOf(await dialogue(address, binary)).packets.map(({ status }) => status)).toEqual([
      0x20,
    ]);
    const opened = (await dialogue(address, `${login('bob builder')}get a\r\n`)).toString();
    expect(opened).toBe('STORED\r\nEND\r\n');
  }
});

test('who has logged in may list the keys, and nobody else', async () => {
  const server = await asked('-S');
  const listing = 'lru_crawler metadump all\r\n';
  const connection = await RawConnection.connect(server.address);
  connection.send(listing);
  expect((await connection.readUntil('\r\n')).toString()).toBe('CLIENT_ERROR unauthenticated\r\n');
  connection.send(`${login('bob builder')}set listed 0 0 1\r\nx\r\n${listing}`);
  expect((await connection.readUntil('END\r\n')).toString()).toMatch(/key=listed /);
  connection.destroy();
});

describe('the file changes', () => {
  const opens = async (server: TestServer, token: string): Promise<boolean> =>
    (await dialogue(server.address, login(token))).toString() === 'STORED\r\n';

  test('SIGHUP reads it again; a bad one changes nothing', async () => {
    const server = await started('-Y', users);
    await writeFile(`${users}.new`, 'carol:singer\n');
    await rename(`${users}.new`, users);
    process.kill(server.pid, 'SIGHUP');
    await until('carol may log in', async () => (await opens(server, 'carol singer')) || undefined);
    expect(await opens(server, 'bob builder')).toBe(false);
    await writeFile(users, 'no colon here\n');
    process.kill(server.pid, 'SIGHUP');
    await until('the bad file is logged', async () =>
      server.process.stderr.includes('line 1: there is no colon') ? true : undefined,
    );
    expect(await opens(server, 'carol singer')).toBe(true);
  });

  test('an emptied one lets nobody in', async () => {
    const server = await started('-Y', users);
    expect(await opens(server, 'bob builder')).toBe(true);
    await writeFile(users, '');
    await until('bob may not log in', async () => !(await opens(server, 'bob builder')));
    await until('the log says so', () => server.process.stderr.includes('nobody can log in'));
  });

  test('a change is noticed without being told', async () => {
    const server = await started('-Y', users);
    expect(await opens(server, 'carol singer')).toBe(false);
    await writeFile(users, 'carol:singer\n');
    await until('carol may log in', async () => (await opens(server, 'carol singer')) || undefined);
  });
});

test('a node without users does not start, and says what to do', async () => {
  await expect(started('-S')).rejects.toThrow(/slabring user add/);
  await expect(started('-Y', `${users}.none`)).rejects.toThrow(/cannot be read.*slabring user add/);
});
