/** The rules that manifests of nodes must hold together; each problem is a sentence. */
import { textOf } from '../tidy/tree.ts';
import type { Manifest } from './kustomize.ts';
import { optionsOfEnv } from './options-of-env.ts';

type Labels = Readonly<Record<string, string>>;
interface Probe {
  readonly httpGet: { readonly port: string; readonly path: string; readonly scheme: string };
}
interface Container {
  readonly image: string;
  readonly args: readonly string[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly envFrom: readonly { readonly configMapRef: { readonly name: string } }[];
  readonly resources: {
    readonly requests: { readonly memory: string };
    readonly limits: { readonly memory: string };
  };
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly lifecycle: { readonly preStop: { readonly exec: { readonly command: string[] } } };
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
}
export interface StatefulSet extends Manifest {
  readonly spec: {
    readonly serviceName: string;
    readonly replicas: number;
    readonly selector: { readonly matchLabels: Labels };
    readonly volumeClaimTemplates?: readonly Manifest[];
    readonly template: {
      readonly metadata: { readonly labels: Labels };
      readonly spec: {
        readonly enableServiceLinks: boolean;
        readonly terminationGracePeriodSeconds: number;
        readonly securityContext: Readonly<Record<string, unknown>>;
        readonly topologySpreadConstraints: readonly {
          readonly labelSelector: { readonly matchLabels: Labels };
        }[];
        readonly containers: readonly [Container];
        readonly volumes?: readonly { readonly name: string }[];
      };
    };
  };
}
interface Service extends Manifest {
  readonly spec: {
    readonly clusterIP?: string;
    readonly selector: Labels;
    readonly ports: readonly { readonly port: number; readonly targetPort: string }[];
  };
}
interface DisruptionBudget extends Manifest {
  readonly spec: { readonly selector: { readonly matchLabels: Labels } };
}
interface NetworkPolicy extends Manifest {
  readonly spec: {
    readonly podSelector: { readonly matchLabels: Labels };
    readonly ingress: readonly { readonly ports: readonly { readonly port: string }[] }[];
  };
}
export interface ConfigMap extends Manifest {
  readonly data: Readonly<Record<string, string>>;
}

const DRAIN_SECONDS = 8;

export function problemsOf(manifests: readonly Manifest[]): readonly string[] {
  const set = manifests.find(({ kind }) => kind === 'StatefulSet') as StatefulSet | undefined;
  if (set === undefined) return ['There is no StatefulSet.'];
  // What belongs to etcd has another name.
  const own = manifests.filter((each) => nameLabelOf(each) === nameLabelOf(set));
  const kinds = <T extends Manifest>(kind: string): readonly T[] =>
    own.filter((each) => each.kind === kind) as unknown as readonly T[];
  const pod = set.spec.template.spec;
  const [node] = pod.containers;
  const options = kinds<ConfigMap>('ConfigMap').find(
    ({ metadata }) => metadata.name === node.envFrom[0]?.configMapRef.name,
  );
  return [
    ...selectorProblems(
      set,
      kinds('Service'),
      kinds('PodDisruptionBudget'),
      kinds('NetworkPolicy'),
    ),
    ...portProblems(node, kinds('Service'), kinds('NetworkPolicy')),
    ...podProblems(set, node),
    ...(options === undefined
      ? ['The options are in no ConfigMap.']
      : optionProblems(set, options)),
    ...imageProblems(node),
    ...(options === undefined ? [] : adminProblems(set, node, options)),
  ];
}

/** A generated ConfigMap has no labels. */
const nameLabelOf = ({ metadata }: Manifest): string =>
  metadata.labels?.['app.kubernetes.io/name'] ?? 'slabring';

const matches = (selector: Labels | undefined, labels: Labels): boolean =>
  selector !== undefined &&
  Object.keys(selector).length > 0 &&
  Object.entries(selector).every(([name, value]) => labels[name] === value);

function selectorProblems(
  { spec }: StatefulSet,
  services: readonly Service[],
  budgets: readonly DisruptionBudget[],
  policies: readonly NetworkPolicy[],
): string[] {
  const { labels } = spec.template.metadata;
  const { topologySpreadConstraints } = spec.template.spec;
  const selectors = {
    StatefulSet: spec.selector.matchLabels,
    ...Object.fromEntries(services.map((each) => [each.metadata.name, each.spec.selector])),
    spread: topologySpreadConstraints[0]?.labelSelector.matchLabels,
    PodDisruptionBudget: budgets[0]?.spec.selector.matchLabels,
    NetworkPolicy: policies[0]?.spec.podSelector.matchLabels,
    ...Object.fromEntries(
      policies.slice(1).map((each) => [each.metadata.name, each.spec.podSelector.matchLabels]),
    ),
  };
  return [
    ...Object.entries(selectors).flatMap(([name, selector]) =>
      matches(selector, labels) ? [] : [`${name} does not select the pods.`],
    ),
    ...(services.some((each) => isNamedHeadless(each, spec.serviceName))
      ? []
      : ['serviceName is no headless Service.']),
  ];
}

const isNamedHeadless = ({ metadata, spec }: Service, name: string): boolean =>
  metadata.name === name && spec.clusterIP === 'None';

function portProblems(
  node: Container,
  services: readonly Service[],
  policies: readonly NetworkPolicy[],
): string[] {
  const probes = [node.livenessProbe, node.readinessProbe];
  const used = [
    ...services.flatMap(({ spec }) => spec.ports.map(({ targetPort }) => targetPort)),
    ...policies.flatMap(({ spec }) =>
      spec.ingress.flatMap(({ ports }) => ports.map((p) => p.port)),
    ),
    ...probes.map(({ httpGet }) => httpGet.port),
  ];
  const names = new Set(node.ports.map(({ name }) => name));
  return used.filter((port) => !names.has(port)).map((port) => `The node has no port ${port}.`);
}

function podProblems({ spec }: StatefulSet, node: Container): string[] {
  const pod = spec.template.spec;
  const waits = Number(node.lifecycle.preStop.exec.command[1]);
  const claims = (spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name);
  const volumes = new Set([...(pod.volumes ?? []).map(({ name }) => name), ...claims]);
  const { readOnlyRootFilesystem, allowPrivilegeEscalation } = node.securityContext;
  const rules = {
    'A drain does not fit into the grace period.':
      waits + DRAIN_SECONDS < pod.terminationGracePeriodSeconds,
    'Service links set variables of the node.': pod.enableServiceLinks === false,
    'The node may be root.': pod.securityContext['runAsNonRoot'] === true,
    'The node may write its files.': readOnlyRootFilesystem === true,
    'The node may get more rights.': allowPrivilegeEscalation === false,
    'A mount has no volume.': (node.volumeMounts ?? []).every(({ name }) => volumes.has(name)),
  };
  return problemsIn(rules);
}

function optionProblems({ metadata, spec }: StatefulSet, { data: env }: ConfigMap): string[] {
  const [node] = spec.template.spec.containers;
  const { options, problems, neededMib, files } = optionsOfEnv(env);
  const { requests, limits } = node.resources;
  const hosts = hostsOf({ metadata, spec });
  // Nodes that join a cluster publish the nodes that answer.
  const names = options.join === '' ? hosts.map((host) => `${host}||${options.port}`) : [];
  const mounts = (node.volumeMounts ?? []).map(({ mountPath }) => `${mountPath}/`);
  const rules = {
    'The memory of the container is less than the node needs.':
      Number.parseInt(limits.memory, 10) >= neededMib && limits.memory.endsWith('Mi'),
    'The node does not get the memory that it may use.': requests.memory === limits.memory,
    'The list of the cluster has other nodes.':
      JSON.stringify(options.clusterNodes) === JSON.stringify(names),
    'The node has another port.': node.ports.some((each) => each.containerPort === options.port),
    'A file of the options is in no volume.': files.every((file) =>
      mounts.some((mount) => file.startsWith(mount)),
    ),
  };
  return [...problems, ...problemsIn(rules)];
}

/** The stable names of the pods. */
const hostsOf = ({ metadata, spec }: Pick<StatefulSet, 'metadata' | 'spec'>): readonly string[] =>
  Array.from({ length: spec.replicas }, (_, at) => `${metadata.name}-${at}.${spec.serviceName}`);

/** The environment of the container in pod number `at`. */
export function envOfPod(set: StatefulSet, map: ConfigMap, at: number): Record<string, string> {
  const pod = `${set.metadata.name}-${at}`;
  const own = (set.spec.template.spec.containers[0].env ?? [])
    .filter(({ name }) => name.startsWith('SLABRING_'))
    .map(({ name, value = '' }) => [name, value.replaceAll('$(POD_NAME)', pod)]);
  return { ...map.data, ...Object.fromEntries(own) };
}

/** Rules of the admin port, which the probes use from outside of the pod. */
function adminProblems(
  set: StatefulSet,
  { ports, livenessProbe, readinessProbe }: Container,
  { data: env }: ConfigMap,
): string[] {
  const { options } = optionsOfEnv(env);
  const scheme = options.adminTls === 'off' ? 'HTTP' : 'HTTPS';
  const port = ports.find(({ name }) => name === 'admin')?.containerPort;
  const rules = {
    'The admin port is another one.': port === options.adminPort,
    'Probes do not reach the admin port.': options.adminHost === '0.0.0.0',
    'Dumps have other admin ports.':
      env['SLABRING_ADMIN'] ===
      hostsOf(set)
        .map((host) => `${scheme.toLowerCase()}://${host}:${port}`)
        .join(),
    'A probe asks another path.':
      livenessProbe.httpGet.path === '/healthz' && readinessProbe.httpGet.path === '/readyz',
    'A probe has another scheme than the port.': [livenessProbe, readinessProbe].every(
      ({ httpGet }) => httpGet.scheme === scheme,
    ),
  };
  return problemsIn(rules);
}

function imageProblems({ image }: Container): string[] {
  const { version } = JSON.parse(textOf('package.json')) as { version: string };
  return image === `slabring:${version}` ? [] : [`The image ${image} is not of this version.`];
}

const problemsIn = (rules: Readonly<Record<string, boolean>>): string[] =>
  Object.entries(rules).flatMap(([problem, holds]) => (holds ? [] : [problem]));
