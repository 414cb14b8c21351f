import { EventEmitter } from 'node:events';
import type { Host } from '../../../src/cli/host.ts';

/** A process that a verb may believe to run in: what it said is kept, signals are emitted by the test. */
export class TestHost implements Host {
  readonly said: string[] = [];
  readonly complained: string[] = [];
  readonly told: object[] = [];
  readonly startedAgain: Host['env'][] = [];
  readonly files = new Map<string, string>();
  readonly events = new EventEmitter();
  readonly env: Host['env'];
  readonly supervisor: Host['supervisor'];

  constructor({ env = {}, supervisorIsGone = false, input = '', typed }: TestHostOptions = {}) {
    this.readInput = async () => input;
    const answers = [...(typed ?? [])];
    this.askSecret = () => (typed === undefined ? undefined : Promise.resolve(answers.shift()!));
    this.env = env;
    this.supervisor = {
      tell: (message) => void this.told.push(message),
      isGone: () => supervisorIsGone,
    };
  }

  readonly readInput: Host['readInput'];
  readonly askSecret: Host['askSecret'];
  readonly out = (text: string): void => void this.said.push(text);
  readonly err = (text: string): void => void this.complained.push(text);

  readonly readIfThere = (path: string): string | undefined => this.files.get(path);
  readonly startAgain = (env: Host['env']): void => void this.startedAgain.push(env);

  /** Handlers that somebody left behind. */
  listenerCount(): number {
    return this.events
      .eventNames()
      .reduce((total, name) => total + this.events.listenerCount(name), 0);
  }
}

interface TestHostOptions {
  readonly env?: Host['env'];
  readonly supervisorIsGone?: boolean;
  /** What stands on standard input. */
  readonly input?: string;
  /** What is typed on the terminal, when there is one. */
  readonly typed?: readonly string[];
}
