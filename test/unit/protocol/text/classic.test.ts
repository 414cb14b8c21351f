import { describe, expect, test } from 'vitest';
import { CLOSE, INCOMPLETE } from '../../../../src/protocol/decoded.ts';
import { Request } from '../../../../src/protocol/request.ts';
import { ClassicDecoder } from '../../../../src/protocol/text/classic.ts';
import { described, poison } from '../../../support/decoded-request.ts';

const KEY_250 = 'k'.repeat(250);
const BAD_FORMAT = 'invalid CLIENT_ERROR bad command line format';

/** Decodes a line at an offset inside other bytes; every field had another value before. */
function decoded(line: string): { readonly text: string; readonly bytes: number } {
  const [before, after] = ['get other\r\n', 'get next\r\n'];
  const input = Buffer.from(before + line + after, 'latin1');
  const request = new Request();
  poison(request);
  const bytes = new ClassicDecoder().decode(input, before.length, input.length, request);
  return { text: described(request), bytes };
}

/** What the decoder returns for each proper prefix of a line. */
function prefixes(line: string): readonly number[] {
  const input = Buffer.from(`${line}?`, 'latin1');
  const decoder = new ClassicDecoder();
  const request = new Request();
  return Array.from({ length: line.length }, (_, end) => decoder.decode(input, 0, end, request));
}

const STORAGE: readonly (readonly [string, string])[] = [
  ['set k 1 2 3\r\n', 'set "k" f=1 t=2 bytes=3'],
  ['  set   k  1 2  3\r\n', 'set "k" f=1 t=2 bytes=3'],
  ['set k 1 2 3 noreply\r\n', 'set "k" f=1 t=2 bytes=3 quiet'],
  ['set k 1 2 3 other\r\n', 'set "k" f=1 t=2 bytes=3'],
  ['add k 4294967295 -1 0\n', 'add "k" f=4294967295 t=-1 bytes=0'],
  ['replace k 0 0 2147483645\r\n', 'replace "k" f=0 t=0 bytes=2147483645'],
  ['append k 0 0 1\r\n', 'append "k" f=0 t=0 bytes=1'],
  ['prepend k 0 0 1\r\n', 'prepend "k" f=0 t=0 bytes=1'],
  ['cas k 0 0 1 18446744073709551615\r\n', 'cas "k" f=0 t=0 bytes=1 C=18446744073709551615'],
  ['cas k 0 0 1 4294967296 noreply\r\n', 'cas "k" f=0 t=0 bytes=1 C=4294967296 quiet'],
  [`set ${KEY_250} 0 0 1\r\n`, `set "${KEY_250}" f=0 t=0 bytes=1`],
];

const BAD_STORAGE: readonly (readonly [string, string])[] = [
  [`set ${KEY_250}k 0 0 1\r\n`, `${BAD_FORMAT} skip=3`],
  ['set k 0 0 2147483646\r\n', BAD_FORMAT],
  ['set k 0 0 -1\r\n', BAD_FORMAT],
  ['set k 0 0 x\r\n', BAD_FORMAT],
  ['set k 4294967296 0 5\r\n', `${BAD_FORMAT} skip=7`],
  ['set k -1 0 5\r\n', `${BAD_FORMAT} skip=7`],
  ['set k 0 2147483648 5\r\n', `${BAD_FORMAT} skip=7`],
  ['set k 0 x 5 noreply\r\n', `${BAD_FORMAT} skip=7 quiet`],
  ['set k 0 0 5 noreply more\r\n', 'invalid ERROR skip=7'],
  ['set k 0 0\r\n', 'invalid ERROR'],
  ['set\r\n', 'invalid ERROR'],
  ['cas k 0 0 5\r\n', 'invalid ERROR skip=7'],
  ['cas k 0 0 5 x\r\n', `${BAD_FORMAT} skip=7`],
  ['cas k 0 0 5 18446744073709551616\r\n', `${BAD_FORMAT} skip=7`],
  ['set k\0 0 0 5\r\n', `${BAD_FORMAT} skip=7`],
];

