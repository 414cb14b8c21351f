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
