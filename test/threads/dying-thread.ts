/** A thread that dies at a write to shared memory, and another that sees what it left. */
import { expect } from 'vitest';
import type { StoreShare } from '../../src/store/index.ts';
import { PAGE_BYTES } from '../../src/store/memory/item-layout.ts';
import { Maintainer } from '../../src/store/upkeep/maintainer.ts';
import { audit } from '../support/audit.ts';
import { countingModule, FaultyMemory, InjectedFault } from '../support/faulty-memory.ts';
import { SessionHarness, type StoreOptions, testShare } from '../support/session-harness.ts';

const WRITES_MAX = 3000;
/** How many items of each size the observer stores after a thread has died. */
const OTHER_ITEMS_PER_SIZE = 4;
/** The value of a version of a key; it contains the key and the version. */
const versionOf = (key: string, version: number, length: number): string =>
  `${key} ${version} `.padEnd(length, String.fromCharCode(97 + version));
export const set = (key: string, version: number, length: number, exptime = 0): string =>
  `set ${key} 0 ${exptime} ${length}\r\n${versionOf(key, version, length)}\r\n`;

/** So large that a page holds few of them. */
export const BIG_BYTES = 21_000;
/** One size class of 51 chunks in a page, for items of all sizes: a few keys fill the store. */
export const LARGE_CHUNKS = {
  slabMinSizeBytes: 20_000,
  slabGrowthFactor: 1000,
  slabChunkMaxBytes: 20 << 10,
};
export const KEYS = Array.from({ length: 20 }, (_, i) => `key-${i}`);
export const MORE_KEYS = Array.from({ length: 14 }, (_, i) => `more-${i}`);

export type Step = (harness: SessionHarness) => void;

export interface Scenario {
  readonly name: string;
  /** Fills the store; a thread that does not die runs it. */
  readonly prepare: Step;
  /** The work of the thread that dies. */
  readonly steps: readonly Step[];
  /** What differs from a store of two pages, the largest chunk of which is half a page. */
  readonly options?: Partial<StoreOptions>;
  /** If the thread holds no lock when it dies, the audit must accept the store after this step. */
  readonly beforeAudit?: Step;
  readonly observerUsesFastPath?: boolean;
}

export const sendEach = (...texts: readonly string[]): readonly Step[] =>
  texts.map((text) => (harness) => void harness.send(text));
export const inOrder =
  (steps: readonly Step[]): Step =>
  (harness) => {
    for (const step of steps) step(harness);
  };
export const sendAll = (...texts: readonly string[]): Step => inOrder(sendEach(...texts));
export const storeSmallValues = sendAll(...KEYS.map((key) => set(key, 0, 200)));

/** The observer would have to wait here for the thread that died. */
class WouldWait extends Error {}

const memory: { watched?: SharedArrayBuffer } = {};
/** Counts the writes of the thread that dies. A test file closes it after its tests. */
export const faulty = new FaultyMemory((each) => each === memory.watched);
const realWait = Atomics.wait;

/** Joins as the thread that dies: its views of the memory count writes, and so does its module. */
function joinVictim(share: StoreShare): SessionHarness {
  memory.watched = share.memory;
  const { kind } = share;
  const module = kind === 'plain' ? undefined : countingModule(kind);
  const unwatch = [
    faulty.countInNewArrays(),
    ...(module === undefined ? [] : [faulty.countInNewInstances(module)]),
  ];
  try {
    return new SessionHarness(share, 1);
  } finally {
    for (const each of unwatch) each();
  }
}

/** Whether the thread survived: it made fewer writes than `failAt`. */
function survives(step: () => void, failAt: number): boolean {
  faulty.arm(failAt);
  try {
    step();
    return true;
  } catch (error) {
    if (!(error instanceof InjectedFault)) throw error;
    return false;
  } finally {
    faulty.disarm();
  }
}

/** The reply, or undefined if the observer would wait; its session is of no use after that. */
function replyOf(request: () => string): string | undefined {
  Atomics.wait = (() => {
    throw new WouldWait();
  }) as typeof Atomics.wait;
  try {
    return request();
  } catch (error) {
    if (!(error instanceof WouldWait)) throw error;
    return undefined;
  } finally {
    Atomics.wait = realWait;
  }
}

/** Checks that each key has its value from before or after a step, or none; never half a value. */
class Observer {
  readonly #share: StoreShare;
  readonly #usesFastPath: boolean;
  readonly #allowed: ReadonlyMap<string, ReadonlySet<string>>;
  #harness: SessionHarness;
  waitCount = 0;

  constructor(
    share: StoreShare,
    allowed: ReadonlyMap<string, ReadonlySet<string>>,
    { observerUsesFastPath = false }: Scenario,
  ) {
    this.#share = share;
    this.#usesFastPath = observerUsesFastPath;
    this.#harness = this.#join();
    this.#allowed = allowed;
  }

