import { hostname, userInfo } from 'node:os';
import {
  bytes,
  CodedError,
  flag,
  number,
  type Rule,
  text,
  type ValuesOf,
} from '../../base/index.ts';
import {
  type ChangeAction,
  etcdEndpoints,
  type MembersReply,
  order,
  orderInEtcd,
} from '../../cluster/index.ts';
import { INTERVAL_SECONDS_MAX } from '../cache/watch.ts';
import { etcdFlags } from '../options/join-options.ts';
import { orderCancel, orderChange, type SendOrder } from '../process/change-order.ts';
import { etcdOptionsOf } from '../process/etcd-join.ts';
import { EXIT } from '../process/exit-codes.ts';
import type { Host } from '../process/host.ts';
import { supervisorFor } from '../process/restart-order.ts';
import { membersText } from '../terminal/nodes-page.ts';
import { defineVerb } from '../verb.ts';
import { watchText } from './watch-text.ts';

const nodesFlags = {
  cluster: text({
    placeholder: '<host:port>',
    doc:
      'Address of any node of the cluster, if several clusters run on this machine; default: ' +
      'the only one, else the one of 127.0.0.1:11211. etcd://host:port/name: a cluster that ' +
      'etcd keeps; the name can be left out if it is the only one there.',
  }),
  ...etcdFlags,
  state: text({
    placeholder: '<folder>',
    doc: 'The folder of the cluster (slabring cluster --state), in place of --cluster.',
  }),
  rolling: flag({
    isCommandLineOnly: true,
    doc: 'With restart: all nodes, each when the one before it serves again.',
  }),
  memoryLimitBytes: bytes({
    short: 'm',
    long: 'memory-limit',
    default: '0',
    min: '0',
    max: '31g',
    bareUnit: 'megabytes',
    isCommandLineOnly: true,
    doc:
      'With add, replace and restart: memory for items of the nodes that start, in megabytes; 0: ' +
      'as before, or as the cluster began.',
  }),
  byService: flag({
    isCommandLineOnly: true,
    doc:
      'With restart of nodes in etcd: a node ends with exit code 75, and its service manager ' +
      'starts it with the options that it has then; default: the node replaces its own process.',
  }),
  dryRun: flag({
    isCommandLineOnly: true,
    doc: 'Only show what would move, and about how long it takes; with cancel: what ends.',
  }),
  watch: number({
    default: 0,
    min: 0,
    max: INTERVAL_SECONDS_MAX,
    unit: 'seconds',
    isCommandLineOnly: true,
    doc: 'With list: repeat after this time, until q or Ctrl-C; 0 prints once.',
  }),
  json: flag({ doc: 'Print the result as JSON; with --watch, a line for each time.' }),
};

const oneCluster: Rule<typeof nodesFlags> = ({ cluster, state }) =>
  cluster !== '' && state !== ''
    ? '--cluster and --state both name the cluster: remove one of them.'
    : undefined;

