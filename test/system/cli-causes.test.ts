/** What the command line says if nodes do not execute a command: the reason, what to change. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RawNode } from '../integration/client/raw-node.ts';
import { Authority, type Identity } from '../support/certificates.ts';
import { temporaryFolder } from '../support/folder.ts';
import { type SlabringOptions, startSlabring } from '../support/node-process.ts';
import { freePort } from '../support/ports.ts';
import { runCli as cli } from '../support/run-cli.ts';
import type { TestServer } from '../support/server.ts';

const ending: (() => Promise<unknown>)[] = [];
let folder = '';
let authority: Authority;
let strangers: Authority;
let identity: Identity;
let stranger: Identity;
const nodes = new Map<string, TestServer>();

async function start(name: string, args: readonly string[], more: SlabringOptions = {}) {
  const server = await startSlabring({ args: ['-t', '1', '-m', '8', ...args], ...more });
  ending.push(() => server.stop());
  nodes.set(name, server);
}

beforeAll(async () => {
  const { path, remove } = await temporaryFolder();
  ending.push(remove);
  folder = path;
  authority = await Authority.create(folder);
  strangers = await Authority.create(folder, 'strangers');
  identity = await authority.issue('node');
  stranger = await strangers.issue('stranger');
  const users = join(folder, 'users');
  await writeFile(users, 'app:secret\n');
  const tls = { identity, ca: readFileSync(authority.ca) };
  const verify = `ssl_verify_mode=2,ssl_ca_cert=${authority.ca}`;
  await start('plain', []);
  await start('tls', [], { tls });
  await start('strict tls', ['-o', verify], { tls });
  await start('login', ['-Y', users]);
  await start('sasl only', ['-S', '-Y', users, '--sasl-only']);
  await start('no flush', ['-F']);
});
afterAll(async () => {
  for (const end of ending.reverse()) await end();
});

const addressOf = (name: string): string => `127.0.0.1:${nodes.get(name)!.port}`;
const env = { SLABRING_DEADLINE: '20000' };

/** Runs a line, which may name files by `CA`, `CERT`, `KEY`, and those of strangers. */
async function failureOf(line: string, password?: string) {
  const files = new Map([
    ['CA', authority.ca],
    ['STRANGERS', strangers.ca],
    ['CERT', identity.cert],
    ['KEY', identity.key],
    ['OTHERCERT', stranger.cert],
    ['OTHERKEY', stranger.key],
    ['TEXT', import.meta.filename],
  ]);
  const typed = line.replaceAll(/\b[A-Z]+\b/g, (name) => files.get(name) ?? name);
  const secret = password === undefined ? {} : { SLABRING_PASSWORD: password };
  return cli(typed.trim(), { env: { ...env, ...secret } });
}

function failureAt(node: string, options: string, password?: string) {
  return failureOf(`get a --nodes ${node} ${options}`, password);
}

const STRANGER = '--tls-ca CA --tls-cert OTHERCERT --tls-key OTHERKEY';

