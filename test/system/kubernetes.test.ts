/** The manifests of packaging/kubernetes, compared with each other, the image and the node. */
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { findCommand } from '../support/commands.ts';
import { problemsOf } from '../support/kubernetes.ts';
import { type Manifest, manifestsOf, render } from '../support/kustomize.ts';

const FOLDERS = ['base', 'overlays/secured', 'overlays/warm-restart'].map(
  (name) => `packaging/kubernetes/${name}`,
);

test.each(FOLDERS)('the manifests of %s fit together, the image and the node', (folder) => {
  expect(problemsOf(render(folder))).toEqual([]);
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

/** A generated name ends with a hash of its content. */
const withoutHash = (text: string): string =>
  text.replaceAll(/slabring-options-[a-z0-9]{10}/g, 'slabring-options');

const kubectl = findCommand('kubectl');
test.skipIf(kubectl === undefined).each(FOLDERS)('kubectl renders the same from %s', (folder) => {
  const text = execFileSync(kubectl!, ['kustomize', folder], { encoding: 'utf8' });
  const byName = (manifests: readonly Manifest[]) =>
    Object.fromEntries(manifests.map((each) => [`${each.kind} ${each.metadata.name}`, each]));
  expect(byName(manifestsOf(withoutHash(text)))).toEqual(byName(render(folder)));
});