/** `slabring nodes` */
export const nodesVerb = defineVerb({
  name: 'nodes',
  summary: 'list, add, remove, replace and restart the nodes of a cluster while it serves',
  description:
    'Shows the nodes of a cluster of this machine (slabring cluster) or in etcd, and changes ' +
    'them while the cluster serves. The items of a node go to the others before it leaves, and ' +
    'a new node gets its items before it answers, so no key is missing in between. One change ' +
    'is under way at a time; Ctrl-C ends only this command: the change of the present node ' +
    'goes on.\n' +
    'list: members, states, what they hold and still send, and the last changes with who decided ' +
    'them; --watch repeats it.\n' +
    'add: starts one more node. remove: a node leaves, and its process ends. replace: a new node ' +
    'takes the place of one, in one move of its items. restart: a node leaves, starts again with ' +
    'the program that is installed now (and with -m), and joins. cancel: gives up the change ' +
    'under way, until its new ring is in force; then the nodes are as before.\n' +
    'With etcd, add waits for a node that is started by slabring serve --join (any, or the named ' +
    'one) until it serves, and replace lets the next such node take the place of one.\n' +
    'Exit code 0: done; 1: the change was refused or failed, and the message says why; 2: the ' +
    'command line is wrong.',
  parameters: ['list|add|remove|replace|restart|cancel', '[node]'],
  flags: nodesFlags,
  rules: [oneCluster],
  examples: [
    { command: 'slabring nodes list', effect: 'the members and their states' },
    { command: 'slabring nodes list --watch 1', effect: 'follow a change: what moves, how fast' },
    { command: 'slabring nodes add --dry-run', effect: 'what one more node would get' },
    { command: 'slabring nodes add', effect: 'start node-4, which gets its share of the items' },
    { command: 'slabring nodes remove node-2', effect: 'its items go to the others' },
    {
      command: 'slabring nodes cancel',
      effect: 'the change under way ends, and nothing has moved',
    },
    {
      command: 'slabring nodes restart --rolling -m 1024',
      effect: 'all nodes, one after the other, with 1 GB',
    },
  ],
  async run(options, host, [action = '', node]) {
    if (action === 'list') {
      if (node !== undefined) throw usageError(`Unexpected argument "${node}".`);
      return list(options, host);
    }
    if (options.watch !== 0) throw usageError('--watch is for list only.');
    if (action === 'cancel') {
      if (node !== undefined) throw usageError('cancel gives up the change under way: name none.');
      return orderCancel(await senderFor(options), options, host);
    }
    const isInEtcd = ETCD_URL.test(options.cluster);
    const checked = checkedAction(action, node, options, isInEtcd);
    const send = await senderFor(options);
    const { dryRun, json, byService: isByService, memoryLimitBytes: memory } = options;
    const memoryLimitBytes = memory === 0 ? undefined : memory;
    const request = { action: checked, node, dryRun, memoryLimitBytes, isByService };
    return (await orderChange(send, request, json, host)) ? EXIT.ok : EXIT.failed;
  },
});

const ETCD_URL = /^etcds?:/;

/** Such as `root@db-1 (process 4711)`, for others that want a change at the same time. */
const whoRuns = (): string => `${userInfo().username}@${hostname()} (process ${process.pid})`;

type NodesOptions = ValuesOf<typeof nodesFlags>;

/** @throws {CodedError} if no supervisor is found, or a file for etcd cannot be read. */
async function senderFor(options: NodesOptions): Promise<SendOrder> {
  if (!ETCD_URL.test(options.cluster)) {
    const { socketPath } = await supervisorFor(options);
    return (request) => order(socketPath, request);
  }
  const { cluster } = etcdEndpoints(options.cluster);
  const etcd = await etcdOptionsOf(options.cluster, options, undefined);
  return (request) => orderInEtcd(etcd, cluster, request, whoRuns());
}

async function list(options: NodesOptions, host: Host): Promise<number> {
  const read = async (): Promise<string> => {
    const reply = await membersOf(await senderFor(options));
    const { event: _, ...members } = reply;
    return options.json ? JSON.stringify(members) : membersText(reply);
  };
  if (options.watch > 0) return watchText(read, options, host);
  host.out(await read());
  return EXIT.ok;
}

/** @throws {CodedError} `ERR_SUPERVISOR` */
async function membersOf(send: SendOrder): Promise<MembersReply> {
  for await (const reply of send({ verb: 'members' })) {
    if (reply.event === 'members') return reply;
    if (reply.event === 'refused') throw new CodedError('ERR_SUPERVISOR', reply.reason);
  }
  throw new CodedError('ERR_SUPERVISOR', 'The supervisor of the cluster ended.');
}

/** @throws {CodedError} `ERR_USAGE` */
function checkedAction(
  action: string,
  node: string | undefined,
  { rolling, byService }: NodesOptions,
  isInEtcd: boolean,
): ChangeAction {
  if (byService && (action !== 'restart' || !isInEtcd)) {
    throw usageError('--by-service is for restart of nodes in etcd only.');
  }
  if (rolling && action !== 'restart') throw usageError('--rolling is for restart only.');
  switch (action) {
    case 'add':
      if (node !== undefined && !isInEtcd) {
        throw usageError(`add names the node itself: leave "${node}" out.`);
      }
      return action;
    case 'restart':
      if ((node !== undefined) === rolling) {
        throw usageError('Name one node, or restart all of them with --rolling.');
      }
      return action;
    case 'remove':
    case 'replace':
      if (node === undefined) throw usageError(`Name the node: slabring nodes ${action} node-1.`);
      return action;
  }
  const actions = 'list, add, remove, replace, restart and cancel';
  throw usageError(`There is no action "${action}"; the actions are ${actions}.`);
}

const usageError = (message: string): CodedError => new CodedError('ERR_USAGE', message);
