import { type PacketParts, packet, uint32Extras } from '../support/binary-wire.ts';
import { BAD_FORMAT, type KnownDifference, NEWER_THAN_ORACLE } from './newer-than-oracle.ts';

const BAD_EXPTIME = 'CLIENT_ERROR invalid exptime argument\r\n';
const NON_NUMERIC = 'CLIENT_ERROR cannot increment or decrement non-numeric value\r\n';
const TOO_LONG_KEY = 'k'.repeat(251);

const binary = (parts: PacketParts): string => packet(parts).toString('latin1');

/** A binary reply without key and extras, with opaque 0. */
function reply(opcode: number, status: number, value: string): string {
  const whole = packet({ magic: 0x81, opcode, vbucket: status, value, opaque: 0 });
  return whole.toString('latin1');
}

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  ...NEWER_THAN_ORACLE,
  {
    title: 'The node skips the data of a refused storage line',
    reason:
      'memcached 1.6.18 runs the data as commands, so a value could contain commands. ' +
      'memcached 1.6.45 skips the data too.',
    examples: [
      { request: 'set a -1 0 2\r\nhi\r\n', ours: BAD_FORMAT, theirs: `${BAD_FORMAT}ERROR\r\n` },
      {
        request: 'set a 0 abc 7\r\nversion\r\nget a\r\n',
        ours: `${BAD_FORMAT}END\r\n`,
        theirs: `${BAD_FORMAT}VERSION 1.6.18\r\nEND\r\n`,
      },
      {
        request: `set ${TOO_LONG_KEY} 0 0 2\r\nhi\r\n`,
        ours: BAD_FORMAT,
        theirs: `${BAD_FORMAT}ERROR\r\n`,
      },
      { request: 'cas n 0 0 1 abc\r\n5\r\n', ours: BAD_FORMAT, theirs: `${BAD_FORMAT}ERROR\r\n` },
      { request: 'cas n 0 0 1\r\n5\r\n', ours: 'ERROR\r\n', theirs: 'ERROR\r\nERROR\r\n' },
      { request: 'set a 0 0 2 3 4\r\nhi\r\n', ours: 'ERROR\r\n', theirs: 'ERROR\r\nERROR\r\n' },
      { request: 'set a -1 0 2 noreply\r\nhi\r\n', ours: '', theirs: 'ERROR\r\n' },
    ],
  },
  {
    title: 'The node refuses a number that does not fit',
    reason:
      'memcached 1.6.18 reads 64 bits and truncates to 32: ' +
      'other flags, another exptime, another length than sent.',
    examples: [
      {
        request: 'set a 4294967301 0 1\r\nx\r\nget a\r\n',
        ours: `${BAD_FORMAT}END\r\n`,
        theirs: 'STORED\r\nVALUE a 5 1\r\nx\r\nEND\r\n',
      },
      { request: 'set a 0 2147483648 1\r\nx\r\n', ours: BAD_FORMAT, theirs: 'STORED\r\n' },
      {
        request: 'set a 0 0 4294967297\r\nx\r\n',
        ours: `${BAD_FORMAT}ERROR\r\n`,
        theirs: 'STORED\r\n',
      },
      { request: 'touch a 4294967296\r\n', ours: BAD_EXPTIME, theirs: 'NOT_FOUND\r\n' },
      { request: 'gat 4294967296 a\r\n', ours: BAD_EXPTIME, theirs: 'END\r\n' },
      { request: 'verbosity 4294967296\r\n', ours: BAD_FORMAT, theirs: 'OK\r\n' },
      { request: 'flush_all 4294967296\r\n', ours: BAD_EXPTIME, theirs: 'OK\r\n' },
    ],
  },
  {
    title: 'A negative number does not wrap around',
    reason: 'memcached reads -18446744073709551615 as 1, as strtoull does.',
    examples: [
      {
        request: 'set n 0 0 1\r\n1\r\nincr n -18446744073709551615\r\n',
        ours: 'STORED\r\nCLIENT_ERROR invalid numeric delta argument\r\n',
        theirs: 'STORED\r\n2\r\n',
      },
      {
        request: 'set n 0 0 21\r\n-18446744073709551615\r\nincr n 1\r\n',
        ours: `STORED\r\n${NON_NUMERIC}`,
        theirs: 'STORED\r\n2\r\n',
      },
    ],
  },
  {
    title: 'NUL is an invalid character in a command line',
    reason:
      'memcached 1.6.18 ends the line at the NUL, and replies to a request that no client sent.',
    examples: [
      {
        request: 'set a 0 0 1\r\nx\r\nget a\0b\r\n',
        ours: `STORED\r\n${BAD_FORMAT}`,
        theirs: 'STORED\r\nVALUE a 0 1\r\nx\r\nEND\r\n',
      },
      { request: 'delete a\0 0 1 2 3\r\n', ours: BAD_FORMAT, theirs: 'NOT_FOUND\r\n' },
      { request: 'set a\0b 0 0 1\r\nx\r\n', ours: BAD_FORMAT, theirs: 'ERROR\r\nERROR\r\n' },
    ],
  },
  {
    title: 'A value of blanks is not a number',
    reason: 'memcached reads past the value, into other memory.',
    examples: [
      { request: 'set n 0 0 2\r\n  \r\nincr n 1\r\n', ours: `STORED\r\n${NON_NUMERIC}` },
      { request: 'set n 0 0 1\r\n\t\r\ndecr n 1\r\n', ours: `STORED\r\n${NON_NUMERIC}` },
    ],
  },
  {
    title: 'Counters use all 64 bits',
    reason:
      'From 2^63 on memcached refuses if it finds a minus sign in the memory behind the value.',
    examples: [
      {
        request: 'set n 0 0 20\r\n18446744073709551614\r\nincr n 1\r\n',
        ours: 'STORED\r\n18446744073709551615\r\n',
      },
    ],
  },
  {
    title: 'A later flush_all does not reveal items that an earlier one hid',
    reason:
      'In memcached the second replaces the first, so items that it has not reclaimed reappear.',
    examples: [
      {
        request: 'set a 0 0 1\r\nx\r\nflush_all\r\nflush_all 2000000000\r\nget a\r\n',
        ours: 'STORED\r\nOK\r\nOK\r\nEND\r\n',
      },
    ],
  },
  {
    title: 'NUL does not end a number',
    reason: 'memcached reads a value as a C string, so it reads 12 although more bytes follow.',
    examples: [
      {
        request: 'set n 0 0 4\r\n12\0a\r\nincr n 1\r\n',
        ours: `STORED\r\n${NON_NUMERIC}`,
        theirs: 'STORED\r\n13\r\n',
      },
    ],
  },
  {
    title: 'A refused get does not affect other replies',
    reason:
      'memcached also drops the replies to earlier requests in the same packet, ' +
      'and the client waits for them forever.',
    examples: [
      {
        request: `set a 0 0 1\r\nx\r\nget ${TOO_LONG_KEY}\r\n`,
        ours: `STORED\r\n${BAD_FORMAT}`,
        theirs: BAD_FORMAT,
      },
    ],
  },
  {
    title: 'A client that stops inside a request gets the earlier replies',
    reason: 'memcached loses replies that it has not written yet when the client closes its side.',
    examples: [
      { request: 'set a 0 0 1\r\nx\r\nset a 0 0 20\r\nhi\r\n', ours: 'STORED\r\n', theirs: '' },
      {
        request: 'add a 0 0 2000000\r\nhi\r\n',
        ours: 'SERVER_ERROR object too large for cache\r\n',
        theirs: '',
      },
    ],
  },
  {
    title: 'The node skips the data of a refused ms line if it knows the length',
    reason:
      'memcached 1.6.18 skips it after most errors, ' +
      'but not after a key that is too long or too many flags.',
    examples: [
      {
        request: `ms ${TOO_LONG_KEY} 2\r\nhi\r\nmn\r\n`,
        ours: `${BAD_FORMAT}MN\r\n`,
        theirs: `${BAD_FORMAT}ERROR\r\nMN\r\n`,
      },
    ],
  },
  {
    title: 'The node refuses meta numbers that do not fit',
    reason: 'memcached truncates them to 32 bits: 4294967301 becomes 5.',
    examples: [
      {
        request: 'ms a 2 F4294967301\r\nhi\r\nmg a f\r\n',
        ours: `${BAD_FORMAT}EN\r\n`,
        theirs: 'HD\r\nHD f5\r\n',
      },
    ],
  },
  {
    title: 'The node refuses an opaque that is too long before it executes the request',
    reason: 'memcached counts, touches and creates first, and then refuses.',
    examples: [
      {
        request: `set n 0 0 1\r\n5\r\nma n O${'o'.repeat(32)}\r\nmg n v\r\n`,
        ours: 'STORED\r\nCLIENT_ERROR opaque token too long\r\nVA 1\r\n5\r\n',
        theirs: 'STORED\r\nCLIENT_ERROR opaque token too long\r\nVA 1\r\n6\r\n',
      },
    ],
  },
  {
    title: 'A base64 key stays a base64 key',
    reason:
      'memcached loses the mark when it creates, appends or makes a longer number, ' +
      'and then shows raw bytes.',
    examples: [
      {
        request: 'ma YQ== b N0\r\nmg a k\r\n',
        ours: 'HD\r\nHD kYQ== b\r\n',
        theirs: 'HD\r\nHD ka\r\n',
      },
      {
        request: 'ms YQ== 1 b\r\nx\r\nms YQ== 1 b MA\r\ny\r\nmg a k v\r\n',
        ours: 'HD\r\nHD\r\nVA 2 kYQ== b\r\nxy\r\n',
        theirs: 'HD\r\nHD\r\nVA 2 ka\r\nxy\r\n',
      },
    ],
  },
  {
    title: 'ma sets the time of a number that grew',
    reason: 'memcached sets the time of the item that the longer number has replaced.',
    examples: [
      {
        request: 'set n 0 0 1\r\n9\r\nma n T0\r\nset n 0 100 1\r\n9\r\nma n T0\r\nmg n t\r\n',
        ours: 'STORED\r\nHD\r\nSTORED\r\nHD\r\nHD t-1\r\n',
      },
    ],
  },
  {
    title: 't shows 0 for a time that has passed',
    reason: 'memcached wraps around below 0.',
    examples: [{ request: 'set a 0 0 1\r\nx\r\nmg a T-1 t\r\n', ours: 'STORED\r\nHD t0\r\n' }],
  },
  {
    title: 'A tombstone has its own CAS id',
    reason:
      'memcached 1.6.45 keeps the old one on md x, ' +
      'so a client that read before the delete could overwrite the tombstone.',
    examples: [
      {
        request: 'ms a 1 E7\r\nx\r\nmd a x\r\nms a 1 C7\r\ny\r\n',
        ours: 'HD\r\nHD\r\nEX\r\n',
      },
    ],
  },
  {
    title: 'The node answers binary verbosity',
    reason: 'memcached replies that the command is unknown, and waits for bytes that do not come.',
    examples: [
      {
        request: binary({ opcode: 0x1b, extras: uint32Extras(1), opaque: 0 }),
        ours: reply(0x1b, 0, ''),
      },
    ],
  },
  {
    title: 'An unknown binary opcode affects only its own packet',
    reason:
      'memcached skips too much if the packet has a key or extras, ' +
      'and continues inside the next packet.',
    examples: [
      {
        request:
          binary({ opcode: 0x99, key: 'abc', opaque: 0 }) + binary({ opcode: 0x0a, opaque: 0 }),
        ours: reply(0x99, 0x81, 'Unknown command') + reply(0x0a, 0, ''),
      },
    ],
  },
  {
    title: 'The node answers config',
    reason: "memcached does not have this command; it is ElastiCache's.",
    examples: [{ request: 'config get cluster\r\n', ours: 'END\r\n', theirs: 'ERROR\r\n' }],
  },
  {
    title: 'stats sizes_enable and sizes_disable end with END',
    reason: 'A client reads statistics up to END.',
    examples: [
      {
        request: 'stats sizes_disable\r\n',
        ours: 'STAT sizes_status disabled\r\nEND\r\n',
        theirs: 'STAT sizes_status disabled\r\n',
      },
    ],
  },
  // This must be the last difference: its flush acts later.
  {
    title: 'A delayed flush_all does not act early',
    reason: 'memcached subtracts a second, so a delay of one second acts at once.',
    examples: [
      // Two seconds, so that a tick of the clock between the requests changes nothing.
      {
        request: 'set a 0 0 1\r\nx\r\nflush_all 2\r\nget a\r\n',
        ours: 'STORED\r\nOK\r\nVALUE a 0 1\r\nx\r\nEND\r\n',
      },
    ],
  },
];

/**
 * Fields of memcached's statistics that slabring omits, in memcached's order: those of disabled
 * parts. The list is exact: a field that slabring adds must leave the list.
 */
export const OMITTED_FIELDS: Readonly<Record<string, readonly string[]>> = {
  'stats settings': [
    ...['ext_item_size', 'ext_item_age', 'ext_low_ttl', 'ext_recache_rate', 'ext_wbuf_size'],
    ...['ext_compact_under', 'ext_drop_under', 'ext_max_sleep', 'ext_max_frag'],
    'ext_drop_unread',
    ...['ssl_chain_cert', 'ssl_key', 'ssl_verify_mode', 'ssl_keyformat', 'ssl_ciphers'],
    ...['ssl_ca_cert', 'ssl_wbuf_size', 'ssl_session_cache', 'ssl_kernel_tls', 'ssl_min_version'],
  ],
};
