import { describe, expect, expectTypeOf, test } from 'vitest';
import {
  type AnyFlag,
  bytes,
  CodedError,
  count,
  defaultsOf,
  defaultText,
  envNames,
  type Flag,
  flag,
  formatSize,
  integer,
  list,
  longName,
  number,
  octal,
  type Rule,
  resolveOptions,
  type Sources,
  text,
  toArguments,
  type ValuesOf,
} from '../../../src/base/index.ts';
import { parseSize } from '../../../src/base/options/sizes.ts';

const table = {
  port: integer({ short: 'p', default: 11_211, min: 0, max: 65_535, doc: 'Port.' }),
  listenBacklog: integer({ default: 1024, min: 1, max: 2048, doc: 'Backlog.' }),
  mask: octal({ short: 'a', default: 0o700, min: 0, max: 0o777, doc: 'Mask.' }),
  memoryBytes: bytes({
    short: 'm',
    long: 'memory',
    default: '64m',
    min: '1m',
    max: '2g',
    bareUnit: 'megabytes',
    doc: 'Memory.',
  }),
  itemBytes: bytes({ long: 'item', default: '1m', min: '1k', max: '1g', doc: 'Item.' }),
  factor: number({ short: 'f', default: 1.25, min: 1.01, max: 16, doc: 'Factor.' }),
  listen: list({ short: 'l', placeholder: '<addr>', doc: 'Addresses.' }),
  socket: text({ short: 's', doc: 'Socket.' }),
  verbosity: count({ short: 'v', long: 'verbose', max: 3, doc: 'Log more.' }),
  noFlush: flag({ short: 'F', doc: 'No flush_all.' }),
};
type Values = ValuesOf<typeof table>;

const resolve = (sources: Sources, rules: readonly Rule<typeof table>[] = []): Values =>
  resolveOptions(table, sources, rules);

