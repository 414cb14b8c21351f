import { describe, expect, test } from 'vitest';
import { Request } from '../../../../src/protocol/request.ts';
import { MetaDecoder } from '../../../../src/protocol/text/meta.ts';
import { described, poison } from '../../../support/decoded-request.ts';

const KEY_250 = 'k'.repeat(250);
const BAD_FORMAT = 'invalid CLIENT_ERROR bad command line format';
const BAD_TOKEN = 'invalid CLIENT_ERROR bad token in command line format';
const INVALID_OR_DUPLICATE = 'invalid CLIENT_ERROR invalid or duplicate flag';
const OPAQUE_31 = `O${'o'.repeat(31)}`;

/** Decodes a line at an offset inside other bytes; every field had another value before. */
function decoded(line: string): { readonly text: string; readonly newline: number } {
  const input = Buffer.from(`mn\r\n${line}mg next\r\n`, 'latin1');
  const request = new Request();
  poison(request);
  // The classic decoder sets these before it calls this one.
  Object.assign(request, { input, noreply: false, skipBytes: 0, closeAfterReply: false });
  const newline = new MetaDecoder().decode(input, 4, input.length, request);
  return { text: described(request), newline: newline - 4 };
}

const GETS: readonly (readonly [string, string])[] = [
  ['mg k\r\n', 'metaGet "k"'],
  ['mg k\n', 'metaGet "k"'],
  ['mg  k   v  \r\n', 'metaGet "k" value [v]'],
  ['mg k v q u I x\r\n', 'metaGet "k" value u I x quiet [v q u I x]'],
  ['mg k O1 k f s t c l h\r\n', 'metaGet "k" [O1 k f s t c l h]'],
  ['mg k T30\r\n', 'metaGet "k" t=30 [T30]'],
  ['mg k T-1 N2147483647 R5\r\n', 'metaGet "k" t=-1 N=2147483647 R=5 [T-1 N2147483647 R5]'],
  ['mg k C0\r\n', 'metaGet "k" C=0 [C0]'],
  [
    'mg k C18446744073709551615 E4294967296\r\n',
    'metaGet "k" C=18446744073709551615 E=4294967296 [C18446744073709551615 E4294967296]',
  ],
  ['mg YWI= b\r\n', 'metaGet "ab" base64 [b]'],
  ['mg YWI= k b v\r\n', 'metaGet "ab" base64 value [k b v]'],
  [`mg ${KEY_250}\r\n`, `metaGet "${KEY_250}"`],
  [`mg k ${OPAQUE_31}\r\n`, `metaGet "k" [${OPAQUE_31}]`],
  ['mg k Ptext Lpath\r\n', 'metaGet "k" [Ptext Lpath]'],
];
const BAD_GETS: readonly (readonly [string, string])[] = [
  ['mg\r\n', 'invalid ERROR'],
  ['mg \r\n', 'invalid ERROR'],
  [`mg ${KEY_250}k v\r\n`, BAD_FORMAT],
  ['mg k v v\r\n', 'invalid CLIENT_ERROR duplicate flag'],
  ['mg k O1 O2\r\n', 'invalid CLIENT_ERROR duplicate flag'],
  ['mg k \x7f\r\n', 'invalid CLIENT_ERROR duplicate flag'],
  ['mg k \xff\r\n', 'invalid CLIENT_ERROR duplicate flag'],
  ['mg k 1\r\n', 'invalid CLIENT_ERROR invalid flag'],
  ['mg k S\r\n', 'invalid CLIENT_ERROR invalid flag'],
  ['mg k !\r\n', 'invalid CLIENT_ERROR invalid flag'],
  ['mg k T\r\n', BAD_TOKEN],
  ['mg k Tx\r\n', BAD_TOKEN],
  ['mg k N2147483648\r\n', BAD_TOKEN],
  ['mg k C18446744073709551616\r\n', BAD_TOKEN],
  ['mg k E-1\r\n', BAD_TOKEN],
  ['mg k F4294967296\r\n', BAD_FORMAT],
  ['mg k F4294967296 Tx\r\n', BAD_TOKEN],
  ['mg YWI b\r\n', 'invalid CLIENT_ERROR error decoding key'],
  ['mg !!!! b\r\n', 'invalid CLIENT_ERROR error decoding key'],
  [`mg k ${OPAQUE_31}o\r\n`, 'invalid CLIENT_ERROR opaque token too long'],
  ['mg k\0 v\r\n', BAD_FORMAT],
  [`mg k${' L'.repeat(18)}\r\n`, 'invalid CLIENT_ERROR options flags are too long'],
  ['mz k\r\n', 'invalid ERROR'],
];

