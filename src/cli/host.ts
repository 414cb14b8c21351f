import type { EventEmitter } from 'node:events';

/** What a verb sees of the process it runs in; a test hands it another. */
export interface Host {
  /** Standard output: what was asked for. */
  readonly out: (text: string) => void;
  /** Standard error: what went wrong, and progress. */
  readonly err: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Emits the signals by name, and `disconnect` when a supervisor has gone. */
  readonly events: Pick<EventEmitter, 'on' | 'off'>;
  readonly supervisor: Supervisor | undefined;
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
    env: process.env,
    events: process,
    supervisor: process.send === undefined ? undefined : processSupervisor,
  };
}

const processSupervisor: Supervisor = {
  tell: (message) => {
    if (process.connected) process.send?.(message, undefined, undefined, () => {});
  },
  isGone: () => !process.connected,
};
