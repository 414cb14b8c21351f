import type { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { CodedError } from '../base/index.ts';

/** What a verb sees of the process it runs in; a test hands it another. */
export interface Host {
  /** Standard output: what was asked for. */
  readonly out: (text: string) => void;
  /** Standard error: what went wrong, and progress. */
  readonly err: (text: string) => void;
  /** Where progress can be drawn; undefined when nobody sees it. */
  readonly terminal?: NodeJS.WritableStream | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Emits the signals by name, and `disconnect` when a supervisor has gone. */
  readonly events: Pick<EventEmitter, 'on' | 'off'>;
  readonly supervisor: Supervisor | undefined;
  /** A small file of the system, or undefined when it cannot be read. */
  readonly readIfThere: (path: string) => string | undefined;
  /** Becomes a new process with the same arguments and number, and this environment. */
  readonly startAgain: (env: Host['env']) => void;
  /** All of standard input. */
  readonly readInput: () => Promise<string>;
  /** One line typed on the terminal without an echo; undefined when there is no terminal. */
  readonly askSecret: (question: string) => Promise<string> | undefined;
}

/** The process that started this one with a channel for messages, as `slabring cluster` does. */
export interface Supervisor {
  tell(message: object): void;
  isGone(): boolean;
}

export function processHost(): Host {
  // A reader that leaves early (`slabring --help | head`) is not an error of ours.
  process.stdout.on('error', () => {});
  return {
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    terminal: process.stderr.isTTY ? process.stderr : undefined,
    env: process.env,
    events: process,
    supervisor: process.send === undefined ? undefined : processSupervisor,
    readIfThere,
    startAgain: (env) => {
      const args = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
      process.execve?.(process.execPath, args, env as NodeJS.ProcessEnv);
    },
    readInput: () => text(process.stdin),
    askSecret: (question) => (process.stdin.isTTY ? askOnTerminal(question) : undefined),
  };
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** An echo of nothing: what readline would show goes nowhere. */
const NOWHERE = new Writable({ write: (_chunk, _encoding, done) => done() });

async function askOnTerminal(question: string): Promise<string> {
  // The interface first: it turns the terminal's own echo off, and one may type as soon as asked.
  const lines = createInterface({ input: process.stdin, output: NOWHERE, terminal: true });
  process.stderr.write(question);
  try {
    return await lines.question('');
  } catch (cause) {
    throw new CodedError('ERR_ABORTED', 'Nothing was typed; nothing was changed.', { cause });
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}

const processSupervisor: Supervisor = {
  tell: (message) => {
    if (process.connected) process.send?.(message, undefined, undefined, () => {});
  },
  isGone: () => !process.connected,
};
