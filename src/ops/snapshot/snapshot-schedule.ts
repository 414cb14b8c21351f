import { type Logger, machineClock } from '../../base/index.ts';
import type { SnapshotEvent } from '../../commands/index.ts';
import { packageVersion, type RunGuest } from '../../node/index.ts';
import { dumpText } from './outcome-text.ts';
import type { SnapshotFolder } from './snapshot-folder.ts';
import { runFileJob } from './snapshot-streams.ts';

/** When a node writes snapshots by itself, and where. */
interface SchedulePlan {
  readonly folder: SnapshotFolder;
  readonly everySeconds: number;
  /** The newest snapshots that stay; older ones are deleted. */
  readonly keep: number;
  /** The name of the node, in the names of the snapshots. */
  readonly node: string;
  /** Learns that the schedule has begun, and the result of each snapshot. */
  readonly note: (event: SnapshotEvent) => void;
}

/**
 * Writes a snapshot of a running node in regular steps, and deletes the oldest. A step that fails
 * is in the log, and deletes nothing; the next one comes at its time.
 */
export class SnapshotSchedule {
  readonly #plan: SchedulePlan;
  readonly #runGuest: RunGuest;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;

  constructor(plan: SchedulePlan, runGuest: RunGuest, log: Logger) {
    this.#plan = plan;
    this.#runGuest = runGuest;
    this.#log = log;
  }

  start(): void {
    this.#plan.note('scheduled');
    this.#wait();
  }

  /** Waits for the next step. */
  #wait(): void {
    this.#timer = setTimeout(() => void this.#step(), this.#plan.everySeconds * 1000).unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #step(): Promise<void> {
    const name = `${this.#plan.node}-${timeText()}${SUFFIX}`;
    const file = this.#plan.folder.urlOf(name);
    const writes = () => this.#write(name, file);
    const isWritten = await this.#succeeds(file, 'cannot write a snapshot', writes);
    this.#plan.note(isWritten ? 'written' : 'failed');
    if (isWritten) {
      await this.#succeeds(file, 'cannot delete old snapshots', () => this.#deleteOld());
    }
    if (this.#timer !== undefined) this.#wait();
  }

  async #succeeds(file: string, failure: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.#log.error({ file, reason: (error as Error).message }, failure);
      return false;
    }
  }

  async #write(name: string, file: string): Promise<void> {
    const { folder, node } = this.#plan;
    const outcome = await runFileJob(this.#runGuest, {
      kind: 'dump',
      place: folder.placeOf(name),
      compression: 'none',
      facts: { program: packageVersion(), node, options: {} },
      isAlone: false,
    });
    this.#log.info({ file }, `snapshot: ${dumpText(outcome)}`);
  }

  /** The names sort by time. It also deletes what a killed node has left. */
  async #deleteOld(): Promise<void> {
    const { folder, node, keep } = this.#plan;
    const start = `${node}-`;
    const isOwn = (name: string): boolean =>
      name.startsWith(start) && TIME.test(name.slice(start.length));
    const own = (await folder.names(start)).filter(isOwn).sort();
    await folder.remove(own.slice(0, Math.max(0, own.length - keep)));
    await folder.removeParts(start, isOwn);
  }
}

const SUFFIX = '.snapshot';
const TIME = /^\d{8}T\d{6}\.\d{3}Z\.snapshot$/;

/** The time as `20261129T181500.123Z`. */
function timeText(): string {
  return new Date(machineClock.nowMs()).toISOString().replaceAll(/[-:]/g, '');
}