describe('the error of a failed connection', () => {
  test.each([
    ['tls', '', 'it speaks only TLS. Add --tls, or --tls-ca'],
    ['strict tls', '', 'it speaks only TLS. Add --tls, or --tls-ca'],
    ['tls', '--tls', 'its certificate is not trusted. Name the CA that signed it with --tls-ca'],
    ['tls', '--tls-ca STRANGERS', 'its certificate is not trusted. Name the CA'],
    ['plain', '--tls', 'it does not speak TLS. Leave out --tls'],
    ['strict tls', '--tls-ca CA', 'it requires a client certificate. Name one with --tls-cert'],
    ['strict tls', STRANGER, 'it closed the TLS connection without a reply. It may not trust the'],
    ['login', '', 'it requires a login. Name the user with --user; the password'],
    ['sasl only', '', 'it requires a login. Name the user with --user; the password'],
  ])(
    'the error of a node %j for %j names the reason and the option',
    async (name, options, text) => {
      const { code, out, err } = await failureAt(addressOf(name), options);
      expect(err).toContain(`slabring: ${addressOf(name)}: ${text}`);
      expect([code, out]).toEqual([3, '']);
      expect(err).toMatch(/^[^\n]+\.$/);
    },
  );

  test.each(['login', 'sasl only'])(
    'the error of a node %j names a wrong password',
    async (name) => {
      const { code, err } = await failureAt(addressOf(name), '--user app', 'wrong');
      const text = 'it rejected the user name or the password. Check --user and SLABRING_PASSWORD.';
      expect([code, err]).toEqual([3, `slabring: ${addressOf(name)}: ${text}`]);
    },
  );

  test('the error shows the hosts of a certificate for another host', async () => {
    const tls = { identity, ca: readFileSync(authority.ca) };
    await start('other host', [], { tls, host: '127.0.0.9' });
    const { err } = await failureAt(`127.0.0.9:${nodes.get('other host')!.port}`, '--tls-ca CA');
    expect(err).toContain('its certificate is for another host: IP: 127.0.0.9 is not in');
  });

  test('the error names a closed port, an unknown host, no socket, another program', async () => {
    const closed = `127.0.0.1:${await freePort()}`;
    expect((await failureAt(closed, '')).err).toMatch(/: connection refused\. Start a node there/);
    const unknown = await failureAt('no-such-host.invalid', '');
    expect(unknown.err).toMatch(/no-such-host\.invalid:11211: (unknown host name|the name server)/);
    const socket = await failureAt(join(folder, 'none.sock'), '');
    expect(socket.err).toContain('none.sock: there is no such socket.');
    const web = await RawNode.start(() => 'HTTP/1.1 400 Bad Request\r\n\r\n', 'silent');
    ending.push(() => web.stop());
    const other = await failureAt(`127.0.0.1:${web.port}`, '');
    expect(other.err).toContain('"HTTP/1.1 400 Bad Request". Check that a Memcached node listens');
    const closing = await RawNode.start(() => RawNode.CLOSE, 'silent');
    ending.push(() => closing.stop());
    const ended = await failureAt(`127.0.0.1:${closing.port}`, '');
    expect(ended.err).toContain('it closed the connection without a reply.');
  });

  test('the error of a silent node names the option for more time', async () => {
    const mute = await RawNode.start(() => undefined, 'silent');
    ending.push(() => mute.stop());
    // The time to connect ends first, or the deadline.
    for (const deadline of [20, 50, 300]) {
      const { err } = await cli(`get a --nodes 127.0.0.1:${mute.port} --deadline ${deadline}`);
      expect(err).toContain('no reply in time. To wait longer, set --deadline.');
    }
  });
});

describe('the error of a discovery that fails', () => {
  const discover = (name: string, options = '', password?: string) =>
    failureOf(`get a --discovery elasticache:${addressOf(name)} ${options}`, password);
  test.each([
    ['tls', '', 'it speaks only TLS. Add --tls'],
    ['tls', '--tls', 'its certificate is not trusted. Name the CA'],
    ['plain', '--tls', 'it does not speak TLS. Leave out --tls'],
    ['login', '', 'it requires a login. Name the user with --user'],
    ['plain', '', 'it has no cluster config (start it with --cluster-nodes).'],
  ])('the error of endpoint %j for %j names the reason', async (name, options, text) => {
    const { code, err } = await discover(name, options);
    const start = `slabring: Cannot read the list of nodes: ${addressOf(name)}: ${text}`;
    expect([code, err]).toEqual([3, expect.stringContaining(start)]);
    expect(err).toMatch(/^[^\n]+$/);
  });
  test('the error of an endpoint names a wrong password', async () => {
    const { err } = await discover('login', '--user app', 'wrong');
    expect(err).toContain('it rejected the user name or the password. Check --user');
  });
  test('the error names an unknown DNS name', async () => {
    const { err } = await failureOf('get a --discovery dns:no-such-host.invalid');
    expect(err).toMatch(/list of nodes: (unknown host name|the name server does not reply)/);
  });
});

test('a topic that no node knows shows only what they reply', async () => {
  const { out } = await cli(`stats nonsense --nodes ${addressOf('plain')}`, { env });
  expect(out).toBe(`${addressOf('plain')}  FAILED: it replied "ERROR"`);
});

test('a client certificate connects to a node that requires one', async () => {
  const files = `--tls-ca CA --tls-cert CERT --tls-key KEY`;
  const { code, err } = await failureAt(addressOf('strict tls'), files);
  expect([code, err]).toEqual([1, 'not found']);
});

test.each([
  ['--tls-key KEY', '--tls-key needs the certificate of the key: name its file with --tls-cert.'],
  ['--tls-ca TEXT', 'Cannot read the CA certificates of --tls-ca: '],
  [
    '--tls-cert nofile',
    'Cannot read the client certificate of --tls-cert, nofile: there is no such file',
  ],
  [
    '--tls-cert CERT',
    'Cannot use --tls-cert with --tls-key: a file has no certificate or key in PEM',
  ],
  [
    '--tls-cert CERT --tls-key OTHERKEY',
    'Cannot use --tls-cert with --tls-key: the key does not belong to the certificate.',
  ],
])('the options %s are refused before the command connects', async (options, message) => {
  const { code, out, err } = await failureAt('127.0.0.1:1', options);
  expect([code, out]).toEqual([2, '']);
  expect(err).toContain(`slabring: ${message}`);
  expect(err).toMatch(/^[^\n]+$/);
});

