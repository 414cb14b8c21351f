import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Logger, machineClock } from '../../base/index.ts';
import { packageVersion, type RunGuest } from '../../node/index.ts';
import { withFile } from './atomic-file.ts';
import { dumpText } from './outcome-text.ts';
import { runFileJob } from './snapshot-streams.ts';

/** When a node writes snapshots by itself, and where. */
interface SchedulePlan {
  readonly folder: string;
  readonly everySeconds: number;
  /** The newest snapshots that stay; older ones are deleted. */
  readonly keep: number;
  /** The name of the node, in the names of the files. */
  readonly node: string;
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

  /**
   * Creates the folder, and waits for the first step.
   * @throws {CodedError} `ERR_SNAPSHOT_FILE`.
   */
  start(): void {
    const { folder } = this.#plan;
    withFile(folder, () => mkdirSync(folder, { recursive: true, mode: 0o700 }));
    this.#wait();
  }

  #wait(): void {
    this.#timer = setTimeout(() => void this.#step(), this.#plan.everySeconds * 1000).unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #step(): Promise<void> {
    const { folder, node } = this.#plan;
    const file = join(folder, `${node}-${timeText()}${SUFFIX}`);
    try {
      const outcome = await runFileJob(this.#runGuest, {
        kind: 'dump',
        place: { kind: 'file', file },
        compression: 'none',
        facts: { program: packageVersion(), node, options: {} },
        isAlone: false,
      });
      this.#log.info({ file }, `snapshot: ${dumpText(outcome)}`);
      withFile(folder, () => this.#deleteOld());
    } catch (error) {
      const reason = (error as Error).message;
      this.#log.error({ file, reason }, 'cannot write a snapshot');
    }
    if (this.#timer !== undefined) this.#wait();
  }

  /** The names sort by time. It also deletes what a killed node has left. */
  #deleteOld(): void {
    const { folder, node, keep } = this.#plan;
    const own = readdirSync(folder)
      .filter((name) => name.startsWith(`${node}-`) && TIME.test(name.slice(node.length + 1)))
      .sort();
    const whole = own.filter((name) => name.endsWith(SUFFIX));
    const old = whole.slice(0, Math.max(0, whole.length - keep));
    const parts = own.filter((name) => !name.endsWith(SUFFIX));
    for (const name of [...old, ...parts]) rmSync(join(folder, name), { force: true });
  }
}

const SUFFIX = '.snapshot';
const TIME = /^\d{8}T\d{6}\.\d{3}Z\.snapshot(\.part)?$/;

/** The time as `20261129T181500.123Z`. */
function timeText(): string {
  return new Date(machineClock.nowMs()).toISOString().replaceAll(/[-:]/g, '');
}
