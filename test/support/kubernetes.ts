/** The rules that manifests of nodes must hold together; each problem is a sentence. */
import { resolveOptions } from '../../src/base/index.ts';
import { unknownVariables } from '../../src/cli/options/unknown-variables.ts';
import { serveVerb } from '../../src/cli/verbs/serve.ts';
import { serveFlags } from '../../src/cli/verbs/serve-flags.ts';
import { textOf } from '../tidy/tree.ts';
import { TestHost } from '../unit/cli/host.ts';
import type { Manifest } from './kustomize.ts';

type Labels = Readonly<Record<string, string>>;
interface Probe {
  readonly exec?: { readonly command: readonly string[] };
  readonly httpGet?: { readonly port: string | number; readonly path: string };
}
interface Container {
  readonly image: string;
  readonly args: readonly string[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly envFrom: readonly { readonly configMapRef: { readonly name: string } }[];
  readonly resources: {
    readonly requests: { readonly memory: string };
    readonly limits: { readonly memory: string };
  };
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly startupProbe: Probe;
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
interface ConfigMap extends Manifest {
  readonly data: Readonly<Record<string, string>>;
}

const DRAIN_SECONDS = 8;
const MIB = 1024 * 1024;
/** What a node takes beside items and buffers, and a health check in its container. */
const PROCESS_MIB = 128 + 64;

export function problemsOf(manifests: readonly Manifest[]): readonly string[] {
  const kinds = <T extends Manifest>(kind: string): readonly T[] =>
    manifests.filter((each) => each.kind === kind) as unknown as readonly T[];
  const [set] = kinds<StatefulSet>('StatefulSet');
  if (set === undefined) return ['There is no StatefulSet.'];
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
  ];
}

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
  const probes = [node.startupProbe, node.livenessProbe, node.readinessProbe];
  const used = [
    ...services.flatMap(({ spec }) => spec.ports.map(({ targetPort }) => targetPort)),
    ...policies.flatMap(({ spec }) =>
      spec.ingress.flatMap(({ ports }) => ports.map((p) => p.port)),
    ),
    ...probes.flatMap(({ httpGet }) => (httpGet === undefined ? [] : [String(httpGet.port)])),
  ];
  const names = new Set(node.ports.map(({ name }) => name));
  return used.filter((port) => !names.has(port)).map((port) => `The node has no port ${port}.`);
}

function podProblems({ spec }: StatefulSet, node: Container): string[] {
  const pod = spec.template.spec;
  const waits = Number(node.lifecycle.preStop.exec.command[1]);
  const volumes = new Set((pod.volumes ?? []).map(({ name }) => name));
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
  return Object.entries(rules).flatMap(([problem, holds]) => (holds ? [] : [problem]));
}

function optionProblems({ metadata, spec }: StatefulSet, { data: env }: ConfigMap): string[] {
  const [node] = spec.template.spec.containers;
  const host = new ServiceHost({ env });
  const options = resolveOptions(serveFlags, { given: {}, env });
  const items = (options.memoryLimitBytes + options.connMemoryBytes) / MIB;
  const { requests, limits } = node.resources;
  const names = Array.from({ length: spec.replicas }, (_, at) => {
    return `${metadata.name}-${at}.${spec.serviceName}||${options.port}`;
  });
  const files = [options.sslChainCert, options.sslKey, options.authFile].filter((file) => file);
  const mounts = (node.volumeMounts ?? []).map(({ mountPath }) => `${mountPath}/`);
  const rules = {
    'The memory of the container is less than the node needs.':
      Number.parseInt(limits.memory, 10) >= items + PROCESS_MIB && limits.memory.endsWith('Mi'),
    'The node does not get the memory that it may use.': requests.memory === limits.memory,
    'The list of the cluster has other nodes.':
      JSON.stringify(options.clusterNodes) === JSON.stringify(names),
    'The node has another port.': node.ports.some((each) => each.containerPort === options.port),
    'A file of the options is in no volume.': files.every((file) =>
      mounts.some((mount) => file.startsWith(mount)),
    ),
  };
  const unknown = unknownVariables(host, [serveVerb(() => Promise.reject(new Error()))]);
  return [
    ...unknown,
    ...Object.entries(rules).flatMap(([problem, holds]) => (holds ? [] : [problem])),
  ];
}

class ServiceHost extends TestHost {
  override readonly supervisor = undefined;
}

function imageProblems({
  image,
  startupProbe,
  livenessProbe,
  readinessProbe,
}: Container): string[] {
  const { version } = JSON.parse(textOf('package.json')) as { version: string };
  const entry: unknown = JSON.parse(/^ENTRYPOINT (\[.*\])$/m.exec(textOf('Dockerfile'))![1]!);
  const probes = [startupProbe, livenessProbe, readinessProbe];
  const commands = probes.flatMap(({ exec }) => (exec === undefined ? [] : [exec.command]));
  return [
    ...(image === `slabring:${version}` ? [] : [`The image ${image} is not of this version.`]),
    ...commands.flatMap((command) =>
      JSON.stringify(command.slice(0, 2)) === JSON.stringify(entry) && command[2] === 'health'
        ? []
        : [`The image has no ${command.join(' ')}.`],
    ),
  ];
}
