/** Follows the lines of several nodes, each on a connection of its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import { logLine } from '../../base/index.ts';

/** A node that is gone is asked again after this time. */
const RETRY_MS = 1000;

/** Where the lines of a node come from. */
export interface LineSource {
  /** The name of the node. */
  readonly node: string;
  /**
   * Yields the lines, each in the form of a log, until the signal. `isFirst` is false after the
   * connection was lost. Throws when the node cannot be reached, or refuses.
   */
  lines(isFirst: boolean, signal: AbortSignal): AsyncIterable<string>;
  /** Why the lines ended, in a few words. */
  reasonOf(error: unknown): Promise<string>;
}

/** Shows a line of a node; resolves when another one may follow. */
export type ShowLine = (node: string, line: string) => Promise<void>;

/**
 * Shows the lines of all nodes until the signal. A node that goes away is asked again each second.
 * @throws the error of the first node if no node can be reached at the start.
 */
export async function follow(
  sources: readonly LineSource[],
  show: ShowLine,
  signal: AbortSignal,
): Promise<void> {
  const ended = new AbortController();
  const both = AbortSignal.any([signal, ended.signal]);
  const failures: unknown[] = [];
  let hasBegun = false;
  const states = {
    begun: () => {
      hasBegun = true;
    },
    failed: (error: unknown) => {
      failures.push(error);
      if (!hasBegun && failures.length === sources.length) ended.abort();
    },
  };
  await Promise.all(sources.map((source) => followOne(source, show, both, states)));
  if (ended.signal.aborted && !signal.aborted) throw failures[0];
}

interface States {
  /** The first line has come, or nothing for a moment. */
  readonly begun: () => void;
  /** The first connection failed. */
  readonly failed: (error: unknown) => void;
}

async function followOne(
  source: LineSource,
  show: ShowLine,
  signal: AbortSignal,
  states: States,
): Promise<void> {
  let isFirst = true;
  let isGone = false;
  while (!signal.aborted) {
    try {
      for await (const line of source.lines(isFirst, signal)) {
        states.begun();
        if (isGone && line !== '') {
          await show(source.node, logLine('info', {}, 'the node is back'));
          isGone = false;
        }
        if (line !== '') await show(source.node, line);
        if (signal.aborted) return;
      }
      if (!signal.aborted && !isGone) await show(source.node, goneLine('it ended the connection'));
    } catch (error) {
      if (signal.aborted) return;
      if (isFirst) states.failed(error);
      if (signal.aborted) return;
      if (!isGone) await show(source.node, goneLine(await source.reasonOf(error)));
    }
    isFirst = false;
    isGone = true;
    await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
  }
}

const goneLine = (reason: string): string =>
  logLine('warn', { reason }, 'no connection to the node; trying again each second');
