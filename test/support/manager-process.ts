/** A running `slabring manage`, and what tests ask of it. */
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { amzTime, authorization, sha256 } from '../../src/base/index.ts';
import { textsIn } from './control-api.ts';
import { startVerb } from './node-process.ts';
import type { OwnedProcess } from './server.ts';
import { waitUntil } from './wait.ts';
import { exchangeOnce } from './wire.ts';

export const KEYS = 1000;
/** The most that a test waits for a cluster. */
export const WAIT_MS = 120_000;
/** An access key has 100 requests a second. */
const LOOK_MS = 50;
/** The text of a step in a line of the log. */
const STEP = /"step":\{"kind".*"msg":"([^"]+)"/;

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A manager with a folder of its own; the next start has the same one. */
export class ManagerProcess {
  readonly #data: string;
  readonly #firstPort: number;
  readonly #env: NodeJS.ProcessEnv;
  #process: OwnedProcess | undefined;
  url = '';
  keys: Keys = { accessKeyId: '', secretAccessKey: '' };

  /** @param env what the manager has in its environment, with all that it starts. */
  constructor(data: string, firstPort: number, env: NodeJS.ProcessEnv = {}) {
    this.#data = data;
    this.#firstPort = firstPort;
    this.#env = env;
  }

  async start(...args: readonly string[]): Promise<void> {
    const first = [`--data=${this.#data}`, '--port=0', `--first-port=${this.#firstPort}`];
    const process = startVerb(['manage', ...first, ...args], { env: this.#env });
    this.#process = process;
    await waitUntil('the API listens', async () => process.stdout.includes('Try:'), WAIT_MS);
    this.url = /https?:\S+/.exec(process.stdout)![0];
    const [, id] = /ACCESS_KEY_ID=(\w+)/.exec(process.stdout) ?? [];
    const [, secret] = /SECRET_ACCESS_KEY=(\S+)/.exec(process.stdout) ?? [];
    if (id !== undefined) this.keys = { accessKeyId: id, secretAccessKey: secret! };
  }

  async kill(): Promise<void> {
    this.#process!.child.kill('SIGKILL');
    await this.#process!.exited;
  }

  /**
   * Begins a change, and kills the manager some time after it has begun so many steps of it; 0:
   * after its answer. The manager logs its steps (`-v --log-format=json`).
   * @returns the step, or false if the change was over before.
   */
  async killAt(
    steps: number,
    delayMs: number,
    change: { begin(): Promise<unknown>; isOver(): Promise<boolean> },
  ): Promise<string | false> {
    const reached = steps === 0 ? Promise.resolve('the answer') : this.#stepBegins(steps);
    await change.begin();
    let isWaiting = true;
    const over = async (): Promise<false> => {
      while (isWaiting && !(await change.isOver())) await pause(LOOK_MS);
      return false;
    };
    const step = await Promise.race([reached, over()]);
    isWaiting = false;
    if (step === false) return false;
    if (delayMs > 0) await pause(delayMs);
    await this.kill();
    return step;
  }

  #stepBegins(nth: number): Promise<string> {
    const begun: string[] = [];
    let rest = '';
    const { stderr } = this.#process!.child;
    return new Promise((resolve) => {
      const look = (piece: Buffer): void => {
        const lines = (rest + String(piece)).split('\n');
        rest = lines.pop()!;
        begun.push(...lines.flatMap((line) => STEP.exec(line)?.[1] ?? []));
        if (begun.length < nth) return;
        stderr!.off('data', look);
        resolve(begun[nth - 1]!);
      };
      stderr!.on('data', look);
    });
  }

  get log(): string {
    return this.#process!.stderr;
  }

  /** It reads its certificate again. */
  hangUp(): void {
    this.#process!.child.kill('SIGHUP');
  }

  async stop(): Promise<number | null> {
    this.#process!.child.kill('SIGTERM');
    return (await this.#process!.exited).code;
  }

  async send(form: string, keys = this.keys): Promise<{ status: number; body: string }> {
    const body = `${form}&Version=2015-02-02`;
    const headers = { host: new URL(this.url).host, 'x-amz-date': amzTime(Date.now()) };
    const request = { method: 'POST', path: '/', query: {}, headers, bodyHash: sha256(body) };
    const scope = { region: 'local', service: 'elasticache' };
    const signature = authorization(request, keys, scope);
    const sent = { 'x-amz-date': headers['x-amz-date'], authorization: signature };
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    const reply = await fetch(this.url, { method: 'POST', headers: { ...sent, ...type }, body });
    return { status: reply.status, body: await reply.text() };
  }

  async ask(form: string): Promise<string> {
    const { status, body } = await this.send(form);
    expect([status, body]).toEqual([200, body]);
    return body;
  }

  /** Resolves once there is no such cluster. */
  gone(id: string): Promise<unknown> {
    const form = `Action=DescribeCacheClusters&CacheClusterId=${id}`;
    return waitUntil(
      `${id} is gone`,
      async () => {
        await pause(LOOK_MS);
        return (await this.send(form)).body.includes('CacheClusterNotFound');
      },
      WAIT_MS,
    );
  }

  /** Resolves with the cluster once it is available. */
  available(id: string): Promise<string> {
    return waitUntil(
      `${id} is available`,
      async () => {
        await pause(LOOK_MS);
        const shown = `Action=DescribeCacheClusters&CacheClusterId=${id}&ShowCacheNodeInfo=true`;
        const body = await this.ask(shown);
        const [status] = textsIn(body, 'CacheClusterStatus');
        if (status === 'restore-failed') throw new Error(await this.ask('Action=DescribeEvents'));
        return status === 'available' && body;
      },
      WAIT_MS,
    );
  }
}

export const portsIn = (xml: string): readonly number[] => [
  ...new Set(textsIn(xml, 'Port').map(Number)),
];

export async function write(port: number): Promise<void> {
  const sets = Array.from({ length: KEYS }, (_, nth) => `set key-${nth} 0 0 2\r\nok\r\n`);
  const replies = await exchangeOnce({ host: '127.0.0.1', port }, sets.join(''));
  expect(replies).toBe('STORED\r\n'.repeat(KEYS));
}

export async function hits(port: number): Promise<number> {
  const gets = Array.from({ length: KEYS }, (_, nth) => `mg key-${nth} v\r\n`);
  const reply = await exchangeOnce({ host: '127.0.0.1', port }, gets.join(''));
  return reply.split('VA 2').length - 1;
}
