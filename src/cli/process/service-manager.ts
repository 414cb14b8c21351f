import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { CodedError, type Logger } from '../../base/index.ts';
import type { Host } from './host.ts';

/**
 * Sends each line of its input, one or two assignments with a tab between them, to the service
 * manager, and prints the exit code. `systemd-notify` waits until systemd has taken the message;
 * systemd could not tell whose a message is if its sender had ended. The shell ignores the signals
 * that stop a node, so that it still sends STOPPING=1, and ends with its input.
 */
const SENDER = `trap '' TERM INT HUP USR1
while IFS='\t' read -r state status; do
  systemd-notify "$state" \${status:+"$status"} 2>/dev/null </dev/null
  echo $?
done`;

const TIMER_MS_MAX = 2 ** 31 - 1;
const TIMER_MS_MIN = 100;

/** Where a node tells systemd its state (`sd_notify`); without one, the calls do nothing. */
export interface ServiceManager {
  /** The node serves. */
  ready(status: string): void;
  stopping(status: string): void;
  /**
   * Pings the watchdog, if it is on, each time that `check` resolves. A node that stops has no
   * threads to check, but may write its items for a minute: it pings without a check.
   */
  watch(check: () => Promise<void>): void;
  close(): void;
}

const NO_MANAGER: ServiceManager = { ready() {}, stopping() {}, watch() {}, close() {} };

/**
 * Call this before the node has its memory: to start a process, the kernel copies the page table,
 * which takes 170 ms for each GiB, and each page is slow at its next write.
 *
 * A node that `slabring cluster` supervises is not the service, and has none.
 */
export function openServiceManager(host: Host, log: Logger): ServiceManager {
  const socket = host.env['NOTIFY_SOCKET'];
  if (socket === undefined || socket === '' || host.supervisor !== undefined) return NO_MANAGER;
  return new Systemd(host.env, log, socket);
}

class Systemd implements ServiceManager {
  readonly #log: Logger;
  readonly #sender: ChildProcess;
  readonly #pingEveryMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Messages that the sender has not reported; at most READY, WATCHDOG and STOPPING. */
  #unsent = 0;
  #hasWarned = false;
  #isStopping = false;

  constructor(env: Host['env'], log: Logger, socket: string) {
    this.#log = log;
    this.#pingEveryMs = pingEveryMs(env);
    this.#sender = spawn('/bin/sh', ['-c', SENDER], {
      env: { PATH: env['PATH'], NOTIFY_SOCKET: socket },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.#sender.on('error', (error) => this.#warn(error.message));
    this.#sender.stdin?.on('error', (error) => this.#warn(error.message));
    createInterface({ input: this.#sender.stdout! }).on('line', (code) => this.#sent(code));
    this.#sender.unref();
  }

  ready(status: string): void {
    this.#send('READY=1', status);
  }

  stopping(status: string): void {
    this.#isStopping = true;
    this.#send('STOPPING=1', status);
  }

  watch(check: () => Promise<void>): void {
    if (this.#pingEveryMs === undefined) return;
    let isChecking = false;
    this.#timer = setInterval(async () => {
      if (isChecking && !this.#isStopping) {
        this.#log.error({}, 'a thread does not answer: the watchdog gets no message');
        return;
      }
      isChecking = true;
      await this.#pingAfter(check);
      isChecking = false;
    }, this.#pingEveryMs).unref();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#sender.stdin?.end();
  }

  async #pingAfter(check: () => Promise<void>): Promise<void> {
    try {
      if (!this.#isStopping) await check();
      // A message that waits already is late; a second one would not be earlier.
      if (this.#unsent === 0) this.#send('WATCHDOG=1');
    } catch (error) {
      // A client or the admin port has stopped the node.
      this.#isStopping ||= error instanceof CodedError && error.code === 'ERR_CHANNEL_CLOSED';
      if (this.#isStopping) return;
      const reason = error instanceof Error ? error.message : String(error);
      this.#log.error({}, `the watchdog gets no message: ${reason}`);
    }
  }

  #send(state: string, status?: string): void {
    this.#unsent++;
    const words = status === undefined ? [state] : [state, `STATUS=${status}`];
    const line = words.map((word) => word.replaceAll(/[\t\r\n]/g, ' ')).join('\t');
    this.#sender.stdin?.write(`${line}\n`);
  }

  #sent(exitCode: string): void {
    this.#unsent--;
    if (exitCode === '0') return;
    this.#warn(exitCode === '127' ? 'the command is missing' : `exit code ${exitCode}`);
  }

  #warn(reason: string): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#log.warn(
      {},
      `NOTIFY_SOCKET is set, but systemd-notify failed (${reason}): systemd does not learn that` +
        ' the node is ready. Install the package systemd, or use Type=exec without WatchdogSec=.',
    );
  }
}

/**
 * Half of the watchdog's time, as sd_watchdog_enabled(3) advises; undefined if it is off or
 * watches another process. An old Node.js runs the node as its child (bin/slabring.js), so the
 * watched process may be the parent.
 */
function pingEveryMs({ WATCHDOG_USEC, WATCHDOG_PID }: Host['env']): number | undefined {
  const timeoutUs = Number(WATCHDOG_USEC);
  if (!Number.isSafeInteger(timeoutUs) || timeoutUs <= 0) return undefined;
  const isOurs = [undefined, '', `${process.pid}`, `${process.ppid}`].includes(WATCHDOG_PID);
  if (!isOurs) return undefined;
  return Math.min(Math.max(timeoutUs / 2000, TIMER_MS_MIN), TIMER_MS_MAX);
}
