import { bytes, CodedError } from '../../base/index.ts';
import type { CacheClient } from '../../client/index.ts';
import { defineCacheVerb } from '../cache/cache-verb.ts';
import { exitCodeOf, failureText, type NodeResult } from '../cache/each-node.ts';
import { nodeStats } from '../cache/node-stats.ts';
import type { Host } from '../process/host.ts';
import { sizeText } from '../terminal/amounts.ts';
import { columns } from '../terminal/columns.ts';

const MEBIBYTE = 2 ** 20;
const ADVICE =
  'A slabring node takes 8m to four times the -m that it was started with; memcached at least 8m.';

/** The argument is read as an option is, so that both mean the same by `2g`. */
const sizeOption = bytes({
  default: '64m',
  min: '1m',
  max: '1000000g',
  bareUnit: 'megabytes',
  doc: 'The new size.',
});

/** `slabring memory` */
export const memoryVerb = defineCacheVerb({
  name: 'memory',
  summary: 'resize the memory of every running node',
  description:
    'Sets the memory for items of every node, as -m of `slabring serve` does at its start: 2g, ' +
    '512m, or megabytes without a suffix. A smaller memory evicts items at once. Without a size ' +
    'it shows what the nodes have. A node forgets the change when it ends: change its -m, too.\n' +
    'Exit code 0: every node has this memory;',
  parameters: ['[size]'],
  flags: {},
  check: ([size]) => void (size === undefined ? undefined : mebibytesOf(size)),
  examples: [
    { command: 'slabring memory 2g', effect: 'resize all nodes of the local cluster' },
    { command: 'slabring memory --nodes a,b,c', effect: 'show what the nodes have' },
  ],
  async run(_cache, { json }, host, [size], { each, ask }) {
    const mebibytes = size === undefined ? undefined : mebibytesOf(size);
    const results = await each(async (node): Promise<Resize> => {
      const wasBytes = await limitOf(node);
      if (mebibytes === undefined) return { wasBytes, isBytes: wasBytes };
      await ask(node, { verb: 'limit-memory', mebibytes });
      return { wasBytes, isBytes: await limitOf(node) };
    });
    const advised = results.map(withAdvice);
    host.out(json ? memoryJson(advised) : memoryTable(advised, host));
    return exitCodeOf(advised, host);
  },
});

interface Resize {
  readonly wasBytes: number;
  readonly isBytes: number;
}

/** @throws {CodedError} `ERR_USAGE` for anything but a size of whole megabytes. */
function mebibytesOf(size: string): number {
  const parsed = sizeOption.parse(size);
  if (parsed !== undefined && parsed % MEBIBYTE === 0) return parsed / MEBIBYTE;
  const message = `"${size}" is not a size of memory: write 2g, 512m or whole megabytes.`;
  throw new CodedError('ERR_USAGE', message);
}

async function limitOf(node: CacheClient): Promise<number> {
  return Number((await nodeStats(node)).get('limit_maxbytes'));
}

function withAdvice(result: NodeResult<Resize>): NodeResult<Resize> {
  const { node, failure } = result;
  if (failure === undefined || !failure.reason.includes('MEMLIMIT_')) return result;
  return { node, failure: { ...failure, advice: ADVICE } };
}

function memoryTable(results: readonly NodeResult<Resize>[], host: Host): string {
  const rows = results.map(({ node, value, failure }) => {
    if (value === undefined) return [node, host.style('red', failureText(failure!))];
    const { wasBytes, isBytes } = value;
    const change = wasBytes === isBytes ? '' : `, was ${sizeText(wasBytes)}`;
    return [node, `${sizeText(isBytes)}${change}`];
  });
  return columns(rows);
}

function memoryJson(results: readonly NodeResult<Resize>[]): string {
  const byNode = results.map(({ node, value, failure }) => [
    node,
    value ?? { error: failure!.reason },
  ]);
  return JSON.stringify(Object.fromEntries(byNode));
}