describe('a command for several nodes of which one is down', () => {
  const rows = (out: string) => out.split('\n').map((row) => row.replaceAll(/ +/g, ' '));

  test('stats shows the node that replies, the reason for the other, and the sum', async () => {
    const [up, down] = [addressOf('plain'), `127.0.0.1:${await freePort()}`];
    const list = `--nodes ${up},${down} --replicas 2 --failover next`;
    const { code, out, err } = await cli(`stats ${list}`, { env });
    const [head, first, second, total] = rows(out);
    expect(code).toBe(3);
    expect(head).toBe('node up items memory hits gets evicted conns');
    expect(first).toMatch(new RegExp(`^${up} \\d+ (s|min) 0 0/8 MiB `));
    expect(second).toBe(`${down} DOWN: connection refused`);
    expect(total).toMatch(/^total \(1 of 2\) 0 0\/8 MiB /);
    expect(err).toBe(
      'slabring: Start a node there (slabring serve), or name other nodes with --nodes.',
    );
    const json = JSON.parse((await cli(`stats ${list} --json`, { env })).out) as object;
    expect(json).toEqual({
      [up]: expect.objectContaining({ limit_maxbytes: 8 * 2 ** 20, curr_items: 0 }),
      [down]: { error: 'connection refused' },
    });
    const all = await cli(`stats --all ${list}`, { env });
    expect(rows(all.out).at(-1)).toBe(`${down} DOWN: connection refused`);
    expect([all.code, rows(all.out).find((row) => row.startsWith('limit_maxbytes'))]).toEqual([
      3,
      expect.stringMatching(/^limit_maxbytes 8388608/),
    ]);
  });

  test('flush flushes the nodes that reply, and names those that do not', async () => {
    const [up, refuses] = [addressOf('plain'), addressOf('no flush')];
    const down = `127.0.0.1:${await freePort()}`;
    await cli(`set kept v --nodes ${up}`, { env });
    const { code, out } = await cli(`flush --yes --nodes ${up},${down},${refuses}`, { env });
    expect([code, rows(out)]).toEqual([
      3,
      [
        `${up} flushed`,
        `${down} DOWN: connection refused`,
        expect.stringMatching(`^${refuses} FAILED: it replied "CLIENT_ERROR .*"$`),
      ],
    ]);
    expect(await cli(`get kept --nodes ${up}`, { env })).toMatchObject({ code: 1 });
    const json = await cli(`flush --yes --nodes ${up},${down} --json`, { env });
    expect(JSON.parse(json.out)).toEqual({
      flushed: [up],
      failed: { [down]: 'connection refused' },
    });
  });

  test('--json: a verb that fails prints one document, with the reason', async () => {
    const down = `127.0.0.1:${await freePort()}`;
    const failed = { error: 'connection refused', code: 'ERR_NODE_DOWN', node: down };
    for (const command of ['set a v', 'touch a 5', 'incr a', 'bench --seconds 0.1']) {
      const { code, out } = await cli(`${command} --nodes ${down} --json`, { env });
      expect([command, code, JSON.parse(out)]).toEqual([command, 3, failed]);
    }
    for (const verb of ['get', 'delete']) {
      const { out } = await cli(`${verb} a --nodes ${down} --json`, { env });
      expect(JSON.parse(out)).toEqual([{ key: 'a', error: 'connection refused' }]);
    }
  });

  test('get and delete show what the node that replies has', async () => {
    const list = `--nodes ${addressOf('plain')},127.0.0.1:${await freePort()}`;
    const keys = Array.from({ length: 20 }, (_, i) => `key${i}`);
    const stored = await Promise.all(
      keys.map(async (key) => (await cli(`set ${key} v ${list}`, { env })).code === 0),
    );
    expect(new Set(stored)).toEqual(new Set([true, false]));
    const found = keys.filter((_, i) => stored[i]);
    const got = await cli(`get ${keys.join(' ')} ${list}`, { env });
    expect([got.code, got.out]).toEqual([3, found.map((key) => `${key}\tv`).join('\n')]);
    expect(got.err).toMatch(/key\d+: failed\n.*connection refused/s);
    const deleted = await cli(`delete ${keys.join(' ')} ${list}`, { env });
    const lines = keys.map((key, i) => `${key}: ${stored[i] === true ? 'deleted' : 'failed'}`);
    expect([deleted.code, deleted.out]).toEqual([3, lines.join('\n')]);
  });
});
