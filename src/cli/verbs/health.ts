import type { ConnectionOptions } from 'node:tls';
import {
  CodedError,
  flag,
  integer,
  list,
  type Rule,
  text,
  type ValuesOf,
} from '../../base/index.ts';
import { listedNodes } from '../../client/index.ts';
import { serverFlags } from '../../node/index.ts';
import { type ListenAddress, listenAddressesOf } from '../../server/index.ts';
import { ADDRESS_FORMS, type NodeAddress, parseAddress, readNodes } from '../../topology/index.ts';
import { type CheckedNode, checkHealth, type Health } from '../cache/health-check.ts';
import { readIdentity } from '../options/tls-options.ts';
import { EXIT } from '../process/exit-codes.ts';
import type { Host } from '../process/host.ts';
import { type LocalNode, localNodes } from '../process/local-nodes.ts';
import { columns } from '../terminal/columns.ts';
import { defineVerb } from '../verb.ts';

const healthFlags = {
  local: flag({
    isCommandLineOnly: true,
    doc:
      'Check every node that runs on this machine or in this container, by the options of its ' +
      'process (Linux): port, socket and TLS are those of its command line and environment.',
  }),
  live: flag({
    isCommandLineOnly: true,
    doc:
      'Ask only whether the node is alive: also a node that has no free connection, or that ' +
      'starts or drains (with --local).',
  }),
  nodes: {
    ...list({ placeholder: '<host:port,…>', doc: 'Check several nodes, in place of --host.' }),
    isCommandLineOnly: true as const,
  },
  cluster: flag({
    isCommandLineOnly: true,
    doc: 'Check all nodes of the cluster that the node of --host lists.',
  }),
  host: text({
    default: '127.0.0.1',
    placeholder: '<addr>',
    doc: `Address of the node: ${ADDRESS_FORMS}. Its port wins over --port.`,
  }),
  port: { ...serverFlags.port, doc: 'TCP port of the node.' },
  unixSocket: { ...serverFlags.unixSocket, doc: 'Unix socket of the node, in place of TCP.' },
  enableSsl: {
    ...serverFlags.enableSsl,
    doc: 'Connect by TLS. The node certificate is not verified: this checks health, not identity.',
  },
  sslChainCert: {
    ...serverFlags.sslChainCert,
    doc: 'Client certificate, for a node that requires one; PEM.',
  },
  sslKey: { ...serverFlags.sslKey, doc: 'Private key of the client certificate; PEM.' },
  timeoutMs: integer({
    long: 'patience',
    default: 2000,
    min: 1,
    max: 60_000,
    doc: 'Time limit for the reply of a node, in milliseconds.',
  }),
  json: flag({ doc: 'Print the result as JSON.' }),
};

type HealthOptions = ValuesOf<typeof healthFlags>;

const oneSource: Rule<typeof healthFlags> = ({ local, cluster, nodes }) =>
  Number(local) + Number(cluster) + Number(nodes.length > 0) > 1
    ? '--local, --cluster and --nodes each name the nodes to check: use one of them.'
    : undefined;

/** `slabring health`: a real round trip, for HEALTHCHECK and for operators. */
export const healthVerb = defineVerb({
  name: 'health',
  summary: 'check that nodes reply; exit code 0 if they do',
  description:
    'Sends one real request (version) to a node, or to several, and checks the reply. A node is ' +
    'alive if it replies in the protocol, and ready if it also has room for this client.\n' +
    'The exit code is 0 if every node is ready (with --live: alive), else 1.',
  flags: healthFlags,
  rules: [oneSource],
  examples: [
    { command: 'slabring health --port 11212', effect: 'check the node on port 11212' },
    { command: 'slabring health --cluster', effect: 'check all nodes of the local cluster' },
    { command: 'slabring health --local', effect: 'readiness, in a container' },
    { command: 'slabring health --local --live', effect: 'liveness, in a container' },
  ],
  async run(options, host) {
    const nodes = await checkedNodes(options);
    const results = await Promise.all(nodes.map((node) => checkHealth(node, options.timeoutMs)));
    const isHealthy = ({ state }: Health): boolean =>
      state === 'ready' || (options.live && state === 'alive');
    if (options.json) host.out(healthJson(results, options));
    else printHealth(results, isHealthy, host);
    return results.every(isHealthy) ? EXIT.ok : EXIT.failed;
  },
});

async function checkedNodes(options: HealthOptions): Promise<readonly CheckedNode[]> {
  if (options.local) return localChecks();
  const tls = tlsOf(options);
  const checks = (nodes: readonly NodeAddress[]): readonly CheckedNode[] =>
    nodes.map((address) => {
      return { address, tls: 'host' in address.connect ? tls : undefined, isRunning: false };
    });
  if (options.nodes.length > 0) return checks(readNodes(options.nodes));
  const node = nodeOf(options);
  return checks(options.cluster ? await clusterOf(node, tls, options.timeoutMs) : [node]);
}

