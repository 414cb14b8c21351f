import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { CodedError, fileReason } from '../../base/index.ts';
import type { Stack } from './stack.ts';

const FORMAT = 1;

/** The file of a stack, beside its template. One process has it at a time. */
export class StackFile {
  readonly path: string;

  /** @throws {CodedError} `ERR_STACK_FILE` if another process has it. */
  constructor(path: string) {
    this.path = path;
    try {
      writeFileSync(this.#lock, String(process.pid), { flag: 'wx', mode: 0o600 });
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code !== 'EEXIST') throw this.#failed('written', 'write', cause);
      throw new CodedError(
        'ERR_STACK_FILE',
        `Another slabring apply has ${path}. If none runs, one was killed: delete ${this.#lock}.`,
      );
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
