import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CacheClient, createClient } from '../../../src/client.ts';
import { dialogue } from '../../support/wire.ts';
import { describeBothServers } from '../both-servers.ts';
import { Agent, type AgentSettings, bytes, type Json } from './agent.ts';
import {
  clientMissing,
  DALLI,
  type DebianClient,
  PHP_MEMCACHED,
  PYLIBMC,
  PYMEMCACHE,
} from './clients.ts';

/** How text is written that is large enough for PHP and Ruby to compress. */
const LONG_TEXT = 'caf\u00e9 \u{1f980} '.repeat(1000);
const DATA = Uint8Array.from([0, 1, 13, 10, 0x80, 0x81, 255]);

/** What another client writes, and what ours makes of it. */
interface Theirs {
  readonly what: string;
  readonly value: Json;
  /** @default 'set' */
  readonly operation?: string;
  readonly flags: number;
  /** What our `get` gives; undefined where only `getBytes` will do. */
  readonly read?: string;
  /** What our `getBytes` gives. */
  readonly bytes?: Uint8Array;
}

/** What ours writes, and what the other client makes of it. */
interface Ours {
  readonly what: string;
  readonly value: unknown;
  readonly read: Json;
}

interface Values {
  readonly settings?: Omit<AgentSettings, 'servers'>;
  readonly theirs: readonly Theirs[];
  readonly ours: readonly Ours[];
  /** The agent's operation that reads. */
  readonly get: string;
}

/** The flags that an item has on its node. */
async function flagsOf(address: string, key: string): Promise<number> {
  const [host = '', port] = address.split(':');
  const reply = await dialogue({ host, port: Number(port) }, `mg ${key} f\r\n`);
  return Number(/^HD f(\d+)\r\n$/.exec(reply.toString())?.[1]);
}

/** docs/client.md, Values: each row of its tables is one here. */
function describeValues(client: DebianClient, { settings, theirs, ours, get }: Values): void {
  describeBothServers(
    `values of ${client.title}`,
    (address) => {
      let agent: Agent;
      let cache: CacheClient;
      beforeAll(() => {
        agent = new Agent(client, { servers: [address()], ...settings });
        cache = createClient({ nodes: [address()], deadlineMs: 20_000 });
      });
      afterAll(async () => {
        await agent?.stop();
        await cache?.close();
      });

      describe('theirs are read', () => {
        test.each(theirs)('$what', async ({ value, operation = 'set', flags, read, bytes }) => {
          expect(await agent.call(operation, 'theirs', value)).toBe(true);
          expect(await flagsOf(address(), 'theirs')).toBe(flags);
          if (read !== undefined) expect(await cache.get('theirs')).toBe(read);
          if (bytes === undefined) return;
          expect(Buffer.from((await cache.getBytes('theirs'))!)).toEqual(Buffer.from(bytes));
        });
      });

      describe('ours are read', () => {
        test.each(ours)('$what', async ({ value, read }) => {
          await cache.set('ours', value);
          expect(await agent.call(get, 'ours')).toEqual(read);
        });
      });

      test('a number of ours is counted on by them, and theirs by us', async () => {
        await cache.set('count', 40);
        expect(await agent.call('incr', 'count', 1)).toBe(41);
        expect(await cache.get('count')).toBe(41);
        await agent.call('set', 'count', client === DALLI ? '40' : 40);
        expect(await cache.increment('count', 2)).toBe(42n);
      });
    },
    undefined,
    clientMissing(client),
  );
}

/** Python tells text from bytes by the flags, and 0 says bytes: in all that is ours. */
const READ_BY_PYTHON: readonly Ours[] = [
  { what: 'text as bytes', value: 'caf\u00e9', read: ['bytes', 'caf\u00e9'] },
  { what: 'bytes', value: DATA, read: ['bytes', bytes(DATA)] },
  { what: 'a number as its digits', value: 42, read: ['bytes', '42'] },
  { what: 'an object as its JSON', value: { a: [1] }, read: ['bytes', '{"a":[1]}'] },
];

