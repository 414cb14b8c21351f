/**
 * The cost of measuring latencies, in one thread with the fast path and without sockets: the
 * shortest of many blocks of turns, so that other work of the machine matters little.
 * `node benchmarks/micro/request-timing.ts` prints the nanoseconds of one turn.
 */
import { ByteSink, threadClock } from '../../src/base/index.ts';
import { LatencyTable } from '../../src/node/shared/latency-table.ts';
import { RequestSamples, RequestWalk, SlowRequests } from '../../src/server/index.ts';
import { createSessionContext } from '../../src/server/session/context.ts';
import { RequestTiming } from '../../src/server/session/request-timing.ts';
import { Session } from '../../src/server/session/session.ts';
import { openStore } from '../../src/store/index.ts';
import {
  fastStore,
  TEST_CONTROL,
  testShare,
  threadParts,
} from '../../test/support/session-harness.ts';
import { formatTable } from '../macro/summary.ts';

const TURNS_PER_BLOCK = 300;
const BLOCKS = 600;
const NS_PER_MS = 1e6;
/** More inputs than a run has, so that none is sampled. */
const NEVER = 2 ** 30;
/** Never reached: the walk over a slow request is rare. */
const SLOW_MS = 1e6;

const share = testShare(fastStore('memory32'));
const { outputBuffers, readBuffer, fastPath } = threadParts(share, 0)!;
const store = openStore(share, 0);
const sink = new ByteSink(outputBuffers[0]);
const context = createSessionContext(
  store,
  TEST_CONTROL,
  { flushAllowed: true, dumpingAllowed: true, watchingAllowed: false, requestsPerTurn: 1000 },
  sink,
  { watchedStreams: 0, cfd: 0, publish: () => {} },
  fastPath,
);
const session = new Session(context, {
  protocol: 'auto',
  id: 0,
  flush: () => {
    sink.at = 0;
    return true;
  },
  wake: () => {},
  replied: () => {},
  watch: () => false,
  loginChecked: () => {},
});
let slowMs = 0;
const latency = new LatencyTable(LatencyTable.allocate(1));
const samples = new RequestSamples(
  {
    clock: threadClock,
    walk: new RequestWalk(context),
    slow: new SlowRequests({
      store,
      addressOf: () => '',
      thresholdMs: () => slowMs,
      log: () => {},
      logUnlisted: () => {},
      count: () => {},
    }),
  },
  [{ answered: (kind, ms, weight) => latency.add(0, kind, ms, weight) }],
);
const timing = new RequestTiming(samples, { session, sentBytes: 0, slot: 0 });

function serve(length: number): void {
  const pause = session.advance(readBuffer, 0, length);
  sink.at = 0;
  timing.end(readBuffer, 0, pause);
}

const MODES: Readonly<Record<string, (length: number) => void>> = {
  'not measured': (length) => serve(length),
  'not sampled': (length) => {
    timing.begin();
    serve(length);
  },
  sampled: (length) => {
    samples.interval = 1;
    timing.begin();
    serve(length);
  },
  '--slow-ms': (length) => {
    timing.begin();
    serve(length);
  },
};

/** Makes the next inputs those of a mode. */
function prepare(mode: string): void {
  timing.abandon();
  slowMs = mode === '--slow-ms' ? SLOW_MS : 0;
  samples.interval = mode === 'sampled' ? 1 : NEVER;
  samples.plan(threadClock.nowMs());
}

function nsOfBlock(mode: string, length: number): number {
  prepare(mode);
  const turn = MODES[mode]!;
  const start = threadClock.nowMs();
  for (let nth = 0; nth < TURNS_PER_BLOCK; nth++) turn(length);
  return ((threadClock.nowMs() - start) * NS_PER_MS) / TURNS_PER_BLOCK;
}

function measure(input: Buffer): Readonly<Record<string, number>> {
  const best = Object.fromEntries(Object.keys(MODES).map((mode) => [mode, Number.MAX_VALUE]));
  input.copy(readBuffer);
  for (let block = 0; block < BLOCKS; block++) {
    for (const mode of Object.keys(MODES)) {
      best[mode] = Math.min(best[mode]!, nsOfBlock(mode, input.length));
    }
  }
  return best;
}

const key = (nth: number): string => `key-of-20-bytes-${String(nth).padStart(4, '0')}`;
const lines = (count: number, line: (key: string) => string): string =>
  Array.from({ length: count }, (_, nth) => `${line(key(nth))}\r\n`).join('');
for (let nth = 0; nth < 50; nth++) {
  const set = Buffer.from(`set ${key(nth)} 0 0 100\r\n${'v'.repeat(100)}\r\n`);
  session.advance(set, 0, set.length);
  sink.at = 0;
}
const keys = Array.from({ length: 50 }, (_, nth) => key(nth));
const INPUTS = {
  'one get': lines(1, (name) => `get ${name}`),
  '20 gets': lines(20, (name) => `get ${name}`),
  '20 meta gets': lines(20, (name) => `mg ${name} v`),
  'a 50-key get': `get ${keys.join(' ')}\r\n`,
};

const rows = Object.entries(INPUTS).map(([name, text]) => {
  const ns = measure(Buffer.from(text));
  return [name, ...Object.keys(MODES).map((mode) => ns[mode]!.toFixed(0))];
});
console.log(formatTable([['ns of a turn', ...Object.keys(MODES)], ...rows]));
