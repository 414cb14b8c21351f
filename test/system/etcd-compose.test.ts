/** The compose file of a cluster that etcd keeps: structure, rights, options. */
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { joinRules } from '../../src/cli/options/join-options.ts';
import { etcdEndpoints } from '../../src/cluster/index.ts';
import { optionsOfEnv } from '../support/options-of-env.ts';
import { textOf } from '../tidy/tree.ts';

interface Service {
  readonly image: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly mem_limit: string;
  readonly read_only: boolean;
  readonly cap_drop: readonly string[];
  readonly security_opt: readonly string[];
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const compose = parse(textOf('packaging/compose/etcd.yml'), { merge: true }) as Compose;
const services = Object.entries(compose.services);
const nodes = services.filter(([name]) => name.startsWith('node-'));

describe('the compose file with etcd', () => {
  test.each(services)('%s has no more rights than it needs', (_, service) => {
    expect(service.read_only).toBe(true);
    expect(service.cap_drop).toEqual(['ALL']);
    expect(service.security_opt).toEqual(['no-new-privileges:true']);
    expect(service.mem_limit).toMatch(/^\d+m$/);
    expect(service.image).toMatch(/:v?\d+\.\d+\.\d+$/);
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\d+:11211$/);
    for (const volume of service.volumes ?? []) {
      expect(compose.volumes).toHaveProperty([volume.split(':')[0]!]);
    }
  });

  test.each(nodes)(
    '%s accepts its options, and joins the cluster by its own name',
    (name, node) => {
      const { options, problems, neededMib } = optionsOfEnv(node.environment!);
      const refused = joinRules.map((rule) => rule(options));
      expect([problems, refused.filter((reason) => reason !== undefined)]).toEqual([[], []]);
      expect(options).toMatchObject({ nodeName: name, advertise: name, replicas: 2 });
      expect(Number.parseInt(node.mem_limit, 10)).toBeGreaterThan(neededMib);
      const { version } = JSON.parse(textOf('package.json')) as { version: string };
      expect(node.image).toBe(`slabring:${version}`);
    },
  );

  test('the nodes find the etcd of the file', () => {
    const urls = new Set(nodes.map(([, { environment }]) => environment!['SLABRING_JOIN']!));
    expect(urls.size).toBe(1);
    const { endpoints, hasTls } = etcdEndpoints([...urls][0]!);
    expect([endpoints, hasTls]).toEqual([['etcd:2379'], false]);
    const { command } = compose.services['etcd']!;
    expect(command).toContain('--advertise-client-urls=http://etcd:2379');
  });
});

describe('the compose file of three hosts', () => {
  const hosts = [1, 2, 3].map((at) => {
    const env = variablesIn(textOf(`packaging/compose/cache-${at}.env`));
    const text = textOf('packaging/compose/hosts.yml').replaceAll(
      /\$\{(\w+)[^}]*\}/g,
      (_, name: string) => env[name] ?? '',
    );
    return { env, services: (parse(text) as Compose).services };
  });

  test('the hosts differ in their name and address only', () => {
    const shared = hosts.map(({ env: { NAME: _, ADDRESS: __, ...rest } }) => rest);
    expect(new Set(shared.map((each) => JSON.stringify(each))).size).toBe(1);
    for (const field of ['NAME', 'ADDRESS'] as const) {
      expect(new Set(hosts.map(({ env }) => env[field])).size).toBe(3);
    }
  });

  test.each(hosts)('$env.NAME has a node and a member of etcd at its address', (host) => {
    const { env } = host;
    const node = host.services['node']!;
    const { options, problems, neededMib } = optionsOfEnv(node.environment!);
    const refused = joinRules.map((rule) => rule(options));
    expect([problems, refused.filter((reason) => reason !== undefined)]).toEqual([[], []]);
    const { NAME: nodeName, ADDRESS: address } = env;
    expect(options).toMatchObject({ nodeName, advertise: `${address}:11211`, listen: [address] });
    expect(Number.parseInt(node.mem_limit, 10)).toBeGreaterThan(neededMib);
    expect(etcdEndpoints(options.join).endpoints).toContain(`${address}:2379`);
    const { command } = host.services['etcd']!;
    expect(command).toContain(`--advertise-client-urls=http://${address}:2379`);
    const members = `--initial-cluster=${env['ETCD_MEMBERS']}`;
    expect(command).toContain(members);
    expect(members).toContain(`${nodeName}=http://${address}:2380`);
  });

  test.each(Object.entries(hosts[0]!.services))('%s has no more rights than it needs', (_, own) => {
    expect([own.read_only, own.cap_drop]).toEqual([true, ['ALL']]);
    expect(own.security_opt).toEqual(['no-new-privileges:true']);
    expect(own.mem_limit).toMatch(/^\d+m$/);
    expect(own.image).toBe(
      compose.services[own.image.startsWith('slab') ? 'node-1' : 'etcd']!.image,
    );
  });
});

/** The variables of an environment file. */
function variablesIn(text: string): Readonly<Record<string, string>> {
  const lines = text.split('\n').filter((line) => /^\w+=/.test(line));
  return Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2)));
}