const GETS: readonly (readonly [string, string])[] = [
  ['get a\r\n', 'get "a" value'],
  ['get a\n', 'get "a" value'],
  ['get  a   b  c \r\n', 'get "a" "b" "c" value'],
  ['gets a b\r\n', 'get "a" "b" with-cas value'],
  ['gat 60 a b\r\n', 'getAndTouch "a" "b" t=60 value'],
  ['gats -1 a\r\n', 'getAndTouch "a" t=-1 with-cas value'],
  ['bget a b\r\n', 'get "a" "b" value'],
  ['get a\xff\x80\r\n', 'get "a\xff\x80" value'],
  ['get a\tb\r\n', 'get "a\\tb" value'],
  ['get a\r\r\n', 'get "a\\r" value'],
  [`get ${KEY_250}\r\n`, `get "${KEY_250}" value`],
  [`get ${KEY_250}k\r\n`, BAD_FORMAT],
  [`get a ${KEY_250}k b\r\n`, BAD_FORMAT],
  ['get a\0\r\n', BAD_FORMAT],
  ['gat x a\r\n', 'invalid CLIENT_ERROR invalid exptime argument'],
  ['gat 2147483648 a\r\n', 'invalid CLIENT_ERROR invalid exptime argument'],
  ['get\r\n', 'invalid ERROR'],
  ['get \r\n', 'invalid ERROR'],
  ['gets\r\n', 'invalid ERROR'],
  ['getx a\r\n', 'invalid ERROR'],
  ['getsx a\r\n', 'invalid ERROR'],
  ['gut a\r\n', 'invalid ERROR'],
  ['g a\r\n', 'invalid ERROR'],
  ['GET a\r\n', 'invalid ERROR'],
];

const OTHERS: readonly (readonly [string, string])[] = [
  ['delete k\r\n', 'delete "k"'],
  ['delete k 0\r\n', 'delete "k"'],
  ['delete k noreply\r\n', 'delete "k" quiet'],
  ['delete k 0 noreply\r\n', 'delete "k" quiet'],
  ['incr k 1\r\n', 'increment "k" delta=1'],
  ['decr k 18446744073709551615 noreply\r\n', 'decrement "k" delta=18446744073709551615 quiet'],
  ['incr k 18446744073709551616\r\n', 'invalid CLIENT_ERROR invalid numeric delta argument'],
  ['incr k -1\r\n', 'invalid CLIENT_ERROR invalid numeric delta argument'],
  ['incr k\r\n', 'invalid ERROR'],
  ['incr k 1 noreply more\r\n', 'invalid ERROR'],
  [`incr ${KEY_250}k 1\r\n`, BAD_FORMAT],
  ['touch k 60\r\n', 'touch "k" t=60'],
  ['touch k x\r\n', 'invalid CLIENT_ERROR invalid exptime argument'],
  ['touch k\r\n', 'invalid ERROR'],
  ['flush_all\r\n', 'flush t=0'],
  ['flush_all noreply\r\n', 'flush t=0 quiet'],
  ['flush_all 10 noreply\r\n', 'flush t=10 quiet'],
  ['flush_all x\r\n', 'invalid CLIENT_ERROR invalid exptime argument'],
  ['verbosity 1\r\n', 'verbosity level=1'],
  ['verbosity 4294967296\r\n', BAD_FORMAT],
  ['verbosity\r\n', 'invalid ERROR'],
  ['version\r\n', 'version'],
  ['quit\r\n', 'quit'],
  ['refresh_certs\r\n', 'refreshCertificates'],
  ['stats\r\n', 'stats []'],
  ['stats items\r\n', 'stats ["items"]'],
  ['stats detail on\r\n', 'stats ["detail","on"]'],
  ['watch fetchers mutations\r\n', 'watch ["fetchers","mutations"]'],
  ['slabs reassign 1 2\r\n', 'admin ["slabs","reassign","1","2"]'],
  ['slabs automove 1 noreply\r\n', 'admin ["slabs","automove","1","noreply"] quiet'],
  ['lru_crawler disable noreply\r\n', 'admin ["lru_crawler","disable","noreply"]'],
  ['shutdown\r\n', 'admin ["shutdown"]'],
  ['\r\n', 'invalid ERROR'],
  ['\n', 'invalid ERROR'],
  ['   \r\n', 'invalid ERROR'],
  ['unknown\r\n', 'invalid ERROR'],
  ['versiom\r\n', 'invalid ERROR'],
  ['version\0\r\n', BAD_FORMAT],
  ['meta a\r\n', 'invalid ERROR'],
  ['\x80\x81\r\n', 'invalid ERROR'],
  [`${'x'.repeat(300)}\r\n`, 'invalid ERROR'],
];
const USAGE = 'invalid CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]';
const BAD_DELETES: readonly (readonly [string, string])[] = [
  ['delete\r\n', 'invalid ERROR'],
  ['delete k 0 noreply more\r\n', 'invalid ERROR'],
  ['delete k 1\r\n', USAGE],
  ['delete k 1 noreply\r\n', `${USAGE} quiet`],
  ['delete k 0 x\r\n', USAGE],
  [`delete ${KEY_250}k\r\n`, BAD_FORMAT],
];

