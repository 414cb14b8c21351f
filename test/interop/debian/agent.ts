import { createInterface } from 'node:readline';
import { OwnedProcess } from '../../support/server.ts';
import type { DebianClient } from './clients.ts';

/** How the client of an agent connects. */
export interface AgentSettings {
  /** The servers, each `host:port`. */
  readonly servers: readonly string[];
  readonly weights?: readonly number[];
  readonly binary?: boolean;
  /** True for the meta commands. */
  readonly meta?: boolean;
  readonly username?: string;
  readonly password?: string;
  /** True to place keys by libmemcached's weighted ketama; not needed for one server. */
  readonly ketama?: boolean;
  /** The CA certificate to trust; the client then connects by TLS. */
  readonly certificateFile?: string;
}

/** A value on its way between a test and an agent. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [name: string]: Json };

/** Encodes bytes that are not UTF-8 text. */
export const bytes = (content: Uint8Array): Json => ({
  base64: Buffer.from(content).toString('base64'),
});

type AgentReply = { readonly value: Json } | { readonly error: string };

interface PendingCall {
  resolve(value: Json): void;
  reject(error: Error): void;
}

/**
 * A client in its own language, in a process that executes the operations of the test:
 *
 *     test  ──  ["set","key","value"]  ──▶  agent  ──▶  its client  ──▶  server
 *           ◀──  {"value":true}  ─────────
 *
 * Each message is one line; a failure is `{"error":"<class>: <text>"}`. All agents have the same
 * operations and results, so one list of tests covers all of them.
 */
export class Agent {
  readonly #process: OwnedProcess;
  readonly #pendingCalls: PendingCall[] = [];
  readonly #title: string;

  constructor(client: DebianClient, settings: AgentSettings) {
    this.#title = client.title;
    this.#process = new OwnedProcess([...client.agent, JSON.stringify(settings)], { stdin: true });
    const output = this.#process.child.stdout;
    if (output === null) throw new Error('the agent process has no standard output');
    createInterface({ input: output }).on('line', (line) => this.#settle(line));
    this.#process.exited.then(
      () => this.#fail('ended early'),
      (error: unknown) => this.#fail(String(error)),
    );
  }

  /** Executes an operation; resolves with its result, rejects with the error of the client. */
  call(operation: string, ...args: readonly Json[]): Promise<Json> {
    return new Promise((resolve, reject) => {
      this.#pendingCalls.push({ resolve, reject });
      this.#process.child.stdin?.write(`${JSON.stringify([operation, ...args])}\n`);
    });
  }

  async stop(): Promise<void> {
    await this.#process.stop();
  }

  #settle(line: string): void {
    const reply = JSON.parse(line) as AgentReply;
    const call = this.#pendingCalls.shift();
    if ('error' in reply) call?.reject(new Error(reply.error));
    else call?.resolve(reply.value);
  }

  #fail(reason: string): void {
    for (const { reject } of this.#pendingCalls.splice(0)) {
      reject(new Error(`the agent of ${this.#title}: ${reason}\n${this.#process.stderr}`));
    }
  }
}
