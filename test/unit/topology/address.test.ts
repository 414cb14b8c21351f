import { describe, expect, test } from 'vitest';
import {
  type Address,
  formatAddress,
  parseAddress,
  TopologyError,
} from '../../../src/topology/index.ts';

const GOOD: [text: string, address: Address, formatted?: string][] = [
  ['cache', { host: 'cache' }],
  ['cache:11212', { host: 'cache', port: 11_212 }],
  ['Cache-1.Example.COM.:1', { host: 'Cache-1.Example.COM.', port: 1 }],
  ['my_service.default.svc', { host: 'my_service.default.svc' }],
  ['héron:7', { host: 'héron', port: 7 }],
  ['1.10', { host: '1.10' }],
  ['10.0.0.1', { host: '10.0.0.1' }],
  ['10.0.0.1:65535', { host: '10.0.0.1', port: 65_535 }],
  ['a:00080', { host: 'a', port: 80 }, 'a:80'],
  ['::', { host: '::' }],
  ['::1', { host: '::1' }],
  ['::1:1121', { host: '::1:1121' }],
  ['::ffff:10.0.0.1', { host: '::ffff:10.0.0.1' }],
  ['fe80::1%eth0', { host: 'fe80::1%eth0' }],
  ['[::1]', { host: '::1' }, '::1'],
  ['[::1]:11212', { host: '::1', port: 11_212 }],
  ['[fe80::1%eth0]:1', { host: 'fe80::1%eth0', port: 1 }],
  ['[2001:DB8::A]:5', { host: '2001:DB8::A', port: 5 }],
  ['[cache]:5', { host: 'cache', port: 5 }, 'cache:5'],
  ['[10.0.0.1]', { host: '10.0.0.1' }, '10.0.0.1'],
  ['*', { host: '*' }],
  ['/', { path: '/' }],
  ['/run/cache.sock', { path: '/run/cache.sock' }],
  ['/run/a b:1,[x]@2', { path: '/run/a b:1,[x]@2' }],
];

describe('an address', () => {
  test.each<[text: string, address: Address, formatted?: string]>(GOOD)(
    '%j is read as %j',
    (text, address, formatted = text) => {
      expect(parseAddress(text)).toEqual(address);
      expect(formatAddress(address)).toBe(formatted);
      expect(parseAddress(formatAddress(parseAddress(text)))).toEqual(address);
    },
  );
  test.each([
    '',
    ' ',
    ':',
    ':11211',
    'a:',
    'a:x',
    'a:-1',
    'a:1.5',
    'a:1e3',
    'a:+1',
    'a:1 ',
    ' a:1',
    'a b',
    'a:1:2',
    '10.0.0.1:11211:600',
    'a,b',
    'a|b',
    'a|10.0.0.1|11211',
    './cache.sock',
    'run/cache.sock',
    'unix:/run/cache.sock',
    'memcached://a:1',
    '[]',
    '[]:1',
    '[::1',
    '::1]',
    '[::1]1',
    '[::1]:',
    '[::1]:x',
    '[[::1]]:1',
    '[::1] :1',
    '[a b]:1',
    ':::',
    '1:2:3',
    '::1:11211',
    '::g',
    '1::2::3',
    'a\n',
    'a\0',
    '/run/a\0b',
  ])('%j is refused, and the message says what is accepted', (text) => {
    expect(() => parseAddress(text)).toThrow(
      new TopologyError(
        `${JSON.stringify(text)} is not the address of a node: ` +
          'write host, host:port, [IPv6]:port or /unix/path.',
      ),
    );
  });
  test.each([
    ['a:0', 'The port of node a is 0, not 1 to 65535.'],
    ['a:65536', 'The port of node a is 65536, not 1 to 65535.'],
    [
      '[::1]:99999999999999999999',
      'The port of node ::1 is 100000000000000000000, not 1 to 65535.',
    ],
  ])('%j is refused: %s', (text, message) => {
    expect(() => parseAddress(text)).toThrow(new TopologyError(message));
  });
  test('a listener may have the port 0', () => {
    expect(parseAddress('a:0', 0)).toEqual({ host: 'a', port: 0 });
    expect(() => parseAddress('a:65536', 0)).toThrow(/not 0 to 65535/);
  });
  test('a prefix of an address is another address or is refused, never a crash', () => {
    for (const [text] of GOOD) {
      for (let end = 0; end < text.length; end++) {
        try {
          const address = parseAddress(text.slice(0, end));
          expect(parseAddress(formatAddress(address))).toEqual(address);
        } catch (error) {
          expect(error).toBeInstanceOf(TopologyError);
        }
      }
    }
  });
});