const SETS: readonly (readonly [string, string])[] = [
  ['ms k 3\r\n', 'set "k" f=0 t=0 bytes=3'],
  ['ms k 0 F4294967295 T60 c\r\n', 'set "k" f=4294967295 t=60 bytes=0 [F4294967295 T60 c]'],
  ['ms k 3 q O9 k\r\n', 'set "k" f=0 t=0 bytes=3 quiet [q O9 k]'],
  ['ms k 2147483645 MS\r\n', 'set "k" f=0 t=0 bytes=2147483645 [MS]'],
  ['ms k 3 ME\r\n', 'add "k" f=0 t=0 bytes=3 [ME]'],
  ['ms k 3 MR\r\n', 'replace "k" f=0 t=0 bytes=3 [MR]'],
  ['ms k 3 MA\r\n', 'append "k" f=0 t=0 bytes=3 [MA]'],
  ['ms k 3 MP N30\r\n', 'prepend "k" f=0 t=30 bytes=3 N=30 [MP N30]'],
  ['ms k 3 N30\r\n', 'set "k" f=0 t=0 bytes=3 [N30]'],
  ['ms k 3 C5\r\n', 'cas "k" f=0 t=0 bytes=3 C=5 [C5]'],
  ['ms k 3 C0\r\n', 'cas "k" f=0 t=0 bytes=3 C=0 [C0]'],
  ['ms k 3 C5 MR\r\n', 'cas "k" f=0 t=0 bytes=3 C=5 [C5 MR]'],
  ['ms k 3 C5 ME\r\n', 'add "k" f=0 t=0 bytes=3 C=5 [C5 ME]'],
  ['ms k 3 C5 I E7\r\n', 'cas "k" f=0 t=0 bytes=3 C=5 E=7 I [C5 I E7]'],
  ['ms YWI= 3 b\r\n', 'set "ab" base64 f=0 t=0 bytes=3 [b]'],
];
const BAD_SETS: readonly (readonly [string, string])[] = [
  ['ms\r\n', 'invalid ERROR'],
  ['ms k\r\n', BAD_FORMAT],
  ['ms k x\r\n', BAD_FORMAT],
  ['ms k -1\r\n', BAD_FORMAT],
  ['ms k 2147483646\r\n', BAD_FORMAT],
  [`ms ${KEY_250}k 3\r\n`, `${BAD_FORMAT} skip=5`],
  ['ms k\0 3\r\n', `${BAD_FORMAT} skip=5`],
  ['ms k 3 MX\r\n', 'invalid CLIENT_ERROR invalid mode for ms M token skip=5'],
  ['ms k 3 Mset\r\n', 'invalid CLIENT_ERROR incorrect length for M token skip=5'],
  ['ms k 3 M\r\n', 'invalid CLIENT_ERROR incorrect length for M token skip=5'],
  ['ms k 3 q Tx\r\n', `${BAD_TOKEN} skip=5`],
  ['ms k 3 T1 T2\r\n', 'invalid CLIENT_ERROR duplicate flag skip=5'],
  ['ms YWI 3 b\r\n', 'invalid CLIENT_ERROR error decoding key skip=5'],
  [`ms k 3 ${OPAQUE_31}o\r\n`, 'invalid CLIENT_ERROR opaque token too long skip=5'],
  [`ms k 3 MX ${OPAQUE_31}o\r\n`, 'invalid CLIENT_ERROR invalid mode for ms M token skip=5'],
  [`ms k 3${' L'.repeat(17)}\r\n`, 'invalid CLIENT_ERROR options flags too long skip=5'],
];

