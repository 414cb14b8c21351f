import type { Rule } from '../../base/index.ts';
import { serverRules } from '../../node/index.ts';
import { readProxiedNodes } from '../../proxy/index.ts';
import { createDistribution, TopologyError } from '../../topology/index.ts';
import { adminRules } from '../options/admin-options.ts';
import { BY_SUPERVISOR, joinRules } from '../options/join-options.ts';
import { NodeMembership } from '../process/membership.ts';
import { openProxyMembership, PlainNodesJoin } from '../process/proxy-join.ts';
import { defineVerb, type Example, type Verb } from '../verb.ts';
import { asServeOptions, proxyFlags } from './proxy-flags.ts';
import { runNode, type StartNode } from './serve.ts';
import type { serveFlags } from './serve-flags.ts';

const plainNodes: Rule<typeof proxyFlags> = (options) => {
  const { nodes, join, state, cluster, distribution } = options;
  if (nodes.length === 0) return undefined;
  if (join !== '' || state !== '' || cluster !== '') {
    return '--nodes is for nodes of no cluster: leave --join, --cluster and --state out.';
  }
  if (options.hash !== 'default' && distribution !== 'ketama' && distribution !== 'modulo') {
    return `--hash is for ketama and modulo; ${distribution} has a hash of its own.`;
  }
  try {
    createDistribution(distribution, readProxiedNodes(nodes));
    return undefined;
  } catch (error) {
    if (error instanceof TopologyError) return `--nodes: ${error.message}`;
    throw error;
  }
};

const oneCluster: Rule<typeof proxyFlags> = ({ join, state, cluster }) => {
  if (join === BY_SUPERVISOR) return `--join is ${join}; for a proxy it is etcd://host:port.`;
  if (state === '' || (join === '' && cluster === '')) return undefined;
  return '--state names the cluster already: leave --join and --cluster out.';
};

const metersHere: Rule<typeof proxyFlags> = ({ ecpuLimit, nodes, join }) =>
  ecpuLimit > 0 && (nodes.length > 0 || join !== '')
    ? '--ecpu-limit is for a proxy of a cluster of this machine: leave --nodes and --join out.'
    : undefined;

const nodeRules: readonly Rule<typeof serveFlags>[] = [...serverRules, ...adminRules, ...joinRules];

const EXAMPLES: readonly Example[] = [
  {
    command: 'slabring proxy --cluster web -p 11300 -l 127.0.0.1',
    effect: 'for the cluster web of this machine (slabring cluster --name web)',
  },
  {
    command: 'slabring proxy -s /run/cache.sock -a 666',
    effect: 'for the only cluster of this machine, on a Unix socket',
  },
  {
    command: 'slabring proxy --join etcd://10.0.0.1:2379 --cluster web -l 127.0.0.1 -t 1',
    effect: 'for the applications of this machine, one thread',
  },
  {
    command: 'slabring proxy --join etcd://10.0.0.1:2379 --cluster web -p 11300',
    effect: 'on all interfaces, beside a node',
  },
  {
    command: 'slabring proxy --nodes 10.0.0.1:11211,10.0.0.2:11211 -s /run/cache.sock -a 666',
    effect: 'before two memcached, where clients of libmemcached with ketama have them',
  },
];

/** `slabring proxy`: a member of a cluster that holds nothing. */
export function proxyVerb(startNode: StartNode): Verb {
  return defineVerb({
    name: 'proxy',
    summary: 'run a node that holds nothing and sends requests on: to a cluster, or to memcached',
    description:
      'Runs a proxy of a cluster: of this machine and user (slabring cluster), or with --join of ' +
      'one that etcd keeps (slabring serve --join etcd://…). It runs beside an application, or ' +
      'as the one address of the cluster. It follows each change of the cluster, and sends each ' +
      'request to the node that has the key. It has no items: its start moves none, its end ' +
      'loses none, and a client may ask any proxy or node.\n' +
      'With --nodes it is before nodes that are no cluster, such as memcached. Then it places ' +
      'keys, keeps connections, and knows which nodes are down; it moves, copies and hands over ' +
      'nothing.\n' +
      'It takes the options of slabring serve, except those about items. -I (--max-item-size) ' +
      'must be that of the nodes.',
    flags: proxyFlags,
    hasLog: true,
    rules: [
      oneCluster,
      plainNodes,
      metersHere,
      ...nodeRules.map(
        (rule): Rule<typeof proxyFlags> =>
          (values) =>
            rule(asServeOptions(values)),
      ),
    ],
    examples: EXAMPLES,
    run: (options, host) => {
      const served = asServeOptions(options);
      if (options.nodes.length > 0) {
        return runNode(startNode, served, host, (log) => new PlainNodesJoin(options, log));
      }
      if (options.join !== '') return runNode(startNode, served, host);
      return runNode(
        startNode,
        served,
        host,
        (log) =>
          new NodeMembership(
            served,
            log,
            () => openProxyMembership(options, log),
            options.ecpuLimit || undefined,
          ),
      );
    },
  });
}
