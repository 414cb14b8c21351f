/** The secured cluster of packaging/compose, in a real Docker engine. */
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cache, createClient } from '../../src/client.ts';
import { temporaryFolder } from '../support/folder.ts';
import { freePort } from '../support/ports.ts';
import { prometheusAt } from '../support/prometheus.ts';
import { waitUntil } from '../support/wait.ts';
import { RawConnection, sendAndReadToEnd } from '../support/wire.ts';
import { ComposeProject, docker, whyNoDocker } from './engine.ts';
import { buildImage, imageOrSubstitute, TEST_IMAGE } from './images.ts';
import { expectDrained, expectFewRights, expectMemoryFits, NODES } from './nodes.ts';

const PACKAGING = fileURLToPath(new URL('../../packaging/', import.meta.url));
const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const MEMORY_MB = 256;
const KEYS = Array.from({ length: 300 }, (_, nth) => `key-${nth}`);

interface Targets {
  readonly activeTargets: readonly { readonly health: string; readonly lastError: string }[];
}
interface RuleGroups {
  readonly groups: readonly {
    readonly rules: readonly { readonly type: string; readonly health: string }[];
  }[];
}

describe.skipIf(whyNoDocker() !== undefined)('the secured cluster', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let project: ComposeProject;
  let password = '';
  let ca: Buffer;
  /** The published ports of this run, by those of the file. */
  const ports = new Map<number, number>();
  const nodePorts = () => [11211, 11212, 11213].map((port) => ports.get(port)!);
  const secret = (name: string): string => join(folder.path, 'compose/secrets', name);

  /** The compose file with the images and ports of this test, and a scrape each second. */
  async function adapt(): Promise<string> {
    const file = join(folder.path, 'compose/docker-compose.yml');
    let text = readFileSync(file, 'utf8').replace('  build: ../..\n', '');
    for (const [, image = ''] of text.matchAll(/image: (\S+)/g)) {
      const is = image.startsWith('slabring:') ? TEST_IMAGE : await imageOrSubstitute(image);
      if (is === undefined) throw new Error(`There is no ${image}, and nothing for a substitute.`);
      text = text.replace(`image: ${image}`, `image: ${is}`);
    }
    for (const [was = '', port] of text.matchAll(/127\.0\.0\.1:(\d+):/g)) {
      ports.set(Number(port), await freePort());
      text = text.replace(was, `127.0.0.1:${ports.get(Number(port))}:`);
    }
    writeFileSync(file, text);
    const prometheus = join(folder.path, 'compose/prometheus.yml');
    writeFileSync(prometheus, readFileSync(prometheus, 'utf8').replaceAll('15s', '1s'));
    return file;
  }

  beforeAll(async () => {
    await buildImage();
    folder = await temporaryFolder();
    cpSync(PACKAGING, folder.path, { recursive: true });
    const script = join(folder.path, 'compose/secrets.sh');
    const printed = execFileSync('sh', [script, 'app', process.execPath, MAIN]).toString();
    password = /^The password of app: (\S+)$/m.exec(printed)![1]!;
    ca = readFileSync(secret('ca.crt'));
    project = new ComposeProject(await adapt());
    await project.up();
    await project.untilHealthy(NODES);
  });
  afterAll(async () => {
    await project?.down();
    await folder?.remove();
  });

  /** A client on the host, with a login over TLS. */
  async function withClient<T>(use: (cache: Cache) => Promise<T>): Promise<T> {
    const cache = createClient({
      nodes: nodePorts().map((port) => `localhost:${port}`),
      login: { username: 'app', password },
      tls: { ca },
      deadlineMs: 30_000,
    });
    try {
      return await use(cache);
    } finally {
      await cache.close();
    }
  }

  const loginWith = (word: string): string => {
    const login = `app ${word}`;
    return `set login 0 0 ${login.length}\r\n${login}\r\n`;
  };

  /** A connection over TLS to a node, and its reply to a login with this password. */
  async function connect(nth: number, word = password) {
    const address = { host: 'localhost', port: nodePorts()[nth]!, ca };
    const connection = await RawConnection.connect(address);
    connection.send(loginWith(word));
    return { connection, reply: (await connection.readUntil('\r\n')).toString() };
  }

  test('a node accepts the password over TLS only, and refuses another one', async () => {
    const [right, wrong] = [await connect(0), await connect(0, 'wrong')];
    expect(right.reply).toBe('STORED\r\n');
    expect(wrong.reply).toMatch(/^CLIENT_ERROR /);
    for (const { connection } of [right, wrong]) connection.destroy();
    const plain = { host: '127.0.0.1', port: nodePorts()[0]! };
    const reply = await sendAndReadToEnd(plain, loginWith(password));
    expect(reply.toString()).not.toContain('STORED');
  });

  test('a client in the network logs in to the nodes by their names', async () => {
    const client = (...words: readonly string[]) =>
      docker(
        ...['run', '--rm', '--network', project.network('cache')],
        ...['--volume', `${secret('ca.crt')}:/ca.crt:ro`, '--env', `SLABRING_PASSWORD=${password}`],
        TEST_IMAGE,
        ...words,
        ...['--discovery', 'elasticache:node-2:11211', '--tls-ca', '/ca.crt', '--user', 'app'],
      );
    await client('set', 'greeting', 'hello');
    expect(await client('get', 'greeting')).toBe('hello');
  });

  test('Prometheus reaches every node, and evaluates the rules and alerts', async () => {
    const prometheus = prometheusAt(`127.0.0.1:${ports.get(9090)}`);
    await waitUntil('Prometheus is ready', () => prometheus.isReady());
    await waitUntil('all targets are up', async () => {
      const { activeTargets } = await prometheus.api<Targets>('targets?state=active');
      return activeTargets.filter(({ health }) => health === 'up').length === NODES.length;
    });
    await waitUntil('all rules are evaluated', async () => {
      const { groups } = await prometheus.api<RuleGroups>('rules');
      const rules = groups.flatMap((group) => group.rules);
      const alerts = rules.filter(({ type }) => type === 'alerting');
      return alerts.length > 10 && rules.every(({ health }) => health === 'ok');
    });
    const firing = 'count(ALERTS{alertname="SlabringRestarted",alertstate="firing"})';
    await waitUntil('the alert of young nodes', async () => {
      return (await prometheus.query(firing)) === NODES.length;
    });
  });

  test('Grafana has the data source and the dashboard, and requires its password', async () => {
    const ask = (path: string, word: string) =>
      fetch(`http://127.0.0.1:${ports.get(3000)}${path}`, {
        headers: { authorization: `Basic ${Buffer.from(`admin:${word}`).toString('base64')}` },
      });
    const secretWord = readFileSync(secret('grafana-password'), 'utf8').trim();
    const found = await waitUntil('Grafana answers', () =>
      ask('/api/search', secretWord).then(
        (reply) => reply.ok && (reply.json() as Promise<unknown>),
        () => false,
      ),
    );
    expect(found).toContainEqual(expect.objectContaining({ uid: 'slabring' }));
    const sources: unknown = await (await ask('/api/datasources', secretWord)).json();
    expect(sources).toContainEqual(expect.objectContaining({ url: 'http://prometheus:9090' }));
    expect((await ask('/api/search', 'wrong')).status).toBe(401);
  });

  test('a node has no rights that it does not need', () => expectFewRights(project));

  test('restarted containers have their items and CAS ids again', async () => {
    const versions = await withClient(async (cache) => {
      await cache.setMany(KEYS.map((key) => [key, `value of ${key}`]));
      return Promise.all(KEYS.map((key) => cache.gets(key)));
    });
    const before = await project.inspect('node-1');
    await project.compose('restart', ...NODES);
    await project.untilHealthy(NODES);
    expect((await project.inspect('node-1')).State.StartedAt).not.toBe(before.State.StartedAt);
    const after = await withClient((cache) => Promise.all(KEYS.map((key) => cache.gets(key))));
    expect(after).toEqual(versions);
    expect(versions[0]?.value).toBe(`value of ${KEYS[0]}`);
  });

  test('a dump in a container has the items of all nodes, and a restore stores them', async () => {
    const main = ['node', 'dist/cli/main.js'];
    const file = await project.pipe('node-2', Buffer.alloc(0), ...main, 'dump', '-');
    await withClient((cache) => Promise.all(KEYS.map((key) => cache.delete(key))));
    const addresses = NODES.map((name) => `${name}:11211`).join();
    await project.pipe('node-3', file, ...main, 'restore', '-', '--nodes', addresses);
    // The ring of this test has the published addresses, that of the restore the names.
    const found = await Promise.all(NODES.map((_, nth) => keysOf(nth)));
    expect(new Set(found.flat())).toEqual(new Set([...KEYS, 'greeting']));
  });

  async function keysOf(nth: number): Promise<readonly string[]> {
    const { connection } = await connect(nth);
    const reply = await connection.exchange(`get ${KEYS.join(' ')} greeting\r\n`);
    connection.destroy();
    return [...reply.toString().matchAll(/^VALUE (\S+)/gm)].map(([, key]) => key!);
  }

  test('a full node stays within the memory of its container', async () => {
    await expectMemoryFits(project, (await connect(0)).connection, MEMORY_MB);
  });

  test('a full node drains and writes its items before Docker would kill it', async () => {
    const { connection: idle } = await connect(0);
    const before = await itemsOf(idle);
    await expectDrained(project);
    idle.destroy();
    await project.compose('start', ...NODES);
    await project.untilHealthy(NODES);
    const { connection } = await connect(0);
    expect(await itemsOf(connection)).toBe(before);
    connection.destroy();
    expect((await project.inspect('node-1')).State.OOMKilled).toBe(false);
  });

  async function itemsOf(connection: RawConnection): Promise<number> {
    const stats = (await connection.exchange('stats\r\n')).toString();
    return Number(/STAT curr_items (\d+)/.exec(stats)?.[1]);
  }
});
