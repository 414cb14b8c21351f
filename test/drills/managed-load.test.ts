/** A managed cluster changes by ElastiCache's API, under clients that nobody here wrote. */
import { expect, test } from 'vitest';
import { ClusterLoad, COUNTERS } from '../support/cluster-load.ts';
import { ManagerProcess, portsIn } from '../support/manager-process.ts';
import { freePort } from '../support/ports.ts';
import { Random, testSeed } from '../support/random.ts';
import { folderForEachTest } from '../support/test-folder.ts';
import { TextConnection, value } from '../support/text-connection.ts';
import { awsCaller } from './stock-clients/aws-caller.ts';
import { type ClientName, installedClients, StockLoad } from './stock-clients/stock-load.ts';

const KEYS = Number(process.env['KEYS'] ?? 4_000);
const KEYS_OF_CLIENT = Math.round(KEYS / 4);
/** Of each connection of the checker, between two operations. */
const REST_MS = 5;
/** The replies that the checker gets before the first change, and after each one. */
const REPLIES_AT_REST = 1000;
const DRILL_MS_MAX = 600_000;
const WEB = { CacheClusterId: 'web' };
const COPY = { CacheClusterId: 'copy' };
const GROUP = { CacheParameterGroupName: 'tuned' };
/** What a client sees when the node that it asks ends or is away; it then tries again. */
const LOST_CONNECTION =
  /reset|refused|close|broken pipe|connection ?(failure|error)|timed retry|marked dead/i;

const seed = testSeed();
const { pathTo, cleanups } = folderForEachTest();

/** The numbers in all keys and counters of the checker; they only rise. */
async function numbersAt(port: number): Promise<readonly number[]> {
  const connection = new TextConnection(port);
  const names = [
    ...Array.from({ length: KEYS }, (_, nth) => `k${nth}`),
    ...Array.from({ length: COUNTERS }, (_, nth) => `c${nth}`),
  ];
  try {
    const values = names.map((name) => connection.send(`get ${name}\r\n`, value));
    return (await Promise.all(values)).map((text) => Number.parseInt(text, 10));
  } finally {
    connection.close();
  }
}

/** Clients and the checker at work on the cluster `web`, and changes of it. */
class Drill {
  readonly #manager: ManagerProcess;
  readonly #loads: readonly StockLoad[];
  readonly #checker: ClusterLoad;

