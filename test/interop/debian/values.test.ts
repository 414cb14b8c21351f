import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CacheClient, createClient } from '../../../src/client.ts';
import { sendAndReadToEnd } from '../../support/wire.ts';
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

/** A text that is large enough for PHP and Ruby to compress. */
const LONG_TEXT = 'caf\u00e9 \u{1f980} '.repeat(1000);
const DATA = Uint8Array.from([0, 1, 13, 10, 0x80, 0x81, 255]);

/** A value that another client writes, and the result of a read by slabring's client. */
interface ForeignValue {
  readonly title: string;
  readonly value: Json;
  /** @default 'set' */
  readonly storeOperation?: string;
  readonly flags: number;
  /** The result of `get`; undefined if only `getBytes` can read the value. */
  readonly read?: string;
  /** The result of `getBytes`. */
  readonly bytes?: Uint8Array;
}

/** A value that slabring's client writes, and the result of a read by the other client. */
interface SlabringValue {
  readonly title: string;
  readonly value: unknown;
  readonly read: Json;
}

interface Values {
  readonly settings?: Omit<AgentSettings, 'servers'>;
  readonly foreignValues: readonly ForeignValue[];
  readonly slabringValues: readonly SlabringValue[];
  /** The operation of the agent that reads a value. */
  readonly readOperation: string;
}

/** The flags of an item on its node. */
async function flagsOf(address: string, key: string): Promise<number> {
  const [host = '', port] = address.split(':');
  const reply = await sendAndReadToEnd({ host, port: Number(port) }, `mg ${key} f\r\n`);
  return Number(/^HD f(\d+)\r\n$/.exec(reply.toString())?.[1]);
}

/** Covers the tables of docs/client.md, section Values: one value here for each row. */
function describeValues(
  client: DebianClient,
  { settings, foreignValues, slabringValues, readOperation }: Values,
): void {
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

      describe('slabring reads values of the other client', () => {
        test.each(foreignValues)(
          '$title',
          async ({ value, storeOperation = 'set', flags, read, bytes }) => {
            expect(await agent.call(storeOperation, 'foreign', value)).toBe(true);
            expect(await flagsOf(address(), 'foreign')).toBe(flags);
            if (read !== undefined) expect(await cache.get('foreign')).toBe(read);
            if (bytes === undefined) return;
            expect(Buffer.from((await cache.getBytes('foreign'))!)).toEqual(Buffer.from(bytes));
          },
        );
      });

      describe('the other client reads values of slabring', () => {
        test.each(slabringValues)('$title', async ({ value, read }) => {
          await cache.set('own', value);
          expect(await agent.call(readOperation, 'own')).toEqual(read);
        });
      });

      test('each client increments a number that the other has stored', async () => {
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

/** Python distinguishes text and bytes by the flags; slabring stores flags 0, which mean bytes. */
const READ_BY_PYTHON: readonly SlabringValue[] = [
  { title: 'text as bytes', value: 'caf\u00e9', read: ['bytes', 'caf\u00e9'] },
  { title: 'bytes', value: DATA, read: ['bytes', bytes(DATA)] },
  { title: 'a number as its digits', value: 42, read: ['bytes', '42'] },
  { title: 'an object as its JSON', value: { a: [1] }, read: ['bytes', '{"a":[1]}'] },
];

describeValues(PYLIBMC, {
  readOperation: 'type_and_value',
  foreignValues: [
    { title: 'str', value: 'caf\u00e9 \u{1f980}', flags: 16, read: 'caf\u00e9 \u{1f980}' },
    { title: 'str, empty', value: '', flags: 16, read: '' },
    { title: 'bytes', value: bytes(DATA), flags: 0, bytes: DATA },
    { title: 'bytes that are text', value: bytes(Buffer.from('x')), flags: 0, read: 'x' },
    { title: 'int', value: 42, flags: 4, read: '42' },
    { title: 'bool', value: true, flags: 2, read: '1' },
    {
      title: 'str, compressed',
      storeOperation: 'set_compressed',
      value: LONG_TEXT,
      flags: 24,
      read: LONG_TEXT,
    },
    {
      title: 'bytes that are text, compressed',
      storeOperation: 'set_compressed',
      value: bytes(Buffer.from(LONG_TEXT)),
      flags: 8,
      read: LONG_TEXT,
    },
    { title: 'float: a pickle', value: 1.5, flags: 1 },
    { title: 'list, compressed', storeOperation: 'set_compressed', value: [LONG_TEXT], flags: 9 },
  ],
  slabringValues: READ_BY_PYTHON,
});

describeValues(PYMEMCACHE, {
  readOperation: 'type_and_value',
  foreignValues: [
    { title: 'str', value: 'caf\u00e9 \u{1f980}', flags: 16, read: 'caf\u00e9 \u{1f980}' },
    { title: 'bytes', value: bytes(DATA), flags: 0, bytes: DATA },
    { title: 'int', value: 42, flags: 2, read: '42' },
    { title: 'float: a pickle', value: 1.5, flags: 1 },
    {
      title: 'str without a serde',
      storeOperation: 'set_plain',
      value: 'caf\u00e9',
      flags: 0,
      read: 'caf\u00e9',
    },
    { title: 'int without a serde', storeOperation: 'set_plain', value: 42, flags: 0, read: '42' },
  ],
  slabringValues: READ_BY_PYTHON,
});

const READ_AS_STRING: readonly SlabringValue[] = [
  { title: 'text', value: 'caf\u00e9', read: 'caf\u00e9' },
  { title: 'bytes', value: DATA, read: bytes(DATA) },
  { title: 'a number as its digits', value: 42, read: '42' },
  { title: 'an object as its JSON', value: { a: [1] }, read: '{"a":[1]}' },
];

describeValues(PHP_MEMCACHED, {
  readOperation: 'get',
  foreignValues: [
    { title: 'string', value: 'caf\u00e9 \u{1f980}', flags: 0, read: 'caf\u00e9 \u{1f980}' },
    { title: 'string that is no text', value: bytes(DATA), flags: 0, bytes: DATA },
    { title: 'int', value: 42, flags: 1, read: '42' },
    { title: 'float', value: 1.5, flags: 2, read: '1.5' },
    { title: 'bool', value: true, flags: 3, read: '1' },
    { title: 'array, serialized', value: [1], flags: 4, read: 'a:1:{i:0;i:1;}' },
    { title: 'string over 2000 bytes: fastlz', value: LONG_TEXT, flags: 80 },
  ],
  slabringValues: READ_AS_STRING,
});

describeValues(DALLI, {
  readOperation: 'get',
  foreignValues: [
    { title: 'raw string', value: 'caf\u00e9 \u{1f980}', flags: 0, read: 'caf\u00e9 \u{1f980}' },
    { title: 'raw string, compressed', value: LONG_TEXT, flags: 2, read: LONG_TEXT },
    { title: 'raw string that is no text', value: bytes(DATA), flags: 0, bytes: DATA },
    { title: 'Integer: Marshal', value: 42, flags: 1 },
    { title: 'Array, compressed', value: [LONG_TEXT], flags: 3 },
  ],
  slabringValues: READ_AS_STRING,
});
