import { expect, test } from 'vitest';
import { silentLogger } from '../../../../src/base/index.ts';
import { MEASURE_NAMES, type MeasureName } from '../../../../src/control/metrics/measures.ts';
import type { NodeReading, Sample } from '../../../../src/control/metrics/reading.ts';
import { hiddenName } from '../../../../src/control/model/serverless-names.ts';
import { ServerlessKeeper } from '../../../../src/control/serverless/keeper.ts';
import { ApiHarness, textsIn } from '../../../support/control-api.ts';

const MEBIBYTE = 2 ** 20;
const HOUR_MS = 3600 * 1000;
const DAY_MS = 24 * HOUR_MS;
const ID = hiddenName('web');

const sampleWith = (numbers: Partial<Record<MeasureName, number>>): Sample =>
  Float32Array.from(MEASURE_NAMES, (name) => numbers[name] ?? 0);

/** A keeper over an API with one cache, whose nodes tests load. */
class Kept {
  readonly api = new ApiHarness();
  readonly changed: string[] = [];
  usedMib = 0;
  ecpu = 0;
  readonly #keeper: ServerlessKeeper;

  constructor(members = '') {
    this.api.ask('CreateServerlessCache', `ServerlessCacheName=web&Engine=memcached${members}`);
    this.#keeper = new ServerlessKeeper({
      state: this.api.state,
      files: this.api.files,
      metrics: {
        now: () => [
          { node: '0001', reading: this.#reading(), sample: this.#load() },
          { node: 'proxy', reading: this.#reading(), sample: sampleWith({}) },
        ],
        since: () => [{ atMs: this.api.nowMs, sample: this.#load() }],
      },
      freeMib: 4096,
      nowMs: () => this.api.nowMs,
      log: silentLogger,
      changed: (id) => this.changed.push(id),
    });
    this.settle();
  }

  get nodes() {
    return this.api.state.get('serverlesscluster', ID)!;
  }

  /** What the reconciler does. */
  settle(): void {
    const cache = this.api.state.get('serverlesscache', 'web')!;
    const nodes = this.nodes.nodes.map((node) => ({ ...node, status: 'available' }) as const);
    const rest = { status: 'available', snapshot: undefined, nodes } as const;
    this.api.state.put('serverlesscache', 'web', { ...cache, status: 'available' });
    this.api.state.put('serverlesscluster', ID, { ...this.nodes, ...rest });
  }

  lookAfter(ms: number): void {
    this.api.nowMs += ms;
    this.#keeper.look();
  }

  snapshots(): readonly string[] {
    return this.api.state.list('serverlesscachesnapshot').map(({ name }) => name);
  }

  #load = (): Sample => sampleWith({ usedBytes: this.usedMib * MEBIBYTE });

  #reading(): NodeReading {
    const numbers = MEASURE_NAMES.map((name) => (name === 'ecpu' ? this.ecpu : 0));
    return { atMs: this.api.nowMs, startedSeconds: 1, numbers, classes: [], memory: {} };
  }
}

test('a cache that fills up gets more memory, and says so in an event', () => {
  const kept = new Kept();
  kept.usedMib = 200;
  kept.lookAfter(5000);
  expect([kept.nodes.status, kept.nodes.nodeType]).toEqual(['modifying', 'slabring.512x1']);
  expect(kept.changed).toEqual([ID]);
  const events = kept.api.ask('DescribeEvents', 'SourceType=serverless-cache').body;
  expect(textsIn(events, 'Message')).toEqual(['Scaling from 1 × 256 MiB to 1 × 512 MiB']);
  kept.lookAfter(5000);
  expect(kept.nodes.nodeType).toBe('slabring.512x1');
});

test('a cache counts what it uses, and holds', () => {
  const kept = new Kept();
  [kept.ecpu, kept.usedMib] = [1234, 100];
  kept.lookAfter(36_000);
  const { body } = kept.api.ask('DescribeServerlessCaches');
  expect(textsIn(body, 'ElastiCacheProcessingUnits')).toEqual(['1234']);
  expect(Number(textsIn(body, 'GigabyteHours')[0])).toBeCloseTo(0.01 * 0.105, 4);
});

test('a daily snapshot is taken at its time, once, and expires', () => {
  const daily = '&DailySnapshotTime=09:00&SnapshotRetentionLimit=1';
  const kept = new Kept(daily);
  kept.lookAfter(HOUR_MS - 1);
  expect(kept.snapshots()).toEqual([]);
  kept.lookAfter(1);
  expect(kept.snapshots()).toEqual(['automatic-web-2026-11-29-09-00']);
  expect(kept.nodes.snapshot).toBe(hiddenName('automatic-web-2026-11-29-09-00'));
  const [first] = kept.api.state.list('serverlesscachesnapshot');
  kept.api.state.put('serverlesscachesnapshot', first!.name, { ...first!, status: 'available' });
  kept.settle();
  kept.lookAfter(1000);
  expect(kept.snapshots()).toHaveLength(1);
  kept.lookAfter(DAY_MS);
  expect(kept.snapshots()).toEqual(['automatic-web-2026-11-30-09-00']);
  expect(kept.api.copies).toEqual([`no ${hiddenName(first!.name)}`]);
});

test('a daily snapshot that is refused leaves the growth and the usage', () => {
  const kept = new Kept('&DailySnapshotTime=09:00&SnapshotRetentionLimit=1');
  const name = 'automatic-web-2026-11-29-09-00';
  const taken = `ServerlessCacheSnapshotName=${name}&ServerlessCacheName=web`;
  expect(kept.api.codeOf('CreateServerlessCacheSnapshot', taken)).toBe('200');
  kept.settle();
  [kept.ecpu, kept.usedMib] = [1234, 200];
  kept.lookAfter(HOUR_MS);
  expect(kept.snapshots()).toEqual([name]);
  expect(kept.nodes.nodeType).toBe('slabring.512x1');
  expect(kept.api.state.get('serverlesscache', 'web')!.usage.ecpu).toBe(1234);
});

test('a daily snapshot does not begin while a step of the cache fails', () => {
  const kept = new Kept('&DailySnapshotTime=09:00&SnapshotRetentionLimit=1');
  const failure = 'The port is taken.';
  kept.api.state.put('serverlesscluster', ID, { ...kept.nodes, failure });
  kept.lookAfter(HOUR_MS);
  expect(kept.snapshots()).toEqual([]);
});
