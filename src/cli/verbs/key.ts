import { CodedError, flag } from '../../base/index.ts';
import type { CacheClient } from '../../client/index.ts';
import { utf8Of } from '../../ops/index.ts';
import { KEY_BYTES_MAX, type KeyFacts, parseFacts } from '../../protocol/client.ts';
import type { ClusterTopology } from '../../topology/index.ts';
import { defineCacheVerb } from '../cache/cache-verb.ts';
import { exitCodeOf, type NodeResult } from '../cache/each-node.ts';
import { holdersOf, primaryOf } from '../cache/key-holders.ts';
import { nodeStats } from '../cache/node-stats.ts';
import { EXIT } from '../process/exit-codes.ts';
import { factsJson, factsText, type LocatedFacts } from '../terminal/key-page.ts';
import { keyOfShown } from '../terminal/key-text.ts';

/** `slabring key` */
export const keyVerb = defineCacheVerb({
  name: 'key',
  summary: 'show the facts of one key: node, size, ttl, idle time, class, CAS id',
  description:
    'Shows what the nodes of a key know about it, without its value: size in memory, ttl, time ' +
    'since the last access, size class and CAS id. The question counts as no get, and changes ' +
    'nothing. It works with every Memcached node that has the meta commands. In a cluster of ' +
    'slabring the primary of the key answers, and the other holders are listed: in sync, ' +
    'lagging, or still getting their items.\n' +
    'Exit code 0: the key exists; 1: it does not;',
  parameters: ['name'],
  flags: {
    escaped: flag({
      isCommandLineOnly: true,
      doc: 'The name is as `slabring keys` and `slabring hot` print it: %XX is one byte.',
    }),
    everywhere: flag({
      isCommandLineOnly: true,
      doc: 'Ask every node, also those that are not to hold the key.',
    }),
  },
  examples: [
    { command: 'slabring key user:42', effect: 'its node, size, ttl, idle time, class, CAS id' },
    { command: 'slabring key user:42 --everywhere --nodes a,b,c', effect: 'is there an old copy?' },
    { command: 'slabring key user%3A%FF --escaped --json', effect: 'a binary key' },
  ],
  check: ([name = ''], { escaped }) => void keyBytesOf(name, escaped),
  async run(cache, { escaped, everywhere, json }, host, [name = ''], { each, ask, topology }) {
    const keyBytes = keyBytesOf(name, escaped);
    const cluster = newestOf(await each(topology));
    const primary = cluster && primaryOf(cluster, keyBytes);
    const owners = primary === undefined ? ownersOf(cache, keyBytes) : [primary];
    const asked = everywhere || owners.length === 0 ? undefined : owners;
    const results = await each(async (node): Promise<LocatedFacts | undefined> => {
      const reply = await ask(node, { verb: 'item-facts', keyBytes });
      const facts = reply.status === 'line' ? parseFacts(reply.line) : undefined;
      return facts && { ...facts, chunkBytes: await chunkBytesOf(node, facts) };
    }, asked);
    const key = keyBytes.toString('latin1');
    const [stats] = primary === undefined ? [] : await each(clusterStatsOf, [primary]);
    const holders = cluster && holdersOf(cluster, keyBytes, () => stats?.value);
    const places = { owners, holders };
    host.out(json ? factsJson(key, results, places) : factsText(key, results, places, host));
    const code = exitCodeOf(results, host);
    return code === EXIT.ok && !isFound(results) ? EXIT.negative : code;
  },
});

const clusterStatsOf = (node: CacheClient) => nodeStats(node, 'cluster');

/** The newest topology that a node has; undefined if they are in no cluster of slabring. */
function newestOf(results: readonly NodeResult<ClusterTopology | undefined>[]) {
  const topologies = results.flatMap(({ value }) => value ?? []);
  return topologies.sort((a, b) => b.version - a.version)[0];
}

const isFound = (results: readonly NodeResult<unknown>[]): boolean =>
  results.some(({ value }) => value !== undefined);

/** @throws {CodedError} `ERR_USAGE` for what can be no key. */
function keyBytesOf(name: string, escaped: boolean): Buffer {
  const bytes = escaped ? keyOfShown(name) : Buffer.from(name);
  if (bytes.length > 0 && bytes.length <= KEY_BYTES_MAX) return bytes;
  const message = `A key has 1 to ${KEY_BYTES_MAX} bytes; this one has ${bytes.length}.`;
  throw new CodedError('ERR_USAGE', message);
}

/** The nodes that are to hold the key; none for a key that the client of the program refuses. */
function ownersOf(cache: CacheClient, keyBytes: Buffer): readonly string[] {
  const text = utf8Of(keyBytes.toString('latin1'));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a key of the client has none of them.
  return text === undefined || /[\u0000-\u0020\u007f]/.test(text) ? [] : cache.nodesOf(text);
}

/** The chunk that the item occupies; undefined for an item of several chunks. */
async function chunkBytesOf(
  node: CacheClient,
  { sizeClass, bytes }: KeyFacts,
): Promise<number | undefined> {
  const stats = await nodeStats(node, 'slabs');
  const chunkBytes = Number(stats.get(`${sizeClass}:chunk_size`));
  return chunkBytes >= bytes ? chunkBytes : undefined;
}
