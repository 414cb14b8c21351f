import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { CodedError, fileReason } from '../../base/index.ts';
import type { Stack } from './stack.ts';

const FORMAT = 1;
/** Processes have the same ids in several containers. */
const holderOf = (pid: number): string => `process ${pid} of ${hostname()}`;
const HOLDER = holderOf(process.pid);

/** The file of a stack, beside its template. One process has it at a time. */
export class StackFile {
  readonly path: string;

  /** @throws {CodedError} `ERR_STACK_FILE` if another process has it. */
  constructor(path: string) {
    this.path = path;
    if (this.#makes(this.#lock) || this.#takesLeftLock()) return;
    throw new CodedError(
      'ERR_STACK_FILE',
      `Another slabring apply (${this.#holder() || 'unknown'}) has ${path}. If none runs, one ` +
        `was killed: delete ${this.#lock}.`,
    );
  }

  /** Whether this process has made the file. */
  #makes(lock: string): boolean {
    try {
      writeFileSync(lock, HOLDER, { flag: 'wx', mode: 0o600 });
      return true;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw this.#failed('written', 'write', cause);
    }
  }

  /** Takes the lock of a process that was killed; a lock of its own says who may remove it. */
  #takesLeftLock(): boolean {
    const turn = `${this.#lock}.turn`;
    if (!this.#isLeft() || !this.#makes(turn)) return false;
    try {
      if (!this.#isLeft()) return false;
      rmSync(this.#lock, { force: true });
      return this.#makes(this.#lock);
    } finally {
      rmSync(turn, { force: true });
    }
  }

  /** `process 12 of host`; empty: nobody has it, or its process has not written yet. */
  #holder(): string {
    try {
      return readFileSync(this.#lock, 'utf8');
    } catch {
      return '';
    }
  }

  /**
   * Whether the process of the lock ran on this machine, and does not exist any more. A process
   * opens a stack once: a lock of its own id is of an earlier one, as in a container.
   */
  #isLeft(): boolean {
    const holder = this.#holder();
    const pid = Number(/^process ([1-9]\d{0,9}) of /.exec(holder)?.[1]);
    if (holder !== holderOf(pid)) return false;
    if (pid === process.pid) return true;
    try {
      process.kill(pid, 0);
      return false;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ESRCH';
    }
  }

  get #lock(): string {
    return `${this.path}.lock`;
  }

  /** Undefined: there is no such stack yet. */
  read(): Stack | undefined {
    let text: string;
    try {
      text = readFileSync(this.path, 'utf8');
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw this.#failed('read', 'read', cause);
    }
    try {
      const { format, ...stack } = JSON.parse(text) as Stack & { readonly format: number };
      if (format === FORMAT) return stack;
    } catch {
      // Said below.
    }
    throw new CodedError('ERR_STACK_FILE', `${this.path} is no file of a stack of slabring.`);
  }

  /** It is whole at each moment: a process that is killed leaves the old one or the new one. */
  write(stack: Stack): void {
    try {
      const text = `${JSON.stringify({ format: FORMAT, ...stack }, undefined, 2)}\n`;
      writeFileSync(`${this.path}.part`, text, { mode: 0o600, flush: true });
      renameSync(`${this.path}.part`, this.path);
    } catch (cause) {
      throw this.#failed('written', 'write', cause);
    }
  }

  /** The stack is gone. */
  remove(): void {
    rmSync(this.path, { force: true });
  }

  close(): void {
    rmSync(this.#lock, { force: true });
  }

  #failed(done: string, use: 'read' | 'write', cause: unknown): CodedError {
    const reason = fileReason(cause, this.path, use);
    return new CodedError('ERR_STACK_FILE', `${this.path} cannot be ${done}: ${reason}.`, {
      cause,
    });
  }
}
