/** SIGKILL of `slabring manage` at each step of each change: the next start makes the rest. */
import { describe, expect, test } from 'vitest';
import { textsIn } from '../support/control-api.ts';
import { hits, KEYS, ManagerProcess, portsIn, WAIT_MS, write } from '../support/manager-process.ts';
import { markedProcesses, markWith } from '../support/marked-processes.ts';
import { freePort } from '../support/ports.ts';
import { Random, testSeed } from '../support/random.ts';
import { folderForEachTest } from '../support/test-folder.ts';
import { waitUntil } from '../support/wait.ts';
import { exchangeOnce } from '../support/wire.ts';

/** With `STEPS=all` each step is killed at its begin, and once more somewhat later. */
const ALL_STEPS = process.env['STEPS'] === 'all';
/** More steps than any change of this drill has, which would not end otherwise. */
const STEPS_MAX = 6;
/** Most steps take less than twice as long. */
const LATER_MS_MAX = 1500;
const DRILL_MS_MAX = 900_000;
const LOGGED = ['-v', '--log-format=json'];
const ONE = ['0001'];
const THREE = ['0001', '0002', '0003'];

interface Change {
  readonly title: string;
  readonly cluster: 'web' | 'new';
  readonly begin: (round: number) => readonly string[];
  /** The nodes afterwards; undefined: the cluster is gone. */
  readonly nodes: readonly string[] | undefined;
  /** What the statistics of each node say then. */
  readonly stats?: (round: number) => readonly string[];
}

const modify = (members: string): string =>
  `Action=ModifyCacheCluster&CacheClusterId=web&ApplyImmediately=true&${members}`;
const listOf = (name: string, ids: readonly string[]): string =>
  ids.map((id, nth) => `&${name}.CacheNodeId.${nth + 1}=${id}`).join('');
const reboot = (ids: readonly string[]): string =>
  `Action=RebootCacheCluster&CacheClusterId=web${listOf('CacheNodeIdsToReboot', ids)}`;
const create = (id: string, members: string): string =>
  `Action=CreateCacheCluster&CacheClusterId=${id}&CacheNodeType=slabring.64x1` +
  `&CacheParameterGroupName=tuned&${members}`;
const remove = (id: string): string => `Action=DeleteCacheCluster&CacheClusterId=${id}`;
const timeoutIn = (round: number): number => 60 + round;

/** Each begins where the one before has ended, and the last ends where the first begins. */
const CHANGES: readonly Change[] = [
  {
    title: 'create',
    cluster: 'new',
    begin: () => [create('new', 'NumCacheNodes=2')],
    nodes: ['0001', '0002'],
  },
  { title: 'delete', cluster: 'new', begin: () => [remove('new')], nodes: undefined },
  {
    title: 'scale out',
    cluster: 'web',
    begin: () => [modify('NumCacheNodes=3')],
    nodes: THREE,
  },
  {
    title: 'another node type',
    cluster: 'web',
    begin: () => [modify('CacheNodeType=slabring.64x2')],
    nodes: THREE,
    stats: () => ['STAT num_threads 2'],
  },
  {
    title: 'more memory',
    cluster: 'web',
    begin: () => [modify('CacheNodeType=slabring.80x2')],
    nodes: THREE,
    stats: () => [`STAT maxbytes ${80 * 2 ** 20}`],
  },
  {
    title: 'a parameter that needs restarts',
    cluster: 'web',
    begin: (round) => [
      'Action=ModifyCacheParameterGroup&CacheParameterGroupName=tuned' +
        '&ParameterNameValues.ParameterNameValue.1.ParameterName=idle_timeout' +
        `&ParameterNameValues.ParameterNameValue.1.ParameterValue=${timeoutIn(round)}`,
      reboot(THREE),
    ],
    nodes: THREE,
    stats: (round) => [`STAT idle_timeout ${timeoutIn(round)}`],
  },
  {
    title: 'scale in',
    cluster: 'web',
    begin: () => [modify(`NumCacheNodes=1${listOf('CacheNodeIdsToRemove', ['0002', '0003'])}`)],
    nodes: ONE,
  },
  { title: 'reboot of the only node', cluster: 'web', begin: () => [reboot(ONE)], nodes: ONE },
  {
    title: 'snapshot',
    cluster: 'web',
    begin: (round) => [`Action=CreateSnapshot&CacheClusterId=web&SnapshotName=taken-${round}`],
    nodes: ONE,
  },
  {
    title: 'delete with a last snapshot',
    cluster: 'web',
    begin: (round) => [`${remove('web')}&FinalSnapshotIdentifier=last-${round}`],
    nodes: undefined,
  },
  {
    title: 'restore into another shape',
    cluster: 'web',
    begin: (round) => [create('web', `NumCacheNodes=1&SnapshotName=last-${round}`)],
    nodes: ONE,
    stats: () => ['STAT num_threads 1', `STAT maxbytes ${64 * 2 ** 20}`],
  },
];

const seed = testSeed();
const { pathTo, cleanups } = folderForEachTest();