  constructor(manager: ManagerProcess, ports: readonly number[]) {
    this.#manager = manager;
    // The nodes that leave later have no clients: their connections would end.
    const servers = ports.map((port) => `127.0.0.1:${port}`);
    // With several nodes pymemcache gives no error, but False and None, for one that just failed.
    const serversOf = (client: ClientName): readonly string[] =>
      client === 'pymemcache' ? servers.slice(0, 1) : servers;
    this.#loads = installedClients().map((client, nth) => {
      const loadSeed = (seed + nth) % 2 ** 31;
      const wanted = { servers: serversOf(client), keys: KEYS_OF_CLIENT, seed: loadSeed };
      return new StockLoad(client, wanted);
    });
    this.#checker = new ClusterLoad(ports, KEYS, new Random(seed), { restMs: REST_MS });
    cleanups.push(() => Promise.all([this.#checker, ...this.#loads].map((load) => load.end())));
  }

  async start(): Promise<void> {
    await Promise.all([this.#checker.fill(), ...this.#loads.map((load) => load.fill())]);
    this.#checker.start();
    await this.#rest('before');
  }

  /** Resolves with the ports of a cluster, once a change has made it available. */
  async change(phase: string, begin: () => Promise<unknown>, id = 'web') {
    for (const load of this.#loads) load.begin(phase);
    this.#checker.disturb(phase);
    await begin();
    const shown = await this.#manager.available(id);
    this.#checker.rest();
    await this.#rest('rest');
    return portsIn(shown);
  }

  async #rest(phase: string): Promise<void> {
    for (const load of this.#loads) load.begin(phase);
    await this.#checker.replies(REPLIES_AT_REST);
  }

  /** Fails if a client has lost a key, or read an old value. */
  async stop(): Promise<string> {
    const loads = this.#loads;
    await Promise.all(loads.map((load) => load.stop()));
    const found = await this.#checker.stop();
    const seen = loads.flatMap((load) => [...load.seen.values()]);
    expect([...found.wrong, ...seen.flatMap((each) => each.wrong)]).toEqual([]);
    const none = { misses: 0, stale: 0, lostIncrements: 0, extraIncrements: 0, errorsAtRest: 0 };
    expect(found).toMatchObject(none);
    for (const each of seen) {
      expect(each).toMatchObject({ misses: 0, stale: 0, lost: 0, failed: 0 });
    }
    const errors = [...found.messages, ...loads.flatMap((load) => load.errors)];
    expect(errors.filter((text) => !LOST_CONNECTION.test(text))).toEqual([]);
    return [
      `checker: ${found.reads} reads, ${found.writes} writes`,
      ...loads.map((load) => `${load.title}: ${load.summary}`),
    ].join('\n');
  }
}

async function start() {
  const manager = new ManagerProcess(pathTo('data'), await freePort());
  cleanups.push(() => manager.stop());
  await manager.start();
  const aws = await awsCaller(manager);
  const family = { CacheParameterGroupFamily: 'memcached1.6', Description: 'of the drill' };
  await aws.create_cache_parameter_group({ ...GROUP, ...family });
  const size = { Engine: 'memcached', NumCacheNodes: 2, CacheNodeType: 'slabring.64x1' };
  await aws.create_cache_cluster({ ...WEB, ...size, ...GROUP });
  const ports = portsIn(await manager.available('web'));
  return { manager, aws, ports, port: ports[0]! };
}

test(
  `nothing is lost or stale while a managed cluster changes (SEED=${seed})`,
  async (context) => {
    const { manager, aws, ports, port } = await start();
    const drill = new Drill(manager, ports);
    await drill.start();
    const now = { ...WEB, ApplyImmediately: true };
    await drill.change('2 to 4 nodes', () =>
      aws.modify_cache_cluster({ ...now, NumCacheNodes: 4 }),
    );
    const gone = { NumCacheNodes: 3, CacheNodeIdsToRemove: ['0003'] };
    const left = await drill.change('4 to 3', () => aws.modify_cache_cluster({ ...now, ...gone }));
    expect(left.length).toBe(3);
    await drill.change('another node type', () =>
      aws.modify_cache_cluster({ ...now, CacheNodeType: 'slabring.96x2' }),
    );
    const value = { ParameterName: 'max_item_size', ParameterValue: '2097152' };
    await aws.modify_cache_parameter_group({ ...GROUP, ParameterNameValues: [value] });
    await drill.change('a parameter', () =>
      aws.reboot_cache_cluster({ ...WEB, CacheNodeIdsToReboot: ['0001', '0002', '0004'] }),
    );

    const before = await numbersAt(port);
    await drill.change('a snapshot', () => aws.create_snapshot({ ...WEB, SnapshotName: 'taken' }));
    const after = await numbersAt(port);
    const shape = { NumCacheNodes: 5, CacheNodeType: 'slabring.64x1', SnapshotName: 'taken' };
    const tags = { Tags: [{ Key: 'slabring:replicas', Value: '2' }] };
    const restore = () => aws.create_cache_cluster({ ...COPY, ...shape, ...tags });
    const [restored = 0] = await drill.change('a restore', restore, 'copy');
    const wrong = (await numbersAt(restored)).flatMap((number, nth) => {
      const isOfThen = number >= before[nth]! && number <= after[nth]!;
      return isOfThen ? [] : [`number ${nth} is ${number}, not ${before[nth]} to ${after[nth]}`];
    });
    expect(wrong.slice(0, 10)).toEqual([]);
    await context.annotate(`changed by ${aws.title}\n${await drill.stop()}`);
  },
  DRILL_MS_MAX,
);