  /** Checks that every readable item is sound, also after other threads went on writing. */
  check(context: string): void {
    this.#read(context);
    for (const length of [40, 200, BIG_BYTES]) {
      for (let i = 0; i < OTHER_ITEMS_PER_SIZE; i++)
        this.#write(context, `other-${length}-${i}`, length);
      this.#read(`${context}, then values of ${length}`);
    }
    this.#send('delete key-7\r\n');
    replyOf(() => {
      new Maintainer(this.#harness.parts).runSlice();
      return '';
    });
    this.#read(`${context}, after a slice of the maintainer`);
  }

  #write(context: string, key: string, length: number): void {
    const reply = this.#send(set(key, 2, length));
    if (reply === undefined) return;
    expect(reply, context).toMatch(/^(STORED|SERVER_ERROR out of memory storing object)\r\n$/);
    const value = versionOf(key, 2, length);
    expect([
      undefined,
      'END\r\n',
      `VALUE ${key} 0 ${value.length}\r\n${value}\r\nEND\r\n`,
    ]).toContain(this.#send(`get ${key}\r\n`));
  }

  #read(context: string): void {
    for (const [key, allowed] of this.#allowed) {
      const reply = this.#send(`get ${key}\r\n`);
      if (reply === undefined || allowed.has(reply)) continue;
      expect.fail(`${context}: ${key} holds ${JSON.stringify(reply.slice(0, 200))}`);
    }
  }

  #send(text: string): string | undefined {
    const reply = replyOf(() => this.#harness.send(text));
    if (reply !== undefined) return reply;
    this.waitCount++;
    // The session would wait inside an operation, so a new session continues.
    this.#harness = this.#join();
    return undefined;
  }

  #join(): SessionHarness {
    return new SessionHarness(this.#share, 2, { usesFastPath: this.#usesFastPath });
  }
}

/** The replies to a get of each key after each step of a run in which no thread dies. */
function allowedReplies(scenario: Scenario): Map<string, Set<string>> {
  const { prepare, steps } = scenario;
  const harness = new SessionHarness(makeShare(scenario), 0);
  const allowed = new Map<string, Set<string>>();
  const recordReplies = () => {
    for (const key of [...KEYS, ...MORE_KEYS, 'fresh', 'number']) {
      const known = allowed.get(key) ?? new Set(['END\r\n']);
      allowed.set(key, known.add(harness.send(`get ${key}\r\n`)));
    }
  };
  for (const step of [prepare, ...steps]) {
    step(harness);
    recordReplies();
  }
  return new Map([...allowed].filter(([, replies]) => replies.size > 1));
}

const makeShare = ({ options = {} }: Scenario): StoreShare =>
  testShare({ threads: 3, memoryLimitBytes: 2 << 20, slabGrowthFactor: 6, ...options });

/**
 * Restores the prepared store with each call. It reuses the same memory, because thousands of
 * copies would be garbage; the buffers of threads and the pages that nobody has used stay as they
 * are.
 */
function snapshotOf(scenario: Scenario): () => StoreShare {
  const share = makeShare(scenario);
  const { parts } = new SessionHarness(share, 0);
  scenario.prepare(new SessionHarness(share, 0));
  const { regionsByte, slabsByte } = share.layout;
  const bytes = new Uint8Array(share.memory);
  const snapshot = bytes.slice();
  const restore = (from: number, to: number): void => bytes.set(snapshot.subarray(from, to), from);
  return () => {
    const usedPages = parts.pagePool.touchedCount();
    restore(slabsByte, slabsByte + usedPages * PAGE_BYTES);
    restore(0, regionsByte);
    return share;
  };
}

/** How many writes the steps of a scenario make, and how many of them WebAssembly makes. */
interface WriteCounts {
  readonly writes: number;
  readonly wasmWrites: number;
}

/** Lets a thread die at each write of a scenario, and checks what the others see. */
export function checkEveryDeath(scenario: Scenario): WriteCounts {
  const allowed = allowedReplies(scenario);
  const prepare = snapshotOf(scenario);
  for (let write = 1; write <= WRITES_MAX; write++) {
    const share = prepare();
    const victim = joinVictim(share);
    const survived = survives(() => inOrder(scenario.steps)(victim), write);
    const { writes, wasmWrites } = faulty;
    const context = `${scenario.name}, dead at write ${write}`;
    auditUnlessLocked(share, scenario, context);
    const observer = new Observer(share, allowed, scenario);
    observer.check(context);
    if (!survived) continue;
    expect(observer.waitCount, 'no thread died, so no thread waits').toBe(0);
    expect(writes, 'the scenario makes writes').toBeGreaterThan(5);
    return { writes, wasmWrites };
  }
  return expect.fail(`${scenario.name} makes more than ${WRITES_MAX} writes`);
}

/** Other threads wait for a lock that is still held; they see everything else at once. */
function auditUnlessLocked(share: StoreShare, { beforeAudit }: Scenario, context: string): void {
  if (beforeAudit === undefined) return;
  const observer = new SessionHarness(share, 2, { usesFastPath: false });
  beforeAudit(observer);
  const problems = audit(observer.parts);
  if (!problems.some((problem) => problem.endsWith(' locked') || problem.includes('locked for'))) {
    expect(problems, context).toEqual([]);
  }
}
