import { choice, flag, integer, text } from '../../base/index.ts';
import { serverFlags } from '../../node/index.ts';
import { adminFlags, adminPort, NO_ADMIN_PORT } from '../options/admin-options.ts';
import { joinFlags } from '../options/join-options.ts';
import { logFlags } from '../options/log-options.ts';
import { snapshotFlags } from '../options/snapshot-options.ts';

/** The options of `slabring serve`: those of a node, and those of its process. */
export const serveFlags = {
  ...serverFlags,
  largePages: flag({
    short: 'L',
    long: 'enable-largepages',
    doc:
      'Use large memory pages (Linux with glibc); if the system has none, the node reports it and' +
      ' runs without them.',
  }),
  daemon: flag({
    short: 'd',
    doc:
      'Run in the background: the command ends once the node listens. The node keeps its folder; ' +
      'with -v it also keeps the output.',
  }),
  user: text({
    short: 'u',
    env: 'SLABRING_RUN_AS',
    placeholder: '<user>',
    doc:
      'Become this user, a name or a number, if root starts the node. It then reads the user ' +
      'file and listens as that user.',
  }),
  pidFile: text({
    short: 'P',
    long: 'pidfile',
    placeholder: '<file>',
    doc: 'File for the process id, while the node listens.',
  }),
  coreDumps: flag({
    short: 'r',
    long: 'enable-coredumps',
    doc: 'Raise the limit of core files.',
  }),
  adminPort: adminPort(
    'Port for metrics, health and actions over HTTP; with 0 the kernel chooses a free port.',
    NO_ADMIN_PORT,
  ),
  ...adminFlags,
  ...joinFlags,
  ...logFlags,
  json: flag({ doc: 'Print the start of the node as JSON, on one line.' }),
  license: flag({ short: 'i', isCommandLineOnly: true, doc: 'Print the license and end.' }),
  lockMemory: flag({
    short: 'k',
    noEffect:
      'Node.js cannot lock memory; switch swap off for the node (MemorySwapMax=0, --swap=0)',
    doc: 'Lock the memory of the node. No effect: Node.js cannot.',
  }),
  udpPort: integer({
    short: 'U',
    default: 0,
    min: 0,
    max: 65_535,
    noEffect: 'the node does not support UDP; its clients use TCP',
    doc: 'UDP port. No effect: the node does not support UDP.',
  }),
  warmRestart: text({
    short: 'e',
    placeholder: '<file>',
    doc:
      'Keep the items over a restart: the node writes them to this file when it is stopped, and ' +
      'reads them when it starts again. After a crash it starts empty.',
  }),
  memoryFile: text({
    placeholder: '<file>',
    doc: "memcached's name of --warm-restart.",
  }),
  warmRestartOn: choice({
    words: ['stop', 'restart'],
    default: 'stop',
    doc:
      'When the node writes the file of --warm-restart: whenever it is stopped, or only when its ' +
      'supervisor restarts it (slabring restart).',
  }),
  ...snapshotFlags,
  napiIds: integer({
    short: 'N',
    default: 0,
    min: 0,
    max: 65_535,
    noEffect: 'the kernel balances connections over the threads',
    doc: 'Network queues. No effect: the kernel balances connections over the threads.',
  }),
};