/** A manager that is killed in changes of its clusters, and what must be true afterwards. */
class Drill {
  readonly #mark = pathTo('mark');
  readonly #manager: ManagerProcess;
  kills = 0;

  private constructor(firstPort: number) {
    this.#manager = new ManagerProcess(pathTo('data'), firstPort, markWith(this.#mark));
    cleanups.push(() => this.#manager.stop());
  }

  /** Begins with the cluster `web` of one node, and items in it. */
  static async start(): Promise<Drill> {
    const drill = new Drill(await freePort());
    const manager = drill.#manager;
    await manager.start(...LOGGED);
    const group = 'Action=CreateCacheParameterGroup&CacheParameterGroupName=tuned';
    await manager.ask(`${group}&CacheParameterGroupFamily=memcached1.6&Description=x`);
    await manager.ask(create('web', 'NumCacheNodes=1'));
    await write(portsIn(await manager.available('web'))[0]!);
    return drill;
  }

  /**
   * Makes all changes, and kills the manager in each: so many milliseconds after the nth step.
   * @returns whether a change had so many steps.
   */
  async walk(round: number, steps: number, delayMsOf: () => number): Promise<boolean> {
    const before = this.kills;
    for (const change of CHANGES) {
      const delayMs = delayMsOf();
      const step = await this.#killIn(change, round, steps, delayMs);
      await this.#expectDone(change, round).catch((error: Error) => {
        error.message = `${change.title}, killed ${delayMs} ms after ${step}: ${error.message}`;
        throw error;
      });
    }
    return this.kills > before;
  }

  /** Ends all; fails if a process is left. */
  async stop(): Promise<void> {
    expect(await this.#manager.stop()).toBe(0);
    expect(markedProcesses(this.#mark)).toEqual([]);
  }

  async #killIn(change: Change, round: number, steps: number, delayMs: number) {
    const step = await this.#manager.killAt(steps, delayMs, {
      begin: async () => {
        for (const form of change.begin(round)) await this.#manager.ask(form);
      },
      isOver: () => this.#isOver(change),
    });
    if (step === false) return 'its end';
    this.kills++;
    await this.#manager.start(...LOGGED);
    return step;
  }

  async #isOver({ cluster, nodes }: Change): Promise<boolean> {
    const shown = `Action=DescribeCacheClusters&CacheClusterId=${cluster}`;
    const { body } = await this.#manager.send(shown);
    if (nodes === undefined) return body.includes('CacheClusterNotFound');
    return textsIn(body, 'CacheClusterStatus')[0] === 'available';
  }

  async #expectDone({ cluster, nodes, stats }: Change, round: number): Promise<void> {
    const manager = this.#manager;
    if (nodes === undefined) await manager.gone(cluster);
    else {
      const body = await manager.available(cluster);
      expect(textsIn(body, 'CacheNodeId')).toEqual(nodes);
      for (const port of portsIn(body)) {
        if (cluster === 'web') expect(await hits(port)).toBe(KEYS);
        const said = await exchangeOnce({ host: '127.0.0.1', port }, 'stats settings\r\n');
        for (const line of stats?.(round) ?? []) expect(said).toContain(`${line}\r\n`);
      }
    }
    const all = await manager.ask('Action=DescribeCacheClusters');
    await this.#expectProcesses(textsIn(all, 'NumCacheNodes').map(Number));
  }

  /** The manager, and a supervisor for each cluster beside its nodes: no other, and none twice. */
  async #expectProcesses(nodesOfClusters: readonly number[]): Promise<void> {
    const wanted = nodesOfClusters.reduce((sum, nodes) => sum + 1 + nodes, 1);
    let found = markedProcesses(this.#mark);
    const isRight = (): boolean => {
      found = markedProcesses(this.#mark);
      return found.length === wanted;
    };
    await waitUntil(`${wanted} processes run`, isRight, WAIT_MS).catch((error: Error) => {
      const lines = found.map(({ pid, parent, command }) => `${pid} of ${parent}: ${command}`);
      throw new Error(`${error.message}; these do:\n${lines.join('\n')}`);
    });
  }
}

describe.skipIf(process.platform !== 'linux')('a manager that is killed', () => {
  test(
    `the next start makes the rest of each change (SEED=${seed})`,
    async (context) => {
      const random = new Random(seed);
      const drill = await Drill.start();
      const later = (): number => random.int(1, LATER_MS_MAX);
      const sometimes = (): number => (random.oneIn(2) ? 0 : later());
      await drill.walk(0, 0, () => 0);
      let round = 1;
      for (let steps = 1, isReached = true; isReached; steps++) {
        expect(steps).toBeLessThan(STEPS_MAX);
        isReached = await drill.walk(round++, steps, ALL_STEPS ? () => 0 : sometimes);
        if (ALL_STEPS) await drill.walk(round++, steps, later);
      }
      await context.annotate(`${drill.kills} kills`);
      await drill.stop();
    },
    DRILL_MS_MAX,
  );
});
