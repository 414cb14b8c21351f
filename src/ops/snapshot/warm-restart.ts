import { existsSync, renameSync, rmSync } from 'node:fs';
import type { Logger } from '../../base/index.ts';
import { packageVersion, type RunGuest } from '../../node/index.ts';
import { withFile } from './atomic-file.ts';
import { dumpText, missingText, restoreText } from './outcome-text.ts';
import { runFileJob } from './snapshot-streams.ts';

/**
 * Keeps the items of a node over a restart: it writes them to a file when the node stops, and reads
 * them before the node serves again.
 *
 * The file counts once. Before the node serves, it gets the suffix `.used`, and it is deleted when
 * the node listens: after a crash the node starts empty, and never with values that were
 * overwritten or deleted since.
 */
export class WarmRestart {
  readonly #file: string;
  readonly #node: string;
  readonly #log: Logger;

  /** `node` is the name of the node in the file. */
  constructor(file: string, node: string, log: Logger) {
    this.#file = file;
    this.#node = node;
    this.#log = log;
  }

  /** Restores the items of the last stop; without a file the node starts empty. */
  readonly beforeServing = async (runGuest: RunGuest): Promise<void> => {
    const file = this.#file;
    rmSync(this.#usedFile, { force: true });
    if (!existsSync(file)) {
      this.#log.info({ file }, 'no warm restart: there is no file; the node starts empty');
      return;
    }
    const place = { kind: 'file', file } as const;
    try {
      const order = { kind: 'restore', place, replaces: false, isAlone: true } as const;
      const outcome = await runFileJob(runGuest, order);
      this.#log.info({ file }, `warm restart: ${restoreText(outcome)}`);
      const missing = missingText(outcome.totals);
      if (missing !== undefined) this.#log.warn({ file }, missing);
    } catch (error) {
      const reason = (error as Error).message;
      const kept = `${file}.rejected`;
      withFile(file, () => renameSync(file, kept));
      this.#log.warn({ file: kept, reason }, 'no warm restart; the node starts empty');
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
    if (existsSync(this.#usedFile)) renameSync(this.#usedFile, this.#file);
  }

  /** Writes all items; a failure is in the log, and leaves no file. */
  readonly afterServing = async (runGuest: RunGuest): Promise<void> => {
    const file = this.#file;
    const order = {
      kind: 'dump',
      place: { kind: 'file', file },
      compression: 'none',
      facts: { program: packageVersion(), node: this.#node, options: {} },
      isAlone: true,
    } as const;
    try {
      const outcome = await runFileJob(runGuest, order);
      this.#log.info({ file }, `warm restart: wrote ${dumpText(outcome)}`);
    } catch (error) {
      const reason = (error as Error).message;
      this.#log.error({ file, reason }, 'cannot write the file of the warm restart');
    }
  };

  get #usedFile(): string {
    return `${this.#file}.used`;
  }
}
