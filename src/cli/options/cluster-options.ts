/** The options of `slabring cluster`, and their rules. */
import { choice, flag, integer, type Rule, text, type ValuesOf } from '../../base/index.ts';
import { serverFlags, serverRules } from '../../node/index.ts';
import {
  isEveryInterface,
  parseAddress,
  REPLICAS_MAX,
  TopologyError,
} from '../../topology/index.ts';
import { adminFlags, adminPort, adminRules } from './admin-options.ts';
import { copyFlags } from './join-options.ts';
import { logFlags } from './log-options.ts';

const { port, unixSocket: _s, unixMask: _a, listen: _l, ...ownFlags } = serverFlags;
export const nodeFlags = { ...ownFlags, ...copyFlags, ...adminFlags };

export const clusterFlags = {
  nodes: integer({
    short: 'N',
    env: 'SLABRING_NODE_COUNT',
    default: 3,
    min: 1,
    max: 64,
    doc: 'Number of nodes to run; `slabring nodes` adds and removes nodes later.',
  }),
  replicas: integer({
    default: 1,
    min: 1,
    max: REPLICAS_MAX,
    doc:
      'Number of nodes that hold each key. With 2, a node can die and no acknowledged change is ' +
      'lost.',
  }),
  replication: choice({
    words: ['sync', 'async'],
    default: 'sync',
    doc:
      'When a node acknowledges a change: with sync, once all nodes that hold the key have it; ' +
      'with async, once it has the change itself.',
  }),
  name: text({
    default: 'local',
    placeholder: '<name>',
    doc: 'Name of the cluster, in listings and logs: letters, digits, ".", "_" and "-".',
  }),
  port: integer({
    short: 'p',
    default: port.default,
    min: 1,
    max: 65_535,
    doc: 'TCP port of the first node; the other nodes use the ports after it.',
  }),
  host: text({
    default: '127.0.0.1',
    placeholder: '<addr>',
    doc: 'Name or address that all nodes listen on; 0.0.0.0 or :: for every interface.',
  }),
  advertise: text({
    placeholder: '<host>',
    doc: 'Name or address by which clients reach the nodes; default: --host.',
  }),
  state: text({
    placeholder: '<folder>',
    doc:
      'Folder that keeps the cluster while it is stopped: its ports, its topology and the items ' +
      'of each node. Without it a stopped cluster forgets its items; `slabring restart` keeps ' +
      'them in any case.',
  }),
  adminPort: adminPort(
    'Port for metrics, health and actions of the first node over HTTP; the other nodes use the ' +
      'ports after it. With 0 each node takes a free port.',
    0,
  ),
  ...nodeFlags,
  ...logFlags,
  json: flag({ doc: 'Print the table of nodes as JSON.' }),
};

/** As in a topology. */
const CLUSTER_NAME = /^[\w.-]{1,64}$/;

export type ClusterOptions = ValuesOf<typeof clusterFlags>;

export const clusterRules: readonly Rule<typeof clusterFlags>[] = [
  ...serverRules.map(
    (rule): Rule<typeof clusterFlags> =>
      (values) =>
        rule(asServerOptions(values)),
  ),
  ...adminRules,
  adminPortsRule,
  ({ name }) =>
    CLUSTER_NAME.test(name)
      ? undefined
      : `--name is ${name}; it must be 1 to 64 letters, digits, ".", "_" or "-".`,
  ({ replicas, nodes }) =>
    replicas <= nodes
      ? undefined
      : `--replicas is ${replicas}, and there are ${nodes} nodes to hold each key: raise --nodes.`,
  ({ port: first, nodes }) =>
    first + nodes - 1 > 65_535
      ? `-p (--port) is ${first}: there are not enough ports after it for ${nodes} nodes; lower it.`
      : undefined,
  (options) => {
    const name = advertisedHost(options);
    return isEveryInterface(name) && options.clusterNodes.length === 0
      ? `No client can connect to ${name}: add --advertise <host>, the name or the address by` +
          ' which clients reach this machine.'
      : undefined;
  },
];

/** The ports of all nodes and all admin ports must differ. */
function adminPortsRule({
  adminPort: admin,
  port: first,
  nodes,
}: ClusterOptions): string | undefined {
  if (admin <= 0) return undefined;
  const range = `--admin-port is ${admin}: the ${nodes} ports from there on`;
  if (admin + nodes - 1 > 65_535) return `${range} do not exist; lower it.`;
  return admin < first + nodes && first < admin + nodes
    ? `${range} overlap with those of the nodes, from ${first} on; choose another one.`
    : undefined;
}

/** The host that an option names, an IPv6 address without brackets. */
export function hostOf(option: string, text: string): string {
  const address = parseAddress(text);
  if ('host' in address && address.port === undefined) return address.host;
  throw new TopologyError(`${option} is ${text}; it must be a host: --port sets the ports.`);
}

/** The host by which clients reach the nodes. */
export function advertisedHost({
  host,
  advertise,
}: Pick<ClusterOptions, 'host' | 'advertise'>): string {
  return advertise === '' ? hostOf('--host', host) : hostOf('--advertise', advertise);
}

/** The options of a node that listens on one host. */
export function asServerOptions(
  values: ClusterOptions,
): Parameters<(typeof serverRules)[number]>[0] {
  return { ...values, unixSocket: '', unixMask: serverFlags.unixMask.default, listen: [] };
}