/** The node; a path in `--unix-socket` wins over `--host`. */
function nodeOf({ host, port, unixSocket }: HealthOptions): NodeAddress {
  const address = unixSocket === '' ? { port, ...parseAddress(host) } : { path: unixSocket };
  return readNodes([address])[0]!;
}

/** The nodes of the cluster; the node alone if it lists none, or does not reply. */
async function clusterOf(
  node: NodeAddress,
  tls: ConnectionOptions | undefined,
  timeoutMs: number,
): Promise<readonly NodeAddress[]> {
  try {
    const access = { tls: 'host' in node.connect ? tls : undefined, login: undefined };
    const listed = await listedNodes(node, access, AbortSignal.timeout(timeoutMs));
    return listed === undefined ? [node] : readNodes(listed);
  } catch {
    return [node];
  }
}

function tlsOf({ enableSsl, sslChainCert, sslKey }: HealthOptions): ConnectionOptions | undefined {
  if (!enableSsl) return undefined;
  if (sslChainCert === '') return { rejectUnauthorized: false };
  const paths = { cert: sslChainCert, key: sslKey };
  const identity = readIdentity(paths, '--ssl-chain-cert', '--ssl-key');
  return { rejectUnauthorized: false, ...identity };
}

/** @throws {CodedError} `ERR_UNHEALTHY` if no node runs, or only ones with unknown ports. */
function localChecks(): readonly CheckedNode[] {
  const nodes = localNodes();
  const byName = new Map(nodes.flatMap(checksOf).map((check) => [check.address.name, check]));
  if (byName.size > 0) return [...byName.values()];
  const message =
    nodes.length === 0
      ? 'No node runs here (slabring serve).'
      : 'The kernel chose the port of the node (-p 0): name it with --port.';
  throw new CodedError('ERR_UNHEALTHY', message);
}

/** The first listener of a node stands for all: the same threads serve them. */
function checksOf(node: LocalNode): readonly CheckedNode[] {
  const address = listenAddressesOf(node.options).find(
    (each) => each.kind === 'unix' || each.port !== 0,
  );
  if (address === undefined) return [];
  const [reachable] = readNodes([reachableAddress(address, node)]);
  const isSecure = address.kind === 'tcp' && address.secure;
  return [{ address: reachable!, tls: isSecure ? ownTls(node) : undefined, isRunning: true }];
}

/** Where a client of this machine reaches a listener on all interfaces. */
const OWN_HOSTS: ReadonlyMap<string, string> = new Map([
  ['', '127.0.0.1'],
  ['0.0.0.0', '127.0.0.1'],
  ['::', '::1'],
]);

function reachableAddress(address: ListenAddress, { pathOf }: LocalNode) {
  if (address.kind === 'unix') return { path: pathOf(address.path) };
  const { host, port } = address;
  return { host: OWN_HOSTS.get(host) ?? host, port };
}

/** The node's own certificate as the client's: the same CA has often issued it. */
function ownTls({ options, pathOf }: LocalNode): ConnectionOptions {
  const { sslVerifyMode, sslChainCert, sslKey } = options;
  if (sslVerifyMode < 2) return { rejectUnauthorized: false };
  try {
    const paths = { cert: pathOf(sslChainCert), key: sslKey === '' ? '' : pathOf(sslKey) };
    return { rejectUnauthorized: false, ...readIdentity(paths, '-o ssl_chain_cert', '-o ssl_key') };
  } catch {
    return { rejectUnauthorized: false };
  }
}

/** One object for the node of `--host`, else a list. */
function healthJson(results: readonly Health[], options: HealthOptions): string {
  const isList = options.local || options.cluster || options.nodes.length > 0;
  return JSON.stringify(isList ? results : results[0]);
}

function printHealth(
  results: readonly Health[],
  isHealthy: (health: Health) => boolean,
  host: Host,
): void {
  const [first] = results;
  if (results.length === 1 && first !== undefined) {
    if (isHealthy(first)) host.out(`${first.node} is ${first.state}: ${detailOf(first)}`);
    else host.err(`slabring: ${first.node} is ${SHORT[first.state]}: ${detailOf(first)}.`);
    return;
  }
  const rows = results.map((health) => {
    const { node, state } = health;
    const text = `${state === 'down' ? 'DOWN' : state}: ${detailOf(health)}`;
    return [node, state === 'down' ? host.style('red', text) : text];
  });
  host.out(columns(rows));
}

function detailOf({ version, reason = '' }: Health): string {
  return version === undefined ? reason : `version ${version}`;
}

const SHORT = { ready: 'ready', alive: 'alive, but not ready', down: 'not healthy' } as const;
