import { existsSync, renameSync, rmSync } from 'node:fs';
import type { Logger } from '../../base/index.ts';
import { packageVersion, type RunGuest } from '../../node/index.ts';
import { AtomicFile, checkWritable, partOf, withFile } from './atomic-file.ts';
import { JobProgress, type SnapshotProgress } from './job-progress.ts';
import { dumpText, missingText, restoreText } from './outcome-text.ts';
import type { DumpOutcome, RestoreOutcome } from './snapshot-job.ts';
import { runFileJob } from './snapshot-streams.ts';

/** How often a warm restart reports its progress, in milliseconds. */
const REPORT_MS = 200;

/** What a warm restart does, for the supervisor of the node. */
export type WarmEvent =
  | ({ readonly kind: 'saving' | 'restoring' } & SnapshotProgress)
  | { readonly kind: 'saved'; readonly items: number; readonly bytes: number }
  | { readonly kind: 'not-saved'; readonly reason: string }
  /** `left` are items of the file that the node does not have: most of them have expired. */
  | { readonly kind: 'restored'; readonly items: number; readonly left: number }
  | { readonly kind: 'not-restored'; readonly reason: string };

interface WarmRestartOptions {
  readonly file: string;
  /** The name of the node in the file. */
  readonly node: string;
  readonly log: Logger;
  /** Whether the stop of the node is one after which the items are needed again. */
  readonly keepsItems: () => boolean;
  readonly report: (event: WarmEvent) => void;
}

/**
 * Keeps the items of a node over a restart: it writes them to a file when the node stops, and reads
 * them before the node serves again.
 *
 * The file counts once. Before the node serves, it gets the suffix `.used`, and it is deleted when
 * the node listens: after a crash the node starts empty, and never with values that were
 * overwritten or deleted since.
 */
export class WarmRestart {
  readonly #options: WarmRestartOptions;
  /** Why the file could not be claimed. */
  #failedClaim: Error | undefined;

  constructor(options: WarmRestartOptions) {
    this.#options = options;
  }

  /**
   * Restores the items of the last stop; without a file the node starts empty.
   * @throws {CodedError} `ERR_SNAPSHOT_FILE` if the node could not write its items at its stop.
   */
  readonly beforeServing = async (runGuest: RunGuest): Promise<void> => {
    const { file, log, report } = this.#options;
    checkWritable(file);
    withFile(file, () => rmSync(this.#usedFile, { force: true }));
    // Of a writer that was killed, or of one that still drains: its items are too old from now on.
    withFile(file, () => rmSync(partOf(file), { force: true, recursive: true }));
    if (!existsSync(file)) {
      log.info({ file }, 'no warm restart: there is no file; the node starts empty');
      report({ kind: 'not-restored', reason: 'there is no file' });
      return;
    }
    const place = { kind: 'file', file } as const;
    try {
      const order = { kind: 'restore', place, replaces: false, isAlone: true } as const;
      const outcome = await this.#watched('restoring', (progress) =>
        runFileJob(runGuest, { ...order, progress }),
      );
      this.#tellRestored(outcome);
    } catch (error) {
      const reason = (error as Error).message;
      const kept = `${file}.rejected`;
      withFile(file, () => renameSync(file, kept));
      log.warn({ file: kept, reason }, 'no warm restart; the node starts empty');
      report({ kind: 'not-restored', reason });
      return;
    }
    withFile(file, () => renameSync(file, this.#usedFile));
  };

  /** The node listens: the file has done its work. */
  served(): void {
    rmSync(this.#usedFile, { force: true });
  }

  /** The node does not listen: its next start may use the file. */
  failed(): void {
    if (existsSync(this.#usedFile)) renameSync(this.#usedFile, this.#options.file);
  }

  /**
   * The node stops and still has its port, so the next node on it finds the claim, and removes it.
   */
  readonly beforeDraining = (): void => {
    try {
      AtomicFile.claim(this.#options.file);
    } catch (error) {
      this.#failedClaim = error as Error;
    }
  };

  /** Writes all items; a failure is in the log, and leaves no file. */
  readonly afterServing = async (runGuest: RunGuest): Promise<void> => {
    const { file, node, log, keepsItems, report } = this.#options;
    if (!keepsItems()) {
      rmSync(partOf(file), { force: true });
      return;
    }
    const order = {
      kind: 'dump',
      place: { kind: 'file', file, isClaimed: true },
      compression: 'none',
      facts: { program: packageVersion(), node, options: {} },
      isAlone: true,
    } as const;
    try {
      if (this.#failedClaim !== undefined) throw this.#failedClaim;
      const outcome: DumpOutcome = await this.#watched('saving', (progress) =>
        runFileJob(runGuest, { ...order, progress }),
      );
      log.info({ file }, `warm restart: wrote ${dumpText(outcome)}`);
      report({ kind: 'saved', items: outcome.items, bytes: outcome.itemBytes });
    } catch (error) {
      const reason = (error as Error).message;
      log.error({ file, reason }, 'cannot write the file of the warm restart');
      report({ kind: 'not-saved', reason });
    }
  };

  #tellRestored(outcome: RestoreOutcome): void {
    const { file, log, report } = this.#options;
    const { counts, totals, evicted = 0 } = outcome;
    log.info({ file }, `warm restart: ${restoreText(outcome)}`);
    const missing = missingText(totals);
    if (missing !== undefined) log.warn({ file }, missing);
    const { restored, existed, expired, tooLarge, noMemory } = counts;
    const left = existed + expired + tooLarge + noMemory + totals.missingItems + evicted;
    report({ kind: 'restored', items: restored - evicted, left });
  }

  /** Reports the progress of a job as long as it runs. */
  async #watched<T>(
    kind: 'saving' | 'restoring',
    run: (progress: SharedArrayBuffer) => Promise<T>,
  ): Promise<T> {
    const memory = JobProgress.allocate();
    const progress = new JobProgress(memory);
    const report = (): void => this.#options.report({ kind, ...progress.now() });
    report();
    const timer = setInterval(report, REPORT_MS);
    try {
      return await run(memory);
    } finally {
      clearInterval(timer);
    }
  }

  get #usedFile(): string {
    return `${this.#options.file}.used`;
  }
}
