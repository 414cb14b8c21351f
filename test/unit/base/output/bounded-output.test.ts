import { describe, expect, test } from 'vitest';
import { BoundedOutput } from '../../../../src/base/output/bounded-output.ts';

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A destination whose writes a test completes or fails. */
class Destination {
  written = '';
  #bytes: Buffer = Buffer.alloc(0);
  #resolve: (bytes: number) => void = () => {};
  #reject: (error: Error) => void = () => {};

  readonly write = (bytes: Buffer): Promise<number> => {
    this.#bytes = bytes;
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  };
  async accept(bytes = this.#bytes.length): Promise<void> {
    this.written += this.#bytes.subarray(0, bytes);
    this.#resolve(bytes);
    await settled();
  }
  async fail(): Promise<void> {
    this.#reject(new Error('ENOSPC'));
    await settled();
  }
}

describe('a bounded output', () => {
  test('a bounded output writes the lines that came during a write together', async () => {
    const destination = new Destination();
    const output = new BoundedOutput(destination);
    for (const line of ['a', 'b', 'c']) output.writeLine(line);
    await destination.accept();
    expect(destination.written).toBe('a\n');
    await destination.accept();
    expect(destination.written).toBe('a\nb\nc\n');
    await output.flush(60_000);
    output.writeLine('d');
    await destination.accept();
    expect(destination.written).toBe('a\nb\nc\nd\n');
  });

  test('a bounded output drops lines while its destination is stuck, and says so', async () => {
    const destination = new Destination();
    const output = new BoundedOutput({ write: destination.write, bytesMax: 8 });
    const counted: number[] = [];
    for (let i = 0; i < 6; i++) output.writeLine(`${i}`);
    output.countDropped((lines) => void counted.push(lines));
    output.writeLine('6');
    expect(counted).toEqual([2, 1]);
    await destination.accept();
    await destination.accept();
    expect(destination.written).toMatch(/^0\n1\n2\n3\n3 lines are missing here: [^\n]*\n$/);
  });

  test('a bounded output keeps the rest of a batch after a failure, and tries again', async () => {
    const destination = new Destination();
    const output = new BoundedOutput({ write: destination.write, retryMs: 0 });
    output.writeLine('whole line');
    await destination.accept(3);
    await destination.fail();
    await new Promise((resolve) => setTimeout(resolve, 1));
    await destination.accept();
    expect(destination.written).toBe('whole line\n');
  });

  test('flush gives up on a destination that is stuck', async () => {
    const output = new BoundedOutput({ write: () => new Promise(() => {}) });
    output.writeLine('never');
    await output.flush(1);
  });
});