/** The code and the message of the error that resolving throws, or "accepted". */
function errorOf(sources: Sources, rules: readonly Rule<typeof table>[] = []): string {
  try {
    resolve(sources, rules);
  } catch (error) {
    if (error instanceof CodedError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'accepted';
}

describe('resolved options', () => {
  test('resolved options have the types that their table entries declare', () => {
    expectTypeOf<Values>().toEqualTypeOf<{
      readonly port: number;
      readonly listenBacklog: number;
      readonly mask: number;
      readonly memoryBytes: number;
      readonly itemBytes: number;
      readonly factor: number;
      readonly listen: readonly string[];
      readonly socket: string;
      readonly verbosity: number;
      readonly noFlush: boolean;
    }>();
  });

  test('resolved options have their defaults without any source', () => {
    expect(resolve({})).toEqual(defaultsOf(table));
    expect(resolve({})).toEqual({
      port: 11_211,
      listenBacklog: 1024,
      mask: 0o700,
      memoryBytes: 64 * 2 ** 20,
      itemBytes: 2 ** 20,
      factor: 1.25,
      listen: [],
      socket: '',
      verbosity: 0,
      noFlush: false,
    });
  });

  test('options come from the command line, else the environment, else the default', () => {
    const env = { SLABRING_PORT: '1', SLABRING_LISTEN_BACKLOG: '2', PORT: '3' };
    const { port, listenBacklog, factor } = resolve({ given: { port: ['4'] }, env });
    expect({ port, listenBacklog, factor }).toEqual({ port: 4, listenBacklog: 2, factor: 1.25 });
  });

  test('an environment variable that is empty or a Kubernetes service link is ignored', () => {
    for (const value of ['', 'tcp://10.0.0.1:11211', 'udp://10.0.0.1:11211', undefined])
      expect(resolve({ env: { SLABRING_PORT: value } }).port).toBe(11_211);
  });

  test('occurrences combine: the last value wins, lists grow, counts add up to a maximum', () => {
    const given = {
      port: ['1', '2'],
      listen: ['a,b', 'c:1'],
      verbosity: ['1', '1'],
    };
    expect(resolve({ given })).toMatchObject({ port: 2, listen: ['a', 'b', 'c:1'], verbosity: 2 });
    expect(resolve({ given: { verbosity: ['3', '3'] } }).verbosity).toBe(3);
  });
});

describe('each kind of option parses its text', () => {
  const cases: readonly (readonly [AnyFlag, Readonly<Record<string, unknown>>])[] = [
    [table.port, { '0': 0, '+7': 7, '65535': 65_535 }],
    [table.port, invalid('65536', '-1', '', ' 1', '1.5', '1e3', '0x10', 'NaN', '1 2')],
    [table.factor, { '1.01': 1.01, '16': 16, '2.': 2 }],
    [table.factor, invalid('1', '16.1', '.', '1e1', 'Infinity', '-2', '')],
    [number({ default: 0, min: 0, max: 1, doc: '' }), { '.5': 0.5, '+1': 1 }],
    [table.mask, { '0': 0, '770': 0o770, '0777': 0o777 }],
    [table.mask, invalid('800', '1000', '-1', '0o7', '')],
    [table.memoryBytes, { '64': 64 * 2 ** 20, '1mb': 2 ** 20, '2G': 2 * 2 ** 30 }],
    [table.memoryBytes, invalid('0', '1023k', '2049', '1t', 'm', '-1m', '1.5m', '')],
    [table.itemBytes, { '1024': 1024, '1k': 1024, '2048b': 2048, '1M': 2 ** 20 }],
    [table.itemBytes, invalid('1023', '1025m', '99999999999999999999')],
    [table.listen, { a: ['a'], 'a, b:1': ['a', 'b:1'] }],
    [table.listen, invalid('', 'a,', ',a', 'a,,b')],
    [table.noFlush, { on: true, TRUE: true, yes: true, '1': true, off: false, no: false }],
    [table.noFlush, invalid('', '2', 'y')],
    [table.verbosity, { '0': 0, '3': 3 }],
    [table.verbosity, invalid('4', '-1', 'v', '')],
    [table.socket, { '': '', 'a b': 'a b' }],
  ];
  for (const [entry, readings] of cases)
    for (const [given, value] of Object.entries(readings))
      test(`${entry.kind} parses ${JSON.stringify(given)} as ${JSON.stringify(value)}`, () => {
        expect(entry.parse(given)).toEqual(value);
      });

  function invalid(...texts: readonly string[]): Record<string, undefined> {
    return Object.fromEntries(texts.map((each) => [each, undefined]));
  }
});

// Guards against a lookup in a plain object, which also finds the members of Object.prototype.
test.each(['constructor', '__proto__'])('a flag rejects "%s"', (given) => {
  expect(table.noFlush.parse(given)).toBeUndefined();
});

describe('the error of an invalid value', () => {
  test('the error names the flag and the range', () => {
    expect(errorOf({ given: { port: ['65536'] } })).toBe(
      'ERR_USAGE: -p (--port) is "65536"; it must be a whole number from 0 to 65535.',
    );
  });
  test('the error names the long flag of an option without a short one', () => {
    expect(errorOf({ given: { listenBacklog: ['x'] } })).toMatch(/^ERR_USAGE: --listen-backlog is/);
  });
  test('the error names the environment variable that the value came from', () => {
    expect(errorOf({ env: { SLABRING_MEMORY: '0' } })).toBe(
      'ERR_USAGE: SLABRING_MEMORY is "0"; it must be a size from 1m to 2g' +
        ' (suffix k, m or g; without a suffix: megabytes).',
    );
  });
  test('the error of an invalid value occurs even if a valid occurrence follows', () => {
    expect(errorOf({ given: { port: ['x', '1'] } })).toMatch(/is "x"/);
  });
  test('an invalid environment variable that the command line overrides is no error', () => {
    expect(errorOf({ given: { port: ['1'] }, env: { SLABRING_PORT: 'x' } })).toBe('accepted');
  });
  test('the error has the message of the rule that the options violate', () => {
    const rule: Rule<typeof table> = ({ itemBytes, memoryBytes }) =>
      itemBytes > memoryBytes ? 'the item is larger than the memory.' : undefined;
    const given = { memoryBytes: ['1'], itemBytes: ['2m'] };
    expect(errorOf({ given }, [rule])).toBe('ERR_USAGE: the item is larger than the memory.');
    expect(errorOf({}, [rule])).toBe('accepted');
  });
});

describe('the names of an option', () => {
  test.each([
    ['port', table.port, 'port', 'SLABRING_PORT'],
    ['listenBacklog', table.listenBacklog, 'listen-backlog', 'SLABRING_LISTEN_BACKLOG'],
    ['memoryBytes', table.memoryBytes, 'memory', 'SLABRING_MEMORY'],
  ] as const)(
    '%s has its long name and its variable',
    (name, entry: Flag<number>, long, variable) => {
      expect(longName(name, entry)).toBe(long);
      expect(envNames(name, entry)).toEqual([variable]);
    },
  );
});

describe('environment variables of an option', () => {
  const also: Flag<string> = { ...text({ doc: '' }), alsoEnv: ['OLD', 'OTHER'] };
  const resolved = (entry: Flag<string>, env: Record<string, string>) =>
    resolveOptions({ nodes: entry }, { env }).nodes;
  test('old names set the option too, and the new name wins', () => {
    expect(envNames('nodes', also)).toEqual(['SLABRING_NODES', 'OLD', 'OTHER']);
    expect(resolved(also, { OTHER: 'c' })).toBe('c');
    expect(resolved(also, { OTHER: 'c', OLD: 'b' })).toBe('b');
    expect(resolved(also, { OTHER: 'c', OLD: 'b', SLABRING_NODES: 'a' })).toBe('a');
  });
  test('no variable sets an option of the command line only', () => {
    const entry: Flag<string> = { ...also, isCommandLineOnly: true };
    expect(envNames('nodes', entry)).toEqual([]);
    expect(resolved(entry, { SLABRING_NODES: 'a', OLD: 'b' })).toBe('');
  });
});

describe('arguments for another process', () => {
  test('arguments for another process omit the defaults', () =>
    expect(toArguments(table, defaultsOf(table))).toEqual([]));

  test('arguments for another process spell every value so that it parses back', () => {
    const values: Values = {
      port: 1,
      listenBacklog: 2,
      mask: 0o77,
      memoryBytes: 3 * 2 ** 20,
      itemBytes: 5001,
      factor: 1.5,
      listen: ['a', 'b:1'],
      socket: 'x y',
      verbosity: 2,
      noFlush: true,
    };
    expect(toArguments(table, values)).toEqual([
      '--port=1',
      '--listen-backlog=2',
      '--mask=77',
      '--memory=3m',
      '--item=5001b',
      '--factor=1.5',
      '--listen=a,b:1',
      '--socket=x y',
      '--verbose',
      '--verbose',
      '--no-flush',
    ]);
  });

  test('the text of every default parses back', () => {
    for (const entry of Object.values<AnyFlag>(table))
      if (defaultText(entry) !== '') expect(entry.parse(defaultText(entry))).toEqual(entry.default);
  });
});

describe('the size format', () => {
  test.each([
    [0, '0'],
    [1, '1b'],
    [1023, '1023b'],
    [1024, '1k'],
    [1025, '1025b'],
    [1536 * 1024, '1536k'],
    [64 * 2 ** 20, '64m'],
    [2 ** 30, '1g'],
  ])('the size format formats %d bytes as %s, and parses them back', (size, formatted) => {
    expect(formatSize(size)).toBe(formatted);
    expect(parseSize(formatted)).toBe(size);
    expect(parseSize(formatted, (number) => number * 2 ** 20)).toBe(size);
  });
});
