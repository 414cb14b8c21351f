import { describe, expect, test } from 'vitest';
import { BoundedOutput, ProcessLog } from '../../../../src/base/index.ts';

/** A log whose lines the test reads. */
function openLog(
  format: 'text' | 'json',
  options: { verbosity?: number; hasPriorities?: boolean } = {},
) {
  const lines: string[] = [];
  const output = new BoundedOutput({
    write: (bytes) => {
      lines.push(...bytes.toString().trimEnd().split('\n'));
      return bytes.length;
    },
  });
  const shown = async (): Promise<readonly string[]> => {
    await output.flush(10_000);
    return lines;
  };
  return { shown, log: new ProcessLog({ output, format, verbosity: 0, ...options }) };
}

const TIME = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z';

describe('the log of a process', () => {
  test.each([
    [0, ['error', 'warn']],
    [1, ['error', 'warn', 'info']],
    [2, ['error', 'warn', 'info', 'debug']],
    [3, ['error', 'warn', 'info', 'debug', 'trace']],
    [9, ['error', 'warn', 'info', 'debug', 'trace']],
  ])('with -v %i times it shows %j', async (verbosity, levels) => {
    const { log, shown } = openLog('json', { verbosity });
    for (const level of ['error', 'warn', 'info', 'debug', 'trace'] as const) log[level]({}, 'a');
    expect((await shown()).map((line) => (JSON.parse(line) as { level: string }).level)).toEqual(
      levels,
    );
  });

  test('readers get the lines of the level info too, whatever the log shows', async () => {
    const { log, shown } = openLog('json');
    log.info({ user: 'bob' }, 'a');
    log.debug({}, 'b');
    const read = () => log.ring.read(0, 'trace', 9).lines.map((line) => JSON.parse(line).msg);
    expect([await shown(), read()]).toEqual([[], ['a']]);
    log.setLevel('debug');
    log.debug({}, 'c');
    expect([(await shown()).length, read()]).toEqual([1, ['a', 'c']]);
  });

  test('an announcement appears whatever the log shows, in text without its facts', async () => {
    for (const [format, expected] of [
      ['json', /^\{"time":".*","level":"info","pid":\d+,"threads":4,"msg":"it listens"\}$/],
      ['text', new RegExp(`^${TIME} info  it listens$`)],
    ] as const) {
      const { log, shown } = openLog(format);
      log.announce({ threads: 4 }, 'it listens');
      expect(await shown()).toEqual([expect.stringMatching(expected)]);
      const written: string[] = [];
      log.announce({ threads: 4 }, 'it listens', (line) => void written.push(line));
      expect([(await shown()).length, written]).toEqual([1, [expect.stringMatching(expected)]]);
    }
  });

  test('each line for the journal begins with its priority, also those of a stack', async () => {
    const { log, shown } = openLog('text', { verbosity: 3, hasPriorities: true });
    log.error({ stack: '    at a\n    at b' }, 'a bug');
    for (const level of ['warn', 'info', 'debug', 'trace'] as const) log[level]({}, level);
    expect((await shown()).map((line) => /^<(\d)>\d{4}-/.exec(line)?.[1])).toEqual([...'3334677']);
  });
});

describe('the log of a cluster', () => {
  const node = { name: 'node-2', port: 7 };

  test('a line of a node keeps its time, level and facts, and gets the node', async () => {
    const { log, shown } = openLog('json');
    log.pass('{"time":"2026-01-01T00:00:00.000Z","level":"debug","pid":9,"a":[1],"msg":"b"}', node);
    expect((await shown()).map((line) => JSON.parse(line))).toEqual([
      {
        time: '2026-01-01T00:00:00.000Z',
        level: 'debug',
        ...{ pid: 9, node: 'node-2', nodePort: 7, a: [1], msg: 'b' },
      },
    ]);
  });

  test('what Node.js itself writes when it crashes becomes an error of the node', async () => {
    const { log, shown } = openLog('json');
    const crash = ['', '<--- Last few GCs --->', '{"level":"x"}', '\u001b[1mFATAL "ERROR"'];
    for (const line of crash) log.pass(line, node);
    const parsed = (await shown()).map((line) => JSON.parse(line));
    expect(parsed.map(({ msg }) => msg)).toEqual(crash);
    for (const record of parsed) {
      expect(record).toMatchObject({ level: 'error', node: 'node-2', nodePort: 7 });
      expect(record.time).toMatch(new RegExp(`^${TIME}$`));
    }
  });

  test('a line of a node is text if the log is text', async () => {
    const { log, shown } = openLog('text');
    log.pass('{"time":"2026-01-01T00:00:00.000Z","level":"warn","a":"b c","msg":"d"}', node);
    expect(await shown()).toEqual(['2026-01-01T00:00:00.000Z warn  node-2:7 | d  a="b c"']);
  });
});
