/** The manifests of packaging/kubernetes, compared with each other, the image and the node. */
import { execFileSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { joinRules } from '../../src/cli/options/join-options.ts';
import { etcdEndpoints } from '../../src/cluster/index.ts';
import { ROOT } from '../support/built-packages.ts';
import { findCommand } from '../support/commands.ts';
import { temporaryFolder } from '../support/folder.ts';
import { type ConfigMap, envOfPod, problemsOf, type StatefulSet } from '../support/kubernetes.ts';
import { schemaProblems } from '../support/kubernetes-schema.ts';
import { type Manifest, manifestsOf, render } from '../support/kustomize.ts';
import { optionsOfEnv } from '../support/options-of-env.ts';
import { textOf } from '../tidy/tree.ts';

const FOLDERS = ['base', 'overlays/secured', 'overlays/warm-restart', 'overlays/cluster'].map(
  (name) => `packaging/kubernetes/${name}`,
);

test.each(FOLDERS)('the manifests of %s fit together, the image and the node', (folder) => {
  expect(problemsOf(render(folder))).toEqual([]);
});

test.each(FOLDERS)('the API of Kubernetes has every field of %s', async (folder) => {
  expect(await schemaProblems(render(folder))).toEqual([]);
});

test('the schema has no other field and no other type', async () => {
  const text = JSON.stringify(render(FOLDERS[2]!));
  const broken = (was: string, is: string) => {
    expect(text).toContain(was);
    return schemaProblems(JSON.parse(text.replace(was, is)) as readonly Manifest[]);
  };
  expect(await broken('"minReadySeconds"', '"minReadySecond"')).toHaveLength(1);
  expect(await broken('"replicas":3', '"replicas":"3"')).toHaveLength(1);
  expect(await broken('"whenUnsatisfiable"', '"when"')).toHaveLength(1);
  expect(await broken('"accessModes":["ReadWriteOnce"]', '"accessModes":"any"')).toHaveLength(1);
});

/** A change of one text in the manifests, and the problem that must be found. */
const BREAKAGES: readonly (readonly [was: string, is: string, problem: string])[] = [
  ['"replicas":3', '"replicas":4', 'The list of the cluster has other nodes.'],
  ['"memory":"1800Mi"', '"memory":"1400Mi"', 'The memory of the container is less than'],
  ['"clusterIP":"None",', '', 'serviceName is no headless Service.'],
  ['"targetPort":"memcached"', '"targetPort":"cache"', 'The node has no port cache.'],
  ['"enableServiceLinks":false', '"enableServiceLinks":true', 'Service links set variables'],
  ['"terminationGracePeriodSeconds":30', '"terminationGracePeriodSeconds":13', 'A drain does not'],
  ['"configMapRef":{"name":"slab', '"configMapRef":{"name":"', 'The options are in no ConfigMap.'],
  ['SLABRING_THREADS', 'SLABRING_THREDS', 'No option has the environment variable'],
  ['"image":"slabring:0', '"image":"slabring:9', 'is not of this version.'],
  ['https://slabring-2', 'http://slabring-2', 'Dumps have other admin ports.'],
  ['"path":"/readyz"', '"path":"/ready"', 'A probe asks another path.'],
  ['"scheme":"HTTPS"', '"scheme":"HTTP"', 'A probe has another scheme'],
  ['"containerPort":9150', '"containerPort":9151', 'The admin port is another one.'],
  ['0.0.0.0', '127.0.0.1', 'Probes do not reach the admin port.'],
  ['SLABRING_ADMIN_TOKEN_FILE', 'SLABRING_PID_FILE', 'protect it'],
  ['"podSelector":{"matchLabels"', '"podSelector":{"all"', 'NetworkPolicy does not select'],
  ['"name":"tls","secret"', '"name":"certs","secret"', 'A mount has no volume.'],
  ['/etc/slabring/users"', '/etc/users"', 'A file of the options is in no volume.'],
];

test.each(BREAKAGES)('a change of %s to %s is found', (was, is, problem) => {
  const text = JSON.stringify(render(FOLDERS[1]!));
  expect(text).toContain(was);
  const broken = JSON.parse(text.replaceAll(was, is)) as readonly Manifest[];
  expect(problemsOf(broken)).toContainEqual(expect.stringContaining(problem));
});

describe('the overlay of a cluster', () => {
  const manifests = render('packaging/kubernetes/overlays/cluster');
  const one = <T extends Manifest>(kind: string, name: string): T =>
    manifests.find((each) => each.kind === kind && each.metadata.name === name) as unknown as T;
  const set = one<StatefulSet>('StatefulSet', 'slabring');
  const etcd = one<StatefulSet>('StatefulSet', 'slabring-etcd');
  const etcdHosts = [0, 1, 2].map((at) => `slabring-etcd-${at}.slabring-etcd`);

  test('each node joins by its stable name, and etcd is at the endpoints', () => {
    const map = one<ConfigMap>('ConfigMap', 'slabring-options');
    for (const at of [0, 1, 2]) {
      const { options, problems } = optionsOfEnv(envOfPod(set, map, at));
      const refused = joinRules.map((rule) => rule(options));
      expect([problems, refused.filter((reason) => reason !== undefined)]).toEqual([[], []]);
      const advertise = `slabring-${at}.slabring-nodes:11211`;
      expect(options).toMatchObject({ nodeName: `slabring-${at}`, advertise, replicas: 2 });
      const { endpoints } = etcdEndpoints(options.join);
      expect(endpoints).toEqual(etcdHosts.map((host) => `${host}:2379`));
      const ports = set.spec.template.spec.containers[0].ports;
      expect(ports).toContainEqual({ name: 'peer', containerPort: options.peerPort });
    }
  });

  test('the members of etcd name each other, and only they and the nodes reach them', () => {
    const [container] = etcd.spec.template.spec.containers;
    const { command } = container as unknown as { readonly command: readonly string[] };
    const members = etcdHosts.map((host) => `${host.split('.')[0]}=http://${host}:2380`);
    expect(command).toContain(`--initial-cluster=${members.join()}`);
    expect([etcd.spec.replicas, etcd.spec.serviceName]).toEqual([3, 'slabring-etcd']);
    const service = one<Manifest & { readonly spec: object }>('Service', 'slabring-etcd');
    expect(service.spec).toMatchObject({ clusterIP: 'None', publishNotReadyAddresses: true });
    const labels = { 'app.kubernetes.io/name': 'slabring-etcd' };
    const named = manifests.filter((each) => each.metadata.name === 'slabring-etcd');
    expect(named.map(({ kind }) => kind).toSorted()).toEqual([
      'NetworkPolicy',
      'PodDisruptionBudget',
      'Service',
      'StatefulSet',
    ]);
    for (const { metadata } of named) expect(metadata.labels).toEqual(labels);
    expect(etcd.spec.template.metadata.labels).toEqual(labels);
    expect(etcd.spec.selector.matchLabels).toEqual(labels);
  });
});

/** A generated name ends with a hash of its content. */
const withoutHash = (text: string): string =>
  text.replaceAll(/slabring-options-[a-z0-9]{10}/g, 'slabring-options');

const kubectl = findCommand('kubectl');
test.skipIf(kubectl === undefined)('kubectl adds the PodMonitor to the secured nodes', async () => {
  const { path, remove } = await temporaryFolder();
  const packaged = relative(realpathSync(path), join(ROOT, 'packaging/kubernetes'));
  const text = `resources: [${packaged}/overlays/secured]
components: [${packaged}/components/pod-monitor]
namespace: cache
`;
  await writeFile(join(path, 'kustomization.yaml'), text);
  const rendered = execFileSync(kubectl!, ['kustomize', path], { encoding: 'utf8' });
  await remove();
  const kinds = manifestsOf(rendered).map(({ kind }) => kind);
  expect(kinds).toEqual(expect.arrayContaining(['StatefulSet', 'PodMonitor']));
  expect(rendered).toMatch(/^kind: PodMonitor\nmetadata:\n(?: .*\n)*? {2}namespace: cache$/m);
});

test.skipIf(kubectl === undefined).each(FOLDERS)('kubectl renders the same from %s', (folder) => {
  const text = execFileSync(kubectl!, ['kustomize', folder], { encoding: 'utf8' });
  const byName = (manifests: readonly Manifest[]) =>
    Object.fromEntries(manifests.map((each) => [`${each.kind} ${each.metadata.name}`, each]));
  expect(byName(manifestsOf(withoutHash(text)))).toEqual(byName(render(folder)));
});

interface PodMonitor extends Manifest {
  readonly spec: {
    readonly jobLabel: string;
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly podMetricsEndpoints: readonly [
      {
        readonly port: string;
        readonly scheme: string;
        readonly tlsConfig: {
          readonly serverName: string;
          readonly ca: { readonly secret: { readonly name: string } };
        };
        readonly authorization: { readonly credentials: { readonly name: string } };
      },
    ];
  };
}

test('the PodMonitor selects the pods, and scrapes them as the probes ask', () => {
  const file = 'packaging/kubernetes/components/pod-monitor/pod-monitor.yaml';
  const { spec } = manifestsOf(textOf(file))[0] as PodMonitor;
  const manifests = render(FOLDERS[1]!);
  const set = manifests.find(({ kind }) => kind === 'StatefulSet') as StatefulSet;
  const { labels } = set.spec.template.metadata;
  expect(labels).toMatchObject(spec.selector.matchLabels);
  expect(labels[spec.jobLabel]).toBe('slabring');
  expect(textOf('packaging/prometheus/slabring.alerts.yml')).toContain('up{job="slabring"}');
  const [endpoint] = spec.podMetricsEndpoints;
  const { port, scheme } = set.spec.template.spec.containers[0].readinessProbe.httpGet;
  expect([endpoint.port, endpoint.scheme.toUpperCase()]).toEqual([port, scheme]);
  const secrets = JSON.stringify(set.spec.template.spec.volumes);
  for (const name of [endpoint.tlsConfig.ca.secret.name, endpoint.authorization.credentials.name]) {
    expect(secrets).toContain(`"secretName":"${name}"`);
  }
  expect(endpoint.tlsConfig.serverName).toBe(`${set.metadata.name}-0.${set.spec.serviceName}`);
});

test('a certificate as the page describes it is valid for each node and for the Service', () => {
  const [, names = ''] = /dnsNames: \[([^\]]+)\]/.exec(textOf('docs/operating.md')) ?? [];
  const subjectaltname = names.split(/,\s*/).map((name) => `DNS:${name}`);
  const certificate = { subject: {}, subjectaltname: subjectaltname.join(', ') };
  const list = JSON.stringify(render(FOLDERS[1]!)).match(/[\w.-]+(?=\|\|11211)/g) ?? [];
  expect(list).toHaveLength(3);
  for (const name of [...list, 'slabring']) {
    expect(checkServerIdentity(name, certificate as PeerCertificate), name).toBeUndefined();
  }
});
