import { EventEmitter } from 'node:events';
import { BoundedOutput } from '../../../src/base/index.ts';
import type { Host } from '../../../src/cli/process/host.ts';

/** A simulated process for a verb: it records the output, and the test emits the signals. */
export class TestHost implements Host {
  readonly outputLines: string[] = [];
  readonly errorLines: string[] = [];
  readonly sentMessages: object[] = [];
  readonly reexecEnvs: Host['env'][] = [];
  readonly files = new Map<string, string>();
  readonly outputClosed = new AbortController().signal;
  readonly events = new EventEmitter();
  readonly columns: number | undefined;
  readonly env: Host['env'];
  readonly supervisor: Host['supervisor'];

  constructor({
    env = {},
    supervisorIsDisconnected = false,
    input = '',
    terminalInput,
    confirms,
    columns,
  }: TestHostOptions = {}) {
    this.readInput = async () => Buffer.from(input);
    const lines = [...(terminalInput ?? [])];
    this.promptSecret = () =>
      terminalInput === undefined ? undefined : Promise.resolve(lines.shift()!);
    this.confirm = async () => confirms;
    this.columns = columns;
    this.env = env;
    this.supervisor = {
      send: (message) => void this.sentMessages.push(message),
      isDisconnected: () => supervisorIsDisconnected,
    };
  }

  readonly confirm: Host['confirm'];
  readonly readInput: Host['readInput'];
  readonly promptSecret: Host['promptSecret'];
  readonly out = (text: string): void => void this.outputLines.push(text);
  readonly err = (text: string): void => void this.errorLines.push(text);
  readonly log = new BoundedOutput({
    write: (bytes) => {
      this.errorLines.push(...bytes.toString().trimEnd().split('\n'));
      return bytes.length;
    },
  });
  readonly drained = (): Promise<void> => Promise.resolve();
  readonly takeWarnings = () => (): void => {};

  readonly style = (_style: string, text: string): string => text;
  readonly readFileIfPresent = (path: string): string | undefined => this.files.get(path);
  readonly reexec = (env: Host['env']): void => void this.reexecEnvs.push(env);

  /** The number of event handlers that the verb has not removed. */
  listenerCount(): number {
    return this.events
      .eventNames()
      .reduce((total, name) => total + this.events.listenerCount(name), 0);
  }
}

interface TestHostOptions {
  readonly env?: Host['env'];
  readonly supervisorIsDisconnected?: boolean;
  /** The content of standard input. */
  readonly input?: string | Buffer;
  /** The lines that the user types on the terminal; undefined means no terminal. */
  readonly terminalInput?: readonly string[];
  /** What the user replies to a question; undefined means no terminal. */
  readonly confirms?: boolean;
  /** The width of the terminal; undefined means no terminal. */
  readonly columns?: number;
}
