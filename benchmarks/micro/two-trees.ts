/**
 * Compares the sessions of two source trees in one process, without sockets. `node
 * benchmarks/micro/two-trees.ts --base FOLDER` takes another checkout of this repository as the
 * base, and runs the same requests on a store of each tree in short turns. So both trees meet the
 * same activity of the machine, and the median of the ratios of neighbouring turns shows a
 * difference of a few percent even on a busy machine. Give the same tree twice to see the noise.
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import yargs from 'yargs';
import { Random } from '../../test/support/random.ts';

type Harness = typeof import('../../test/support/session-harness.ts');

/** A turn is shorter than a time slice, so other processes interrupt few turns. */
const KEYS_PER_TURN = 500;
const PIPELINED = 20;
const WARM_UP_TURNS = 200;
const SETS_PER_FEED = 1000;
/** More requests than the processor's caches can remember. */
const BATCHES = 1201;

const LOADS = ['get', 'mget', 'mg', 'miss', 'set', 'insert'] as const;
type Load = (typeof LOADS)[number];

const options = yargs(process.argv.slice(2))
  .option('base', { type: 'string', demandOption: true, describe: 'the other checkout' })
  .option('load', { choices: LOADS, default: 'mget' as Load, describe: 'the requests' })
  .option('items', { type: 'number', default: 100_000, describe: 'how many items to store' })
  .option('value', { type: 'number', default: 100, describe: 'bytes of a value' })
  .option('keys', { type: 'number', default: 50, describe: 'keys of an mget' })
  .option('turns', { type: 'number', default: 3000, describe: 'turns of each tree' })
  .option('seed', { type: 'number', default: 1, describe: 'of the keys' })
  .strict()
  .parseSync();

interface Tree {
  readonly name: string;
  readonly feed: (requests: Buffer) => void;
  readonly nsPerKey: number[];
}

const VALUE = 'v'.repeat(options.value);
const setOf = (key: string): string => `set ${key} 0 0 ${options.value}\r\n${VALUE}\r\n`;

/** A session of the tree in `folder`, on a store that has all items. */
async function load(folder: string): Promise<Tree> {
  const file = pathToFileURL(resolve(folder, 'test/support/session-harness.ts')).href;
  const { SessionHarness, testShare } = (await import(file)) as Harness;
  const share = testShare({
    memoryLimitBytes: options.items * (options.value + 120) * 1.3 + (64 << 20),
    hashKey: { low: 7, high: 3 },
  });
  const { session, sink } = new SessionHarness(share);
  const feed = (requests: Buffer): void => {
    session.advance(requests, 0, requests.length);
    sink.at = 0;
  };
  for (let from = 0; from < options.items; from += SETS_PER_FEED) {
    const sets = Array.from({ length: SETS_PER_FEED }, (_, i) => setOf(`memtier-${from + i}`));
    feed(Buffer.from(sets.join('')));
  }
  return { name: folder, feed, nsPerKey: [] };
}

const random = new Random(options.seed);
const randomKey = (): string => `memtier-${random.int(0, options.items - 1)}`;

/** One request; with `mget` of several keys. */
function request(): string {
  switch (options.load) {
    case 'mget':
      return `get ${Array.from({ length: options.keys }, randomKey).join(' ')}\r\n`;
    case 'get':
      return `get ${randomKey()}\r\n`;
    case 'mg':
      return `mg ${randomKey()} v\r\n`;
    case 'miss':
      return `get missing-${random.int(0, 10_000_000)}\r\n`;
    case 'set':
      return setOf(randomKey());
    case 'insert':
      return setOf(`inserted-${random.int(0, 1_000_000_000)}`);
  }
}

/** The requests of one turn, in the pieces in which a client would send them. */
function batch(): readonly Buffer[] {
  const isMget = options.load === 'mget';
  const perPiece = isMget ? 1 : PIPELINED;
  const keysPerPiece = isMget ? options.keys : PIPELINED;
  return Array.from({ length: Math.ceil(KEYS_PER_TURN / keysPerPiece) }, () =>
    Buffer.from(Array.from({ length: perPiece }, request).join('')),
  );
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)]!;
}

const trees = [await load(options.base), await load('.')];
const batches = Array.from({ length: BATCHES }, batch);
let turn = 0;
for (let round = -WARM_UP_TURNS; round < options.turns; round++) {
  for (const tree of round % 2 === 0 ? trees : trees.toReversed()) {
    // An inserted key is new only once.
    const pieces = options.load === 'insert' ? batch() : batches[turn++ % BATCHES]!;
    const startMs = performance.now();
    for (const piece of pieces) tree.feed(piece);
    const ns = ((performance.now() - startMs) * 1e6) / KEYS_PER_TURN;
    if (round >= 0) tree.nsPerKey.push(ns);
  }
}

const [base, own] = trees as [Tree, Tree];
for (const { name, nsPerKey } of trees) {
  const [best, quarter, median] = [0, 0.25, 0.5].map((share) => quantile(nsPerKey, share));
  console.log(
    `${name}: ${quarter!.toFixed(0)} ns per key (first quartile; minimum ${best!.toFixed(0)}, ` +
      `median ${median!.toFixed(0)})`,
  );
}
const ratios = own.nsPerKey.map((ns, i) => ns / base.nsPerKey[i]!);
console.log(`own tree / base, median of the turns: ${quantile(ratios, 0.5).toFixed(3)}`);
