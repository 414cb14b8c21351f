import { describe, expect, test } from 'vitest';
import { type LogLine, ThreadLog } from '../../../../src/node/threads/thread-log.ts';

/** Takes batches; `release` lets the log send its next one. */
class SlowReader {
  readonly batches: (readonly LogLine[])[] = [];
  #release = (): void => {};
  readonly take = (lines: readonly LogLine[]): Promise<void> => {
    this.batches.push(lines);
    return new Promise((resolve) => {
      this.#release = resolve;
    });
  };
  release(): void {
    this.#release();
  }
}
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe('the log of a worker thread', () => {
  test('the log shows one more level for each -v', () => {
    const levels = ['error', 'warn', 'info', 'debug', 'trace'] as const;
    const shown = [0, 1, 2, 3].map((verbosity) => {
      const log = new ThreadLog(verbosity, () => Promise.resolve());
      return levels.filter((level) => log.shows(level)).length;
    });
    expect(shown).toEqual([2, 3, 4, 5]);
  });
  test('the log sends the lines of one turn in one batch, without those not shown', async () => {
    const reader = new SlowReader();
    const log = new ThreadLog(0, reader.take);
    log.warn({ a: 1 }, 'one');
    log.debug({}, 'hidden');
    log.error({}, 'two');
    await nextTurn();
    expect(reader.batches.map((batch) => batch.map(({ text }) => text))).toEqual([['one', 'two']]);
  });
  test('the log keeps 1000 lines while the main thread is busy, and counts the rest', async () => {
    const reader = new SlowReader();
    let dropped = 0;
    const log = new ThreadLog(0, reader.take, (lines) => {
      dropped += lines;
    });
    log.warn({}, 'first');
    await nextTurn();
    for (let i = 0; i < 5000; i++) log.warn({ i }, 'flood');
    await nextTurn();
    expect(reader.batches).toHaveLength(1);
    reader.release();
    await nextTurn();
    expect(reader.batches).toHaveLength(2);
    const [, flood = []] = reader.batches;
    expect(flood).toHaveLength(1001);
    expect(dropped).toBe(4000);
    expect(flood.at(-1)).toMatchObject({ level: 'warn', facts: { lines: 4000 } });
    reader.release();
    await log.flush();
  });
  test('flush waits for the lines that the main thread has not taken', async () => {
    const reader = new SlowReader();
    const log = new ThreadLog(0, reader.take);
    log.warn({}, 'last words');
    let flushed = false;
    const flushing = log.flush().then(() => {
      flushed = true;
    });
    await nextTurn();
    expect(flushed).toBe(false);
    reader.release();
    await flushing;
    expect(reader.batches).toHaveLength(1);
  });
  test('a closed channel ends the log without an error', async () => {
    const log = new ThreadLog(0, () => Promise.reject(new Error('closed')));
    log.warn({}, 'nobody reads this');
    await log.flush();
    log.warn({}, 'nor this');
    await log.flush();
  });
});
