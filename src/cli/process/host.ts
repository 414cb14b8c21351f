import { type EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { styleText } from 'node:util';
import { type BoundedOutput, CodedError, stderrOutput } from '../../base/index.ts';
import { Screen, type ScreenEvents } from './screen.ts';

/** The process as a verb sees it; a test passes its own implementation. */
export interface Host {
  /** Prints a line on standard output: the result. */
  readonly out: (text: string) => void;
  /** Resolves once the reader of standard output has taken enough of what was printed. */
  readonly drained: () => Promise<void>;
  /** Prints a line on standard error: errors and progress. */
  readonly err: (text: string) => void;
  /** Standard error, for a log: `err` writes to it, too. */
  readonly log: BoundedOutput;
  /** Warnings about the command line, for a verb that writes a log; others have printed them. */
  readonly startWarnings?: readonly string[];
  /**
   * Hands the warnings of Node.js to `take`, which then prints none; the returned function ends
   * that.
   */
  readonly takeWarnings: (take: (warning: Error) => void) => () => void;
  /** The width of the terminal that shows standard output; undefined if it is no terminal. */
  readonly columns?: number | undefined;
  /** Adds a color or a style, if standard output is a terminal and NO_COLOR is not set. */
  readonly style: (style: 'red' | 'yellow' | 'bold' | 'dim', text: string) => string;
  /** The terminal for a progress bar; undefined if standard error is not a terminal. */
  readonly terminal?: NodeJS.WritableStream | undefined;
  /** Opens a live view; undefined if standard output is not a terminal. */
  readonly openScreen?: ((events: ScreenEvents) => Screen) | undefined;
  /** Aborts when nobody reads standard output any more. */
  readonly outputClosed: AbortSignal;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Emits signals by name, and `disconnect` when the supervisor has disconnected. */
  readonly events: Pick<EventEmitter, 'on' | 'off'>;
  readonly supervisor: Supervisor | undefined;
  /** The content of a small system file; undefined if it cannot be read. */
  readonly readFileIfPresent: (path: string) => string | undefined;
  /**
   * Replaces this process (execve): same process id, the given environment, and the same arguments
   * with more of them at the end.
   */
  readonly reexec: (env: Host['env'], more?: readonly string[]) => void;
  /** Reads standard input to its end. */
  readonly readInput: () => Promise<Buffer>;
  /** Reads one line from the terminal without echo; undefined if there is no terminal. */
  readonly promptSecret: (question: string) => Promise<string> | undefined;
  /** Asks on the terminal for a yes; everything else is a no. Undefined without a terminal. */
  readonly confirm: (question: string) => Promise<boolean | undefined>;
}

/** The parent process, if it opened an IPC channel, as `slabring cluster` does. */
interface Supervisor {
  send(message: object): void;
  isDisconnected(): boolean;
}

/** A command that waits for input looks like one that hangs. */
const TYPING_HINT = 'Type the value; Ctrl-D on a line of its own ends it.';

export function processHost(): Host {
  // A reader may close the pipe early (`slabring --help | head`); that is not an error.
  const outputClosed = new AbortController();
  process.stdout.on('error', () => outputClosed.abort());
  return {
    out: (text) => void process.stdout.write(`${text}\n`),
    drained: () => drained(outputClosed.signal),
    err: (text) => stderrOutput().writeLine(text),
    get log() {
      return stderrOutput();
    },
    takeWarnings,
    columns: process.stdout.isTTY ? process.stdout.columns : undefined,
    style: (style, text) => styleText(style, text, { stream: process.stdout }),
    terminal: process.stderr.isTTY ? process.stderr : undefined,
    openScreen:
      process.stdout.isTTY && process.env['TERM'] !== 'dumb'
        ? (events) => new Screen(events)
        : undefined,
    outputClosed: outputClosed.signal,
    env: process.env,
    events: process,
    supervisor: process.send === undefined ? undefined : processSupervisor,
    readFileIfPresent,
    reexec: (env, more = []) => {
      const args = [process.execPath, ...process.execArgv, ...process.argv.slice(1), ...more];
      process.execve?.(process.execPath, args, env as NodeJS.ProcessEnv);
    },
    readInput: () => {
      if (process.stdin.isTTY) process.stderr.write(`${TYPING_HINT}\n`);
      return buffer(process.stdin);
    },
    promptSecret: (question) => (process.stdin.isTTY ? promptOnTerminal(question) : undefined),
    confirm: async (question) => (process.stdin.isTTY ? confirmOnTerminal(question) : undefined),
  };
}

async function drained(closed: AbortSignal): Promise<void> {
  if (!process.stdout.writableNeedDrain || closed.aborted) return;
  await once(process.stdout, 'drain', { signal: closed }).catch(() => {});
}

/** Node.js prints a warning by a listener of its own. */
function takeWarnings(take: (warning: Error) => void): () => void {
  const printers = process.listeners('warning');
  process.removeAllListeners('warning');
  process.on('warning', take);
  return () => {
    process.off('warning', take);
    for (const printer of printers) process.on('warning', printer);
  };
}

function readFileIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Discards the echo of readline. */
const NULL_OUTPUT = new Writable({ write: (_chunk, _encoding, done) => done() });

async function promptOnTerminal(question: string): Promise<string> {
  // Create the interface first: it turns the terminal's echo off before the user can type.
  const lines = createInterface({ input: process.stdin, output: NULL_OUTPUT, terminal: true });
  process.stderr.write(question);
  try {
    return await lines.question('');
  } catch (cause) {
    throw new CodedError('ERR_ABORTED', 'No password was typed; nothing was changed.', { cause });
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}

/** Ctrl-C, Ctrl-D and the end of the input are a no, as Enter is. */
async function confirmOnTerminal(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const ended = once(lines, 'close').then(() => '');
  try {
    const typed = await Promise.race([lines.question(`${question} [y/N] `), ended]);
    return /^y(es)?$/i.test(typed.trim());
  } catch {
    process.stderr.write('\n');
    return false;
  } finally {
    lines.close();
  }
}

const processSupervisor: Supervisor = {
  send: (message) => {
    if (process.connected) process.send?.(message, undefined, undefined, () => {});
  },
  isDisconnected: () => !process.connected,
};