const CONFIG: readonly (readonly [string, string])[] = [
  ['config get\r\n', 'configGet ""'],
  ['config get cluster\r\n', 'configGet "cluster"'],
  ['config delete a\r\n', 'configDelete "a"'],
  ['config set a 7 3\r\nabc\r\n', 'configSet "a" f=7 body="abc"'],
  ['config set a 0 0\r\n\r\n', 'configSet "a" f=0 body=""'],
  ['config set a 0 3 noreply\r\na\nb\r\n', 'configSet "a" f=0 body="a\\nb" quiet'],
  ['config set a 0 3\r\nabcd\n', 'invalid CLIENT_ERROR bad data chunk'],
  ['config set a 0\r\n', 'invalid ERROR'],
  ['config set a x 3\r\n', `${BAD_FORMAT} skip=5`],
  ['config set a 0 -1\r\n', BAD_FORMAT],
  ['config set a 0 65537\r\n', 'invalid SERVER_ERROR object too large for cache skip=65539'],
  [`config set ${KEY_250}k 0 3\r\n`, `${BAD_FORMAT} skip=5`],
  [`config get ${KEY_250}k\r\n`, 'invalid ERROR'],
  ['config delete\r\n', 'invalid ERROR'],
  ['config other a\r\n', 'invalid ERROR'],
  ['config\r\n', 'invalid ERROR'],
];

const LINES = [...STORAGE, ...BAD_STORAGE, ...GETS, ...OTHERS, ...BAD_DELETES, ...CONFIG];

describe('the decoder of classic requests', () => {
  test.each(LINES)('the decoder decodes %j', (line, expected) => {
    expect(decoded(line)).toEqual({ text: expected, bytes: line.length });
  });
  test.each(LINES)('the decoder waits for the rest of %j at every cut', (line) => {
    expect(new Set(prefixes(line))).toEqual(new Set([INCOMPLETE]));
  });
  test('the decoder hands a line with a two-letter first word of m to the meta decoder', () => {
    expect(decoded('mn\r\n').text).toBe('metaNoop');
    expect(decoded('  mg k v\r\n').text).toBe('metaGet "k" value [v]');
    expect(decoded('mz\n').text).toBe('invalid ERROR');
    expect(prefixes('mg k v\r\n')).toEqual(Array(8).fill(INCOMPLETE));
  });
  test('the decoder closes a connection that sends HTTP', () => {
    const input = Buffer.from('POST / HTTP/1.1\r\n');
    expect(new ClassicDecoder().decode(input, 0, input.length, new Request())).toBe(CLOSE);
  });
  test('the decoder decodes more keys than a request has room for at first', () => {
    const keys = Array.from({ length: 1000 }, (_, i) => `k${i}`);
    const expected = keys.map((key) => JSON.stringify(key)).join(' ');
    expect(decoded(`get ${keys.join(' ')}\r\n`).text).toBe(`get ${expected} value`);
    expect(decoded(`bget ${keys.slice(0, 22).join(' ')}\r\n`).text).toContain('"k21" value');
  });
});

describe('a line without an end', () => {
  const resultOf = (text: string): number => {
    const input = Buffer.from(text, 'latin1');
    return new ClassicDecoder().decode(input, 0, input.length, new Request());
  };
  test('a line without an end is waited for up to 2048 bytes, then closes the connection', () => {
    for (const start of ['set k 0 0 5 ', 'mg ', 'x', 'getx ', 'gat 0 ']) {
      expect(resultOf(start.padEnd(2048, 'x')), start).toBe(INCOMPLETE);
      expect(resultOf(start.padEnd(2049, 'x')), start).toBe(CLOSE);
    }
  });
  test('the line of a get is waited for up to 4 MiB', () => {
    for (const start of ['get ', 'gets ', `${' '.repeat(100)}get `]) {
      expect(resultOf(start.padEnd(2049, 'x')), start).toBe(INCOMPLETE);
      expect(resultOf(start.padEnd(4 << 20, 'x')), start).toBe(INCOMPLETE);
      expect(resultOf(start.padEnd((4 << 20) + 1, 'x')), start).toBe(CLOSE);
    }
  });
  test('a get after more than 100 blanks closes the connection', () => {
    expect(resultOf(`${' '.repeat(101)}get `.padEnd(2049, 'x'))).toBe(CLOSE);
  });
});
