import { type PacketParts, packet, u32 } from '../support/binary-wire.ts';

/** One way in which we answer otherwise than memcached 1.6.18, on purpose: a row of docs/protocol.md. */
export interface KnownDifference {
  /** As the row of docs/protocol.md begins. */
  readonly title: string;
  readonly reason: string;
  readonly examples: readonly Example[];
}

export interface Example {
  /** Sent on one connection, into an empty store. */
  readonly told: string;
  readonly ours: string;
  /** Absent where memcached's reply depends on what lies in its memory, or on the clock. */
  readonly theirs?: string;
}

const BAD_FORMAT = 'CLIENT_ERROR bad command line format\r\n';
const BAD_EXPTIME = 'CLIENT_ERROR invalid exptime argument\r\n';
const NON_NUMERIC = 'CLIENT_ERROR cannot increment or decrement non-numeric value\r\n';
const TOO_LONG_KEY = 'k'.repeat(251);

const binary = (parts: PacketParts): string => packet(parts).toString('latin1');

/** A reply without key and extras, to an opaque of 0. */
function reply(opcode: number, status: number, value: string): string {
  const whole = packet({ magic: 0x81, opcode, vbucket: status, value, opaque: 0 });
  return whole.toString('latin1');
}

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    title: 'The data of a refused storage line is swallowed',
    reason:
      'memcached 1.6.18 runs the data as commands; whoever writes values could run commands. 1.6.45 swallows too.',
    examples: [
      { told: 'set a -1 0 2\r\nhi\r\n', ours: BAD_FORMAT, theirs: `${BAD_FORMAT}ERROR\r\n` },
      {
        told: 'set a 0 abc 7\r\nversion\r\nget a\r\n',
        ours: `${BAD_FORMAT}END\r\n`,
        theirs: `${BAD_FORMAT}VERSION 1.6.18\r\nEND\r\n`,
      },
      {
        told: `set ${TOO_LONG_KEY} 0 0 2\r\nhi\r\n`,
        ours: BAD_FORMAT,
        theirs: `${BAD_FORMAT}ERROR\r\n`,
      },
      { told: 'cas n 0 0 1 abc\r\n5\r\n', ours: BAD_FORMAT, theirs: `${BAD_FORMAT}ERROR\r\n` },
      { told: 'cas n 0 0 1\r\n5\r\n', ours: 'ERROR\r\n', theirs: 'ERROR\r\nERROR\r\n' },
      { told: 'set a 0 0 2 3 4\r\nhi\r\n', ours: 'ERROR\r\n', theirs: 'ERROR\r\nERROR\r\n' },
      { told: 'set a -1 0 2 noreply\r\nhi\r\n', ours: '', theirs: 'ERROR\r\n' },
    ],
  },
  {
    title: 'A number that does not fit is refused',
    reason:
      'memcached 1.6.18 reads 64 bits and cuts them to 32: other flags, another exptime, another length than sent.',
    examples: [
      {
        told: 'set a 4294967301 0 1\r\nx\r\nget a\r\n',
        ours: `${BAD_FORMAT}END\r\n`,
        theirs: 'STORED\r\nVALUE a 5 1\r\nx\r\nEND\r\n',
      },
      { told: 'set a 0 2147483648 1\r\nx\r\n', ours: BAD_FORMAT, theirs: 'STORED\r\n' },
      {
        told: 'set a 0 0 4294967297\r\nx\r\n',
        ours: `${BAD_FORMAT}ERROR\r\n`,
        theirs: 'STORED\r\n',
      },
      { told: 'touch a 4294967296\r\n', ours: BAD_EXPTIME, theirs: 'NOT_FOUND\r\n' },
      { told: 'gat 4294967296 a\r\n', ours: BAD_EXPTIME, theirs: 'END\r\n' },
      { told: 'verbosity 4294967296\r\n', ours: BAD_FORMAT, theirs: 'OK\r\n' },
      { told: 'flush_all 4294967296\r\n', ours: BAD_EXPTIME, theirs: 'OK\r\n' },
    ],
  },
  {
    title: 'A negative number does not wrap',
    reason: 'memcached takes -18446744073709551615 for 1, by the rules of strtoull.',
    examples: [
      {
        told: 'set n 0 0 1\r\n1\r\nincr n -18446744073709551615\r\n',
        ours: 'STORED\r\nCLIENT_ERROR invalid numeric delta argument\r\n',
        theirs: 'STORED\r\n2\r\n',
      },
      {
        told: 'set n 0 0 21\r\n-18446744073709551615\r\nincr n 1\r\n',
        ours: `STORED\r\n${NON_NUMERIC}`,
        theirs: 'STORED\r\n2\r\n',
      },
    ],
  },
  {
    title: 'NUL is a bad character in a command line',
    reason:
      'memcached 1.6.18 ends the line at it, and the client is answered for a request that it did not send.',
    examples: [
      {
        told: 'set a 0 0 1\r\nx\r\nget a\0b\r\n',
        ours: `STORED\r\n${BAD_FORMAT}`,
        theirs: 'STORED\r\nVALUE a 0 1\r\nx\r\nEND\r\n',
      },
      { told: 'delete a\0 0 1 2 3\r\n', ours: BAD_FORMAT, theirs: 'NOT_FOUND\r\n' },
      { told: 'set a\0b 0 0 1\r\nx\r\n', ours: BAD_FORMAT, theirs: 'ERROR\r\nERROR\r\n' },
    ],
  },
  {
    title: 'A value of blanks is not a number',
    reason: 'memcached reads on past the value, into whatever lies behind it.',
    examples: [
      { told: 'set n 0 0 2\r\n  \r\nincr n 1\r\n', ours: `STORED\r\n${NON_NUMERIC}` },
      { told: 'set n 0 0 1\r\n\t\r\ndecr n 1\r\n', ours: `STORED\r\n${NON_NUMERIC}` },
    ],
  },
  {
    title: 'Counters use all 64 bits',
    reason:
      'for values of 2^63 and more memcached looks for a minus sign past the value, and refuses when it finds one.',
    examples: [
      {
        told: 'set n 0 0 20\r\n18446744073709551614\r\nincr n 1\r\n',
        ours: 'STORED\r\n18446744073709551615\r\n',
      },
    ],
  },
  {
    title: 'A later flush_all never revives what an earlier one hid',
    reason: 'in memcached the second replaces the first, so items not yet reclaimed come back.',
    examples: [
      {
        told: 'set a 0 0 1\r\nx\r\nflush_all\r\nflush_all 2000000000\r\nget a\r\n',
        ours: 'STORED\r\nOK\r\nOK\r\nEND\r\n',
      },
    ],
  },
  {
    title: 'NUL does not end a number',
    reason:
      'memcached reads a value as a C string, and counts 12 in a value whose bytes go on after it.',
    examples: [
      {
        told: 'set n 0 0 4\r\n12\0a\r\nincr n 1\r\n',
        ours: `STORED\r\n${NON_NUMERIC}`,
        theirs: 'STORED\r\n13\r\n',
      },
    ],
  },
  {
    title: 'A refused get takes no other reply with it',
    reason:
      'memcached drops the replies of earlier requests in the same packet too, and its client waits for them forever.',
    examples: [
      {
        told: `set a 0 0 1\r\nx\r\nget ${TOO_LONG_KEY}\r\n`,
        ours: `STORED\r\n${BAD_FORMAT}`,
        theirs: BAD_FORMAT,
      },
    ],
  },
  {
    title: 'A client that stops in the middle of a request gets the replies before it',
    reason: 'memcached loses replies that it has not written yet when the client closes its side.',
    examples: [
      { told: 'set a 0 0 1\r\nx\r\nset a 0 0 20\r\nhi\r\n', ours: 'STORED\r\n', theirs: '' },
      {
        told: 'add a 0 0 2000000\r\nhi\r\n',
        ours: 'SERVER_ERROR object too large for cache\r\n',
        theirs: '',
      },
    ],
  },
  {
    title: 'The data of a refused ms line is swallowed where its length is known',
    reason:
      'memcached 1.6.18 does so for most errors, but not for a key that is too long or too many flags.',
    examples: [
      {
        told: `ms ${TOO_LONG_KEY} 2\r\nhi\r\nmn\r\n`,
        ours: `${BAD_FORMAT}MN\r\n`,
        theirs: `${BAD_FORMAT}ERROR\r\nMN\r\n`,
      },
    ],
  },
  {
    title: 'Meta numbers that do not fit are refused',
    reason: 'memcached cuts them to 32 bits: 4294967301 becomes 5.',
    examples: [
      {
        told: 'ms a 2 F4294967301\r\nhi\r\nmg a f\r\n',
        ours: `${BAD_FORMAT}EN\r\n`,
        theirs: 'HD\r\nHD f5\r\n',
      },
    ],
  },
  {
    title: 'An opaque that is too long is refused before anything is done',
    reason: 'memcached counts, touches and vivifies first, and then refuses.',
    examples: [
      {
        told: `set n 0 0 1\r\n5\r\nma n O${'o'.repeat(32)}\r\nmg n v\r\n`,
        ours: 'STORED\r\nCLIENT_ERROR opaque token too long\r\nVA 1\r\n5\r\n',
        theirs: 'STORED\r\nCLIENT_ERROR opaque token too long\r\nVA 1\r\n6\r\n',
      },
    ],
  },
  {
    title: 'A key given in base64 stays one',
    reason:
      'memcached forgets it when it vivifies, appends or makes a longer number, and then shows raw bytes.',
    examples: [
      {
        told: 'ma YQ== b N0\r\nmg a k\r\n',
        ours: 'HD\r\nHD kYQ== b\r\n',
        theirs: 'HD\r\nHD ka\r\n',
      },
      {
        told: 'ms YQ== 1 b\r\nx\r\nms YQ== 1 b MA\r\ny\r\nmg a k v\r\n',
        ours: 'HD\r\nHD\r\nVA 2 kYQ== b\r\nxy\r\n',
        theirs: 'HD\r\nHD\r\nVA 2 ka\r\nxy\r\n',
      },
    ],
  },
  {
    title: 'ma sets the time of a number that grew',
    reason: 'memcached sets it on the item that the longer number has replaced.',
    examples: [
      {
        told: 'set n 0 0 1\r\n9\r\nma n T0\r\nset n 0 100 1\r\n9\r\nma n T0\r\nmg n t\r\n',
        ours: 'STORED\r\nHD\r\nSTORED\r\nHD\r\nHD t-1\r\n',
      },
    ],
  },
  {
    title: 'A time that has run out is shown as 0',
    reason: 'memcached wraps around below 0.',
    examples: [{ told: 'set a 0 0 1\r\nx\r\nmg a T-1 t\r\n', ours: 'STORED\r\nHD t0\r\n' }],
  },
  {
    title: 'Meta flags and commands that came after 1.6.18',
    reason:
      'They are answered as memcached 1.6.45 answers them: E, x, C of mg, s of ms, N with MA and MP; mgdump.',
    examples: [
      {
        told: 'ms a 2 E7 c s\r\nhi\r\n',
        ours: 'HD c7 s2\r\n',
        theirs: 'CLIENT_ERROR invalid flag\r\n',
      },
      { told: 'ms a 2 E7\r\nhi\r\nmg a v C7\r\n', ours: 'HD\r\nHD\r\n' },
      {
        told: 'ms a 2 MA N30\r\nhi\r\nmg a v\r\n',
        ours: 'HD\r\nVA 2\r\nhi\r\n',
        theirs: 'NS\r\nEN\r\n',
      },
      {
        told: 'set a 5 0 1\r\nx\r\nmd a x\r\nmg a v f\r\n',
        ours: 'STORED\r\nHD\r\nVA 0 f0\r\n\r\n',
        theirs: 'STORED\r\nCLIENT_ERROR invalid or duplicate flag\r\nVA 1 f5\r\nx\r\n',
      },
      { told: 'lru_crawler mgdump all\r\n', ours: 'OK\r\nEN\r\n', theirs: 'ERROR\r\n' },
    ],
  },
  {
    title: 'A tombstone has a CAS id of its own',
    reason:
      'memcached 1.6.45 keeps the old one on md x: whoever read before the delete could write over it.',
    examples: [
      {
        told: 'ms a 1 E7\r\nx\r\nmd a x\r\nms a 1 C7\r\ny\r\n',
        ours: 'HD\r\nHD\r\nEX\r\n',
      },
    ],
  },
  {
    title: 'Binary verbosity is answered',
    reason: 'memcached calls it an unknown command, and waits for bytes that do not come.',
    examples: [
      {
        told: binary({ opcode: 0x1b, extras: u32(1), opaque: 0 }),
        ours: reply(0x1b, 0, ''),
      },
    ],
  },
  {
    title: 'An unknown binary opcode costs only its own packet',
    reason:
      'memcached skips too much when the packet has a key or extras, and reads on in the middle of the next one.',
    examples: [
      {
        told: binary({ opcode: 0x99, key: 'abc', opaque: 0 }) + binary({ opcode: 0x0a, opaque: 0 }),
        ours: reply(0x99, 0x81, 'Unknown command') + reply(0x0a, 0, ''),
      },
    ],
  },
  {
    title: 'config is answered',
    reason: "memcached has none; it is ElastiCache's.",
    examples: [{ told: 'config get cluster\r\n', ours: 'END\r\n', theirs: 'ERROR\r\n' }],
  },
  {
    title: 'stats sizes_enable and sizes_disable end',
    reason: 'A client reads statistics up to END.',
    examples: [
      {
        told: 'stats sizes_disable\r\n',
        ours: 'STAT sizes_status disabled\r\nEND\r\n',
        theirs: 'STAT sizes_status disabled\r\n',
      },
    ],
  },
  // The last: its flush is still to come.
  {
    title: 'flush_all with a delay does not act early',
    reason: 'memcached takes a second off, so that a delay of one second acts at once.',
    examples: [
      // Two seconds for ours, so that a tick of the clock between the requests changes nothing.
      {
        told: 'set a 0 0 1\r\nx\r\nflush_all 2\r\nget a\r\n',
        ours: 'STORED\r\nOK\r\nVALUE a 0 1\r\nx\r\nEND\r\n',
      },
    ],
  },
];

/**
 * Fields of memcached's statistics that ours leave out, in its order: figures of parts that slabring does not have. The
 * list is exact, so a field that is added leaves it.
 */
export const FIELDS_LEFT_OUT: Readonly<Record<string, readonly string[]>> = {
  'stats settings': [
    ...['ext_item_size', 'ext_item_age', 'ext_low_ttl', 'ext_recache_rate', 'ext_wbuf_size'],
    ...['ext_compact_under', 'ext_drop_under', 'ext_max_sleep', 'ext_max_frag'],
    ...['slab_automove_freeratio', 'ext_drop_unread'],
    ...['ssl_chain_cert', 'ssl_key', 'ssl_verify_mode', 'ssl_keyformat', 'ssl_ciphers'],
    ...['ssl_ca_cert', 'ssl_wbuf_size', 'ssl_session_cache', 'ssl_kernel_tls', 'ssl_min_version'],
  ],
};
