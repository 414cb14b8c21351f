import { describe, expect, test } from 'vitest';
import type { MovePageResult, NodeControl, Tuning } from '../../../../src/commands/index.ts';
import { SharedControl } from '../../../../src/node/control/shared-control.ts';
import { NodeMemory } from '../../../../src/node/memory.ts';
import { defaultServerOptions } from '../../../../src/node/options/server-flags.ts';

const MIB = 1 << 20;

function controlOf(options: Partial<ReturnType<typeof defaultServerOptions>> = {}): {
  readonly control: NodeControl;
  readonly memory: NodeMemory;
} {
  const share = NodeMemory.allocate({
    ...defaultServerOptions(),
    memoryLimitBytes: 16 * MIB,
    ...options,
  });
  const memory = NodeMemory.open(share, 0);
  const main = {
    reload: (part: string) => Promise.resolve(`no ${part}`),
    stop: () => Promise.resolve(),
  };
  return { control: new SharedControl(memory, main), memory };
}

describe('tune', () => {
  const REFUSED: readonly (readonly [Tuning, string])[] = [
    [{ hotPercent: 50, warmPercent: 31 }, 'segmentsTooLarge'],
    [{ hotPercent: 10, warmPercent: 10, hotMaxFactor: 0, warmMaxFactor: 1 }, 'factorTooLow'],
    [{ hotPercent: 10, warmPercent: 10, hotMaxFactor: 1, warmMaxFactor: -1 }, 'factorTooLow'],
    [{ automove: 3 }, 'automoveOutOfRange'],
    [{ crawlerSleepUs: 1_000_001 }, 'sleepTooLong'],
    [{ crawlerEnabled: 1 }, 'crawlerRuns'],
  ];
  for (const [changes, result] of REFUSED) {
    test(`tune refuses ${JSON.stringify(changes)} and changes nothing`, () => {
      const { control } = controlOf();
      const names = Object.keys(changes) as (keyof Tuning)[];
      const before = names.map((name) => control.tunable(name));
      expect(control.tune(changes)).toBe(result);
      expect(names.map((name) => control.tunable(name))).toEqual(before);
    });
  }
  test('tune needs the maintainer for the LRU mode and the TEMP list', () => {
    const { control } = controlOf({ noLruMaintainer: true });
    expect(control.tune({ segmented: 1 })).toBe('maintainerOff');
    expect(control.tune({ tempLru: 1, tempTtl: 9 })).toBe('maintainerOff');
    expect(control.tunable('tempTtl')).not.toBe(9);
  });
  test('tune enables a disabled crawler', () => {
    const { control } = controlOf();
    expect(control.tune({ crawlerEnabled: 0 })).toBe('done');
    expect(control.crawl('all')).toBe('disabled');
    expect(control.tune({ crawlerEnabled: 1 })).toBe('done');
    expect(control.crawl([1, 2])).toBe('done');
    expect(control.crawl('all')).toBe('busy');
  });
});

test('resizeMemory keeps to 8 MiB and four times the start', () => {
  const { control } = controlOf();
  expect(control.resizeMemory(8 * MIB - 1)).toBe('tooSmall');
  expect(control.resizeMemory(64 * MIB)).toBe('done');
  expect(control.settings()[0]).toEqual(['maxbytes', String(64 * MIB)]);
  expect(control.resizeMemory(65 * MIB)).toBe('outOfBounds');
});

test('crawl refuses class ids beyond those of memcached, and ignores those beyond its own', () => {
  const { control } = controlOf();
  expect(control.crawl([0])).toBe('badClass');
  expect(control.crawl([64])).toBe('badClass');
  expect(control.crawl([63])).toBe('done');
});

test('movePage says why it moves no page', () => {
  const MOVES: readonly (readonly [number | 'largest', number, MovePageResult])[] = [
    [3, 3, 'same'],
    [-1, 3, 'badClass'],
    [3, 99, 'badClass'],
    [0, 3, 'noSparePage'],
    [3, 4, 'noSparePage'],
    // No class has a page.
    ['largest', 3, 'badClass'],
  ];
  const { control } = controlOf();
  for (const [source, destination, result] of MOVES) {
    expect(control.movePage(source, destination), `${source} to ${destination}`).toBe(result);
  }
  expect(controlOf({ noSlabReassign: true }).control.movePage(1, 2)).toBe('disabled');
});

test('health shows the state, and the time since the certificates were read only with TLS', () => {
  const { control, memory } = controlOf();
  expect(control.health()).toMatchObject({ state: 'starting', certificateSeconds: undefined });
  memory.state.serve();
  expect(control.health().state).toBe('serving');
  memory.state.drain();
  expect(control.health().state).toBe('draining');
  const secure = controlOf({ enableSsl: true });
  // Later than a signed word of 32 bits holds.
  secure.memory.state.certificateExpiresAt = 4_000_000_000;
  const { certificateSeconds, certificateExpiresAt } = secure.control.health();
  expect(certificateSeconds).toBeDefined();
  expect(certificateExpiresAt).toBe(4_000_000_000);
  secure.memory.state.certificateExpiresAt = 253_402_300_799;
  expect(secure.control.health().certificateExpiresAt).toBe(2 ** 32 - 1);
});

test('a worker thread leaves reload to the main thread', async () => {
  expect(await controlOf().control.reload('certificates')).toBe('no certificates');
});

test('setVerbosity shows at most 2, as memcached does', () => {
  const { control } = controlOf();
  control.setVerbosity(9);
  expect(control.settings()).toContainEqual(['verbosity', '2']);
});