describeValues(PYLIBMC, {
  get: 'type_and_value',
  theirs: [
    { what: 'str', value: 'caf\u00e9 \u{1f980}', flags: 16, read: 'caf\u00e9 \u{1f980}' },
    { what: 'str, empty', value: '', flags: 16, read: '' },
    { what: 'bytes', value: bytes(DATA), flags: 0, bytes: DATA },
    { what: 'bytes that are text', value: bytes(Buffer.from('x')), flags: 0, read: 'x' },
    { what: 'int', value: 42, flags: 4, read: '42' },
    { what: 'bool', value: true, flags: 2, read: '1' },
    {
      what: 'str, compressed',
      operation: 'set_compressed',
      value: LONG_TEXT,
      flags: 24,
      read: LONG_TEXT,
    },
    {
      what: 'bytes that are text, compressed',
      operation: 'set_compressed',
      value: bytes(Buffer.from(LONG_TEXT)),
      flags: 8,
      read: LONG_TEXT,
    },
    { what: 'float: a pickle', value: 1.5, flags: 1 },
    { what: 'list, compressed', operation: 'set_compressed', value: [LONG_TEXT], flags: 9 },
  ],
  ours: READ_BY_PYTHON,
});

describeValues(PYMEMCACHE, {
  get: 'type_and_value',
  theirs: [
    { what: 'str', value: 'caf\u00e9 \u{1f980}', flags: 16, read: 'caf\u00e9 \u{1f980}' },
    { what: 'bytes', value: bytes(DATA), flags: 0, bytes: DATA },
    { what: 'int', value: 42, flags: 2, read: '42' },
    { what: 'float: a pickle', value: 1.5, flags: 1 },
    {
      what: 'str without a serde',
      operation: 'set_plain',
      value: 'caf\u00e9',
      flags: 0,
      read: 'caf\u00e9',
    },
    { what: 'int without a serde', operation: 'set_plain', value: 42, flags: 0, read: '42' },
  ],
  ours: READ_BY_PYTHON,
});

const READ_AS_STRING: readonly Ours[] = [
  { what: 'text', value: 'caf\u00e9', read: 'caf\u00e9' },
  { what: 'bytes', value: DATA, read: bytes(DATA) },
  { what: 'a number as its digits', value: 42, read: '42' },
  { what: 'an object as its JSON', value: { a: [1] }, read: '{"a":[1]}' },
];

describeValues(PHP_MEMCACHED, {
  get: 'get',
  theirs: [
    { what: 'string', value: 'caf\u00e9 \u{1f980}', flags: 0, read: 'caf\u00e9 \u{1f980}' },
    { what: 'string that is no text', value: bytes(DATA), flags: 0, bytes: DATA },
    { what: 'int', value: 42, flags: 1, read: '42' },
    { what: 'float', value: 1.5, flags: 2, read: '1.5' },
    { what: 'bool', value: true, flags: 3, read: '1' },
    { what: 'array, serialized', value: [1], flags: 4, read: 'a:1:{i:0;i:1;}' },
    { what: 'string over 2000 bytes: fastlz', value: LONG_TEXT, flags: 80 },
  ],
  ours: READ_AS_STRING,
});

describeValues(DALLI, {
  get: 'get',
  theirs: [
    { what: 'raw string', value: 'caf\u00e9 \u{1f980}', flags: 0, read: 'caf\u00e9 \u{1f980}' },
    { what: 'raw string, compressed', value: LONG_TEXT, flags: 2, read: LONG_TEXT },
    { what: 'raw string that is no text', value: bytes(DATA), flags: 0, bytes: DATA },
    { what: 'Integer: Marshal', value: 42, flags: 1 },
    { what: 'Array, compressed', value: [LONG_TEXT], flags: 3 },
  ],
  ours: READ_AS_STRING,
});
