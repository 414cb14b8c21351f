import { flag, integer, text } from '../../base/index.ts';
import { serverFlags } from '../../node/index.ts';

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
  license: flag({ short: 'i', doc: 'Print the license and end.' }),
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
  memoryFile: text({
    short: 'e',
    placeholder: '<file>',
    noEffect: 'the node does not keep its items over a restart',
    doc: 'File of the items. No effect: the node does not keep its items over a restart.',
  }),
  napiIds: integer({
    short: 'N',
    default: 0,
    min: 0,
    max: 65_535,
    noEffect: 'the kernel balances connections over the threads',
    doc: 'Network queues. No effect: the kernel balances connections over the threads.',
  }),
};
