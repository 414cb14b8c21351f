/** The secured cluster of packaging/compose: structure, secrets, and a node with its options. */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, statSync } from 'node:fs';
import { request } from 'node:https';
import { join, posix } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { openFilesNeeded } from '../../src/node/index.ts';
import { findCommand } from '../support/commands.ts';
import { temporaryFolder } from '../support/folder.ts';
import { startSlabring } from '../support/node-process.ts';
import { optionsOfEnv } from '../support/options-of-env.ts';
import { freePort } from '../support/ports.ts';
import { MAIN } from '../support/program.ts';
import { startPrometheus, whyNoPrometheus } from '../support/prometheus.ts';
import { waitUntil } from '../support/wait.ts';
import { RawConnection } from '../support/wire.ts';
import { FILES, textOf } from '../tidy/tree.ts';

const FOLDER = 'packaging/compose';

interface Service {
  readonly image: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  readonly ports: readonly string[];
  readonly volumes?: readonly string[];
  readonly mem_limit: string;
  readonly memswap_limit?: string;
  readonly stop_grace_period?: string;
  readonly ulimits?: { readonly nofile: number };
  readonly read_only: boolean;
  readonly cap_drop: readonly string[];
  readonly security_opt: readonly string[];
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const compose = parse(textOf(`${FOLDER}/docker-compose.yml`), { merge: true }) as Compose;
const services = Object.entries(compose.services);
const nodes = services.filter(([name]) => name.startsWith('node-'));
const [, node] = nodes[0]!;
const { options, problems, neededMib, files } = optionsOfEnv(node.environment!);

describe('the services', () => {
  test.each(services)('%s has no more rights than it needs', (_, service) => {
    expect(service.read_only).toBe(true);
    expect(service.cap_drop).toEqual(['ALL']);
    expect(service.security_opt).toEqual(['no-new-privileges:true']);
    expect(service.mem_limit).toMatch(/^\d+[mg]$/);
    expect(service.image).toMatch(/:v?\d+\.\d+\.\d+$/);
    for (const port of service.ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });

  test.each(services)('%s uses secrets, volumes and files that exist', (_, service) => {
    for (const name of service.secrets) expect(compose.secrets).toHaveProperty([name]);
    for (const volume of service.volumes ?? []) {
      const [source = ''] = volume.split(':');
      const path = posix.join(FOLDER, source);
      if (source.startsWith('.')) expect(FILES.some((file) => file.startsWith(path))).toBe(true);
      else expect(compose.volumes).toHaveProperty([source]);
    }
  });

  test('no two services publish the same port', () => {
    const ports = services.flatMap(([, service]) => service.ports);
    expect(new Set(ports.map((port) => port.split(':')[1])).size).toBe(ports.length);
  });
});

describe('the nodes', () => {
  test('the nodes accept their options, and name each other', () => {
    expect(problems).toEqual([]);
    const { version } = JSON.parse(textOf('package.json')) as { version: string };
    expect(node.image).toBe(`slabring:${version}`);
    expect(options.clusterNodes).toEqual(nodes.map(([name]) => `${name}||${options.port}`));
    const admin = nodes.map(([name]) => `https://${name}:${options.adminPort}`);
    expect(node.environment!['SLABRING_ADMIN']).toBe(admin.join());
    for (const [, each] of nodes) {
      const own = { ports: [], volumes: [] };
      expect({ ...each, ...own }).toEqual({ ...node, ...own });
      expect(each.ports[0]).toMatch(new RegExp(`:${options.port}$`));
    }
  });

  test('the nodes require TLS and a login, and their files are secrets', () => {
    expect(options).toMatchObject({ enableSsl: true, adminTls: 'on' });
    const secrets = files.filter((file) => file !== options.warmRestart);
    expect(secrets).toHaveLength(5);
    expect(secrets.map((file) => file.replace('/run/secrets/', '')).sort()).toEqual(
      [...node.secrets].sort(),
    );
  });

  test('each node has a volume of its own for its items, which its user may write', () => {
    const folder = posix.dirname(options.warmRestart);
    const volumes = nodes.flatMap(([, each]) => each.volumes ?? []);
    expect(volumes).toEqual(nodes.map((_, nth) => `items-${nth + 1}:${folder}`));
    expect(textOf('Dockerfile')).toContain(`--owner=node --group=node --mode=0700 ${folder}\n`);
  });

  test('the limits of a container fit the options', () => {
    const HEALTH_CHECK_MIB = 64;
    const DRAIN_SECONDS = 8;
    const WRITE_SECONDS =
      16 * (Number.parseInt(node.environment!['SLABRING_MEMORY_LIMIT']!, 10) / 1024);
    expect(Number.parseInt(node.mem_limit, 10)).toBeGreaterThan(neededMib + HEALTH_CHECK_MIB);
    expect(node.memswap_limit).toBe(node.mem_limit);
    expect(node.ulimits?.nofile).toBeGreaterThanOrEqual(openFilesNeeded(options));
    expect(Number.parseInt(node.stop_grace_period!, 10)).toBeGreaterThan(
      DRAIN_SECONDS + WRITE_SECONDS,
    );
  });
});

describe('Prometheus and Grafana', () => {
  test('Prometheus scrapes each node with its scheme, its port and the token', () => {
    const config = parse(textOf(`${FOLDER}/prometheus.yml`)) as {
      rule_files: readonly string[];
      scrape_configs: readonly {
        scheme: string;
        authorization: { credentials_file: string };
        tls_config: { ca_file: string };
        static_configs: readonly { targets: readonly string[] }[];
      }[];
    };
    const [scrape] = config.scrape_configs;
    expect(scrape?.scheme).toBe('https');
    expect(scrape?.static_configs[0]?.targets).toEqual(
      nodes.map(([name]) => `${name}:${options.adminPort}`),
    );
    const used = [scrape?.authorization.credentials_file, scrape?.tls_config.ca_file];
    const { secrets, volumes } = compose.services['prometheus']!;
    expect(used.sort()).toEqual(secrets.map((name) => `/run/secrets/${name}`).sort());
    for (const file of config.rule_files) {
      expect(volumes?.some((each) => each.endsWith(`:/etc/prometheus/${file}:ro`))).toBe(true);
    }
  });

  test('Grafana finds its data source and the folder of the dashboards', () => {
    const { volumes, environment } = compose.services['grafana']!;
    const sources = parse(textOf(`${FOLDER}/grafana/datasource.yml`)) as {
      datasources: readonly { url: string }[];
    };
    expect(sources.datasources[0]?.url).toBe('http://prometheus:9090');
    const { providers } = parse(textOf(`${FOLDER}/grafana/dashboards.yml`)) as {
      providers: readonly { options: { path: string } }[];
    };
    expect(volumes).toContain(`../grafana:${providers[0]?.options.path}:ro`);
    expect(environment).toMatchObject({
      GF_SECURITY_ADMIN_PASSWORD__FILE: '/run/secrets/grafana-password',
    });
  });
});

describe.skipIf(process.platform === 'win32')('a node with the secrets', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  const ending: (() => Promise<unknown>)[] = [];
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(async () => {
    for (const end of ending.splice(0)) await end();
    await folder.remove();
  });

  /** Runs the script that makes the secrets; returns what it prints. */
  function makeSecrets(): string {
    const script = join(folder.path, 'secrets.sh');
    copyFileSync(`${FOLDER}/secrets.sh`, script);
    const words = [script, 'app', process.execPath, MAIN];
    return execFileSync('sh', words, { encoding: 'utf8' });
  }

  const path = (name: string): string => join(folder.path, 'secrets', name);

  /** Starts a node with the options of the compose file and these secrets. */
  async function startNode() {
    const adminPort = await freePort();
    const texts = Object.entries(node.environment!).map(([name, value]) => [
      name,
      value.replace('/run/secrets', path('')),
    ]);
    const small = { SLABRING_MEMORY_LIMIT: '8', SLABRING_CONN_LIMIT: '64' };
    const own = {
      SLABRING_ADMIN_PORT: `${adminPort}`,
      SLABRING_WARM_RESTART: join(folder.path, 'items'),
      ...small,
    };
    const env = { ...(Object.fromEntries(texts) as Record<string, string>), ...own };
    const server = await startSlabring({ env });
    ending.push(() => server.stop());
    return { server, adminPort };
  }

  test('the script makes secrets once, and a node serves with them', async () => {
    const printed = makeSecrets();
    const password = /^The password of app: (\S+)$/m.exec(printed)?.[1];
    expect(makeSecrets()).toBe('');
    expect(statSync(path('.')).mode & 0o777).toBe(0o700);
    for (const name of Object.keys(compose.secrets)) {
      expect(statSync(path(name)).mode & 0o004, name).toBe(0o004);
    }
    const { server, adminPort } = await startNode();
    const ca = readFileSync(path('ca.crt'));
    const connection = await RawConnection.connect({ ...server.address, ca });
    const login = `app ${password}`;
    const set = `set login 0 0 ${login.length}\r\n${login}\r\n`;
    expect((await connection.exchange(`get a\r\n${set}get a\r\n`)).toString()).toBe(
      'CLIENT_ERROR unauthenticated\r\nSTORED\r\nEND\r\n',
    );
    connection.destroy();
    const url = (page: string): string => `https://localhost:${adminPort}${page}`;
    const token = readFileSync(path('admin-token'), 'utf8').trim();
    expect(await statusOf(url('/readyz'), ca)).toBe(200);
    expect(await statusOf(url('/metrics'), ca)).toBe(401);
    expect(await statusOf(url('/metrics'), ca, token)).toBe(200);
  });

  test.skipIf(whyNoPrometheus() !== undefined)(
    'Prometheus scrapes the node over TLS, with the token and the rules',
    async () => {
      makeSecrets();
      const { adminPort } = await startNode();
      const rules = 'packaging/prometheus';
      for (const name of ['slabring.rules.yml', 'slabring.alerts.yml']) {
        copyFileSync(`${rules}/${name}`, join(folder.path, name));
      }
      const config = textOf(`${FOLDER}/prometheus.yml`)
        .replaceAll('/run/secrets', path(''))
        .replace(/targets: .*/, `targets: ['localhost:${adminPort}']`)
        .replaceAll('15s', '1s');
      const prometheus = await startPrometheus(folder.path, config);
      ending.push(() => prometheus.stop());
      await waitUntil('the target is up', async () => {
        return (await prometheus.query('up{job="slabring",cluster="compose"}')) === 1;
      });
      await waitUntil('the rules have a result', async () => {
        return (await prometheus.query('slabring:connections:ratio')) !== undefined;
      });
    },
  );
});

function statusOf(url: string, ca: Buffer, token?: string): Promise<number | undefined> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return new Promise((resolve, reject) => {
    const sent = request(url, { ca, headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sent.on('error', reject).end();
  });
}

const dockerCompose = findCommand('docker-compose');
test.skipIf(dockerCompose === undefined)('docker-compose accepts the file', () => {
  const words = ['--file', `${FOLDER}/docker-compose.yml`, 'config', '--quiet'];
  const { status, stderr } = spawnSync(dockerCompose!, words, { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
});