const OTHERS: readonly (readonly [string, string])[] = [
  ['md k\r\n', 'metaDelete "k"'],
  ['md k q C9 I T30 x\r\n', 'metaDelete "k" t=30 C=9 I x quiet [q C9 I T30 x]'],
  ['md k S\r\n', INVALID_OR_DUPLICATE],
  ['md k Tx\r\n', INVALID_OR_DUPLICATE],
  ['md\r\n', 'invalid ERROR'],
  ['ma k\r\n', 'metaArithmetic "k" delta=1 sign=1'],
  ['ma k MI D0\r\n', 'metaArithmetic "k" delta=0 sign=1 [MI D0]'],
  ['ma k M+ v\r\n', 'metaArithmetic "k" delta=1 sign=1 value [M+ v]'],
  ['ma k MD\r\n', 'metaArithmetic "k" delta=1 sign=-1 [MD]'],
  [
    'ma k M- D18446744073709551615\r\n',
    'metaArithmetic "k" delta=18446744073709551615 sign=-1 [M- D18446744073709551615]',
  ],
  ['ma k N0 J13\r\n', 'metaArithmetic "k" delta=1 sign=1 N=0 J=13 [N0 J13]'],
  ['ma k N5\r\n', 'metaArithmetic "k" delta=1 sign=1 N=5 J=0 [N5]'],
  ['ma k MX\r\n', 'invalid CLIENT_ERROR invalid mode for ma M token'],
  ['ma k MID\r\n', INVALID_OR_DUPLICATE],
  ['ma k Dx\r\n', INVALID_OR_DUPLICATE],
  [`ma k ${OPAQUE_31}o\r\n`, 'invalid CLIENT_ERROR opaque token too long'],
  [`ma k ${OPAQUE_31}o MX\r\n`, 'invalid CLIENT_ERROR invalid mode for ma M token'],
  ['me k\r\n', 'metaDebug "k"'],
  ['me YWI= b\r\n', 'metaDebug "ab" base64'],
  ['me YWI b\r\n', BAD_FORMAT],
  ['me\r\n', BAD_FORMAT],
  [`me ${KEY_250}k\r\n`, BAD_FORMAT],
  ['mn\r\n', 'metaNoop'],
  ['mn anything\r\n', 'metaNoop'],
];
const LINES = [...GETS, ...BAD_GETS, ...SETS, ...BAD_SETS, ...OTHERS];

describe('the decoder of meta requests', () => {
  test.each(LINES)('the decoder decodes %j', (line, expected) => {
    expect(decoded(line)).toEqual({ text: expected, newline: line.length - 1 });
  });
  test.each(LINES)('the decoder waits for the rest of %j at every cut', (line) => {
    const input = Buffer.from(`${line}?`, 'latin1');
    const decoder = new MetaDecoder();
    for (let end = 2; end < line.length; end++) {
      expect(decoder.decode(input, 0, end, new Request())).toBe(-1);
    }
  });
  test('the most flags are 17, and 16 after the length of a value', () => {
    const letters = [...'OPLkstcflhvqubTIx'];
    const flags = letters.map((letter) => (letter === 'T' ? 'T1' : letter)).join(' ');
    expect(decoded(`mg YWI= ${flags}\r\n`).text).toMatch(/^metaGet "ab"/);
    expect(decoded(`mg YWI= ${flags} C1\r\n`).text).toContain('flags are too long');
    expect(decoded(`ms YWI= 1 ${flags}\r\n`).text).toContain('flags too long');
    expect(decoded(`ms YWI= 1 ${flags.slice(0, -2)}\r\n`).text).toMatch(/^set "ab"/);
  });
  test('one line leaves nothing behind for the next line', () => {
    const decoder = new MetaDecoder();
    const lines = ['ms k 3 ME q\r\n', `mg k ${OPAQUE_31}o\r\n`, 'ma k MD Dx\r\n', 'mg k v v\r\n'];
    for (const before of lines) {
      const request = new Request();
      for (const line of [before, 'ms k 3 v\r\n']) {
        const input = Buffer.from(line);
        Object.assign(request, { input, noreply: false, skipBytes: 0 });
        decoder.decode(input, 0, input.length, request);
      }
      expect(described(request), before).toBe('set "k" f=0 t=0 bytes=3 value [v]');
    }
  });
  test('a key in base64 has at most 250 bytes as sent', () => {
    const key = 'YWJj'.repeat(62);
    expect(decoded(`mg ${key} b\r\n`).text).toBe(`metaGet "${'abc'.repeat(62)}" base64 [b]`);
    expect(decoded(`mg ${'YWJj'.repeat(63)} b\r\n`).text).toBe(BAD_FORMAT);
  });
});
