import type { Rule } from '../../base/index.ts';
import { serverRules } from '../../node/index.ts';
import { adminRules } from '../options/admin-options.ts';
import { BY_SUPERVISOR, joinRules } from '../options/join-options.ts';
import { defineVerb, type Verb } from '../verb.ts';
import { asServeOptions, proxyFlags } from './proxy-flags.ts';
import { runNode, type StartNode } from './serve.ts';
import type { serveFlags } from './serve-flags.ts';

const ofCluster: Rule<typeof proxyFlags> = ({ join }) =>
  join === '' || join === BY_SUPERVISOR
    ? 'A proxy belongs to a cluster that etcd keeps: add --join etcd://host:2379 and --cluster ' +
      '<name>. In a cluster of one machine (slabring cluster) each node forwards as a proxy does.'
    : undefined;

const nodeRules: readonly Rule<typeof serveFlags>[] = [...serverRules, ...adminRules, ...joinRules];

/** `slabring proxy`: a member of a cluster that holds nothing. */
export function proxyVerb(startNode: StartNode): Verb {
  return defineVerb({
    name: 'proxy',
    summary: 'run a node that holds nothing and forwards all requests to a cluster',
    description:
      'Runs a proxy of a cluster that etcd keeps (slabring serve --join etcd://…): beside an ' +
      'application, or as the one address of the cluster. It follows each change of the cluster, ' +
      'and sends each request to the node that has the key. It has no items: its start moves ' +
      'none, its end loses none, and a client may ask any proxy or node.\n' +
      'It takes the options of slabring serve, except those about items. -I (--max-item-size) ' +
      'must be that of the nodes.',
    flags: proxyFlags,
    hasLog: true,
    rules: [
      ofCluster,
      ...nodeRules.map(
        (rule): Rule<typeof proxyFlags> =>
          (values) =>
            rule(asServeOptions(values)),
      ),
    ],
    examples: [
      {
        command: 'slabring proxy --join etcd://10.0.0.1:2379 --cluster web -l 127.0.0.1 -t 1',
        effect: 'for the applications of this machine, one thread',
      },
      {
        command: 'slabring proxy --join etcd://10.0.0.1:2379 --cluster web -p 11300',
        effect: 'on all interfaces, beside a node',
      },
    ],
    run: (options, host) => runNode(startNode, asServeOptions(options), host),
  });
}
