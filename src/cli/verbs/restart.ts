import { CodedError, flag, integer, type Rule, text } from '../../base/index.ts';
import { PAUSE_SECONDS_MAX } from '../../cluster/index.ts';
import { EXIT } from '../process/exit-codes.ts';
import { orderRestart, supervisorFor } from '../process/restart-order.ts';
import { defineVerb } from '../verb.ts';

const restartFlags = {
  rolling: flag({
    isCommandLineOnly: true,
    doc: 'Restart all nodes, each when the one before it serves again with its items.',
  }),
  cluster: text({
    placeholder: '<host:port>',
    doc:
      'Address of any node of the cluster, if several clusters run on this machine; default: ' +
      'the only one, else the one of 127.0.0.1:11211.',
  }),
  state: text({
    placeholder: '<folder>',
    doc: 'The folder of the cluster (slabring cluster --state), in place of --cluster.',
  }),
  pauseSeconds: integer({
    long: 'pause',
    default: 2,
    min: 0,
    max: PAUSE_SECONDS_MAX,
    doc:
      'Seconds between two nodes, in which clients connect to the first one again. Give clients ' +
      'with a longer retry time as much.',
  }),
  dryRun: flag({
    isCommandLineOnly: true,
    doc: 'Only show which nodes would restart, what they keep, and about how long each is down.',
  }),
  json: flag({ doc: 'Print the result as JSON.' }),
};

const oneCluster: Rule<typeof restartFlags> = ({ cluster, state }) =>
  cluster !== '' && state !== ''
    ? '--cluster and --state both name the cluster: remove one of them.'
    : undefined;

/** `slabring restart` */
export const restartVerb = defineVerb({
  name: 'restart',
  summary: 'restart nodes of `slabring cluster` one after the other, with their items',
  description:
    'Asks the supervisor of a cluster on this machine to restart one node, or all of them one ' +
    'after the other. A node drains its clients, writes its items to a file, ends, starts again ' +
    '(with the program that is installed now), reads the items and serves. The next node follows ' +
    'only then. If a node does not come back with its items, the others stay as they are. Ctrl-C ' +
    'leaves the node that restarts to the supervisor, and the others as they are.\n' +
    'Exit code 0: every node serves again with its items; 1: not every one, or the restart was ' +
    'refused; 2: the command line is wrong.',
  parameters: ['[node]'],
  flags: restartFlags,
  rules: [oneCluster],
  examples: [
    { command: 'slabring restart --rolling', effect: 'all nodes, one after the other' },
    { command: 'slabring restart node-2', effect: 'one node' },
    { command: 'slabring restart --rolling --dry-run', effect: 'what would happen' },
  ],
  async run(options, host, [node]) {
    if ((node !== undefined) === options.rolling) {
      const message =
        node === undefined
          ? 'Name a node, such as: slabring restart node-1. All nodes: slabring restart --rolling.'
          : '--rolling restarts all nodes: remove it, or the name of the node.';
      throw new CodedError('ERR_USAGE', message);
    }
    const supervisor = await supervisorFor(options);
    const isDone = await orderRestart(supervisor.socketPath, { node, ...options }, host);
    return isDone ? EXIT.ok : EXIT.failed;
  },
});
