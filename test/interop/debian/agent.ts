import { createInterface } from 'node:readline';
import { OwnedProcess } from '../../support/server.ts';
import type { DebianClient } from './clients.ts';

/** How an agent's client enters. */
export interface AgentSettings {
  /** `host:port` of each. */
  readonly servers: readonly string[];
  readonly weights?: readonly number[];
  readonly binary?: boolean;
  /** By the meta commands. */
  readonly meta?: boolean;
  readonly user?: string;
  readonly password?: string;
  /** Whether keys are spread as libmemcached's weighted ketama does; one server needs none. */
  readonly ketama?: boolean;
  /** The certificate to trust, where the client shall speak TLS. */
  readonly certificateFile?: string;
}

/** What travels between a test and an agent. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [name: string]: Json };

/** Bytes that are no text travel so. */
export const bytes = (content: Uint8Array): Json => ({
  base64: Buffer.from(content).toString('base64'),
});

type Answer = { readonly value: Json } | { readonly error: string };

interface Waiting {
  resolve(value: Json): void;
  reject(error: Error): void;
}

/**
 * A client in its own language, in a process that does what the test says:
 *
 *     test  ──  ["set","key","value"]  ──▶  agent  ──▶  its client  ──▶  server
 *           ◀──  {"value":true}  ─────────
 *
 * One line each; a failure is `{"error":"<class>: <text>"}`. All agents know the same operations and give the same
 * answers, so that one list of tests does for all of them.
 */
export class Agent {
  readonly #process: OwnedProcess;
  readonly #waiting: Waiting[] = [];
  readonly #title: string;

  constructor(client: DebianClient, settings: AgentSettings) {
    this.#title = client.title;
    this.#process = new OwnedProcess([...client.agent, JSON.stringify(settings)], { stdin: true });
    const output = this.#process.child.stdout;
    if (output === null) throw new Error('an agent without output');
    createInterface({ input: output }).on('line', (line) => this.#settle(line));
    this.#process.ended.then(
      () => this.#fail('ended early'),
      (error: unknown) => this.#fail(String(error)),
    );
  }

  /** What the operation answers; rejects with what the client threw. */
  call(operation: string, ...args: readonly Json[]): Promise<Json> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#process.child.stdin?.write(`${JSON.stringify([operation, ...args])}\n`);
    });
  }

  async stop(): Promise<void> {
    await this.#process.stop();
  }

  #settle(line: string): void {
    const answer = JSON.parse(line) as Answer;
    const waiting = this.#waiting.shift();
    if ('error' in answer) waiting?.reject(new Error(answer.error));
    else waiting?.resolve(answer.value);
  }

  #fail(why: string): void {
    for (const { reject } of this.#waiting.splice(0)) {
      reject(new Error(`the agent of ${this.#title}: ${why}\n${this.#process.stderr}`));
    }
  }
}
