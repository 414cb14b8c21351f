import { lines, type Script, script, stepwise } from '../script.ts';

const LONGEST_KEY = 'k'.repeat(250);
const LONGEST_BASE64 = 'A'.repeat(248);
const TOO_LONG_OPAQUE = `O${'o'.repeat(32)}`;
/** As many flags as a command may have; no command knows the last one. */
const SEVENTEEN_FLAGS = 'k c q u Oo Pp Ll I T0 N0 R0 D1 J1 h l F1 f';

const SETUP = lines('set a 5 100 2', 'hi', 'set n 0 100 2', '10');
const PROBES = lines('mn', 'mg a v f c k h u', 'mg n v f k h u', 'mg none v f k h u');

/** A script for each request: the setup, the request with a CRLF, and the probes. */
const betweenProbes = (...requests: readonly string[]): readonly Script[] =>
  requests.map((request) => {
    const name = request.length > 80 ? `${request.slice(0, 80)}…` : request;
    return script(JSON.stringify(name), SETUP, `${request}\r\n`, PROBES);
  });

/** Spellings of numbers, in every place that takes a number. */
const SPELLINGS = ['+5', '007', '-0', '--5', '1e3', '0x10', '5\t', '5\tx', '\t5', '5.0', ' 5'];
const numbers = SPELLINGS.flatMap((number) => [
  ...['T', 'N', 'R', 'C', 'D', 'J', 'F'].flatMap((flag) => [
    `mg a ${flag}${number}`,
    `ma n ${flag}${number} v`,
    `ms a 2 ${flag}${number}\r\nyo`,
  ]),
  `ms a ${number}\r\nhello`,
]);

/** Requests that follow a quiet request. */
const AFTER_QUIET = ['foo', 'get', 'incr', 'set', 'mg a z', 'get none', 'set a 0 0 1\r\nxxxx'];
const quietRequests = AFTER_QUIET.flatMap((next) =>
  ['mg none q', 'md a q', 'ms a 2 q\r\nyo', 'ma n q', 'set b 0 0 1 noreply\r\nx'].map(
    (request) => `${request}\r\n${next}`,
  ),
);

const LIMITS = [
  'mg a T2147483647',
  'mg a T2592000 t',
  'mg a T2592001 v',
  'mg a T2000000000 v',
  'mg a C18446744073709551615',
  'mg a C18446744073709551616',
  'ma n D18446744073709551616',
  'ma n J18446744073709551615',
  'ma none N0 J18446744073709551615 v',
  'ms a 2 F4294967295\r\nyo',
  `mg a ${SEVENTEEN_FLAGS}`,
  `mg a ${SEVENTEEN_FLAGS} v`,
  `md a ${SEVENTEEN_FLAGS}`,
  `md a ${SEVENTEEN_FLAGS} v`,
  `ma n ${SEVENTEEN_FLAGS}`,
  `ma n ${SEVENTEEN_FLAGS} v`,
  `me a ${SEVENTEEN_FLAGS} v b`,
  `mn ${'x '.repeat(30)}`,
  `mg ${LONGEST_KEY} k`,
  `ms ${LONGEST_KEY} 2 k\r\nhi\r\nmg ${LONGEST_KEY} v k`,
  `mg ${LONGEST_BASE64} b k`,
  `ms ${LONGEST_BASE64} 2 b k\r\nhi\r\nmg ${LONGEST_BASE64} b k v`,
  `mg ${'A'.repeat(250)} b k`,
  `mg ${'A'.repeat(252)} b k`,
  `mg none ${TOO_LONG_OPAQUE}`,
  `mg none q ${TOO_LONG_OPAQUE}`,
  `md a ${TOO_LONG_OPAQUE}`,
  `md none q ${TOO_LONG_OPAQUE}`,
  `ms a 2 ${TOO_LONG_OPAQUE}\r\nyo`,
  `ms a 2 MX ${TOO_LONG_OPAQUE}\r\nyo`,
  `ms a 2 q ${TOO_LONG_OPAQUE}\r\nyo`,
  `ma n MX ${TOO_LONG_OPAQUE}`,
  `mg ${'a'.repeat(2100)}`,
  `mg a O${'o'.repeat(2100)}`,
  `mg a P${'x'.repeat(1900)} v`,
  `ms a 2 L${'x'.repeat(1900)} k\r\nyo`,
  `mg a ${'v '.repeat(1000)}`,
];

const FORMS = [
  ...['mg\ta', 'mg\t a', 'mg a\tv', 'mg a\t v', 'mn\t', 'mn\tx', 'Mg a', 'mG a', 'm', 'mgg a'],
  ...['mg a v\r', 'mg a v\r\r', '   mg a v', 'mg  a  v  '],
  ...['ms a 2\nyo', 'ms a 2 2\r\nyo', 'ms a k2\r\nyo', 'ms a O\r\nyo', 'ms a c\r\nyo'],
  ...['ms a 0\r\n', 'ms a 0\r\n\r\nmn', 'ms a 0 MA\r\n', 'ms a 0 MP k\r\n', 'ms none 0 MA c\r\n'],
  ...['ms a 2\r\nyox', 'ms a 2 q\r\nyox', 'ms a 2 q k Oo\r\nyoxy\r\nmn', 'ms a 3\r\nyo\r\n'],
  ...['ms a 2 M\t\r\nyo', 'ms a 2 M\x01\r\nyo', 'ma n M\x01', 'ma n M+D5 v', 'ma n M+ D5 v'],
  ...['mg YQ== bxyz k', 'mg YQ== k b', 'ms YQ== 1 bx k\r\nx', 'mg a k b', 'me YQ== b', 'me a v b'],
  ...['mg a O k O', 'mg a o', 'md a noreply', 'md a 0', 'ma n noreply'],
];

const COUNTER_REQUESTS = ['ma n v', 'ma n D100 v', 'incr n 1', 'incr n 100', 'decr n 1'];

/** What a flag does to an item, and how later requests see the item. */
const ITEM_SCENARIOS = [
  ...['mg a N30 T0 t R60', 'mg none N30 T50 R60 t v k', 'mg none T50 N30 t v k'],
  ...['mg none N30 R60 t', 'mg none N30 q v', 'mg none N30 u h\r\nmg none h\r\nmg none h'],
  ...['mg a R60', 'mg a R200\r\nmg a R200', 'mg a R200 q\r\nmg a v', 'mg a R2000000000 v'],
  'mg a R200 k v c\r\nms a 2 T100\r\nyo\r\nmg a R200',
  ...['touch a 0', 'gat 100 a', 'cas a 0 0 1 1\r\nx', 'add a 0 0 1\r\nx', 'ms a 1 ME\r\nx'].map(
    (request) => `md a I\r\n${request}\r\nmg a t v\r\nmg a v`,
  ),
  ...COUNTER_REQUESTS.flatMap((request) => [`md n I\r\n${request}`, `${request}\r\nmg n h u`]),
  ...['I', 'I C1', 'I C1 T30 F9', 'I C1 MR', 'I C1 MA', 'I C1 ME', 'C1 ME', 'MA C1 k c Oo'].map(
    (flags) => `ms a 2 ${flags}\r\nyo\r\nmg a v t f\r\nmg a\r\nms none 2 ${flags}\r\nzz`,
  ),
];

const SIZES = [
  ...[1_048_516, 1_048_517].map((size) => `ms a ${size}\r\n${'x'.repeat(size)}\r\nmg a s`),
  ...[1_048_512, 1_048_513].map((size) => `ms a ${size} F1\r\n${'x'.repeat(size)}\r\nmg a s`),
  `ms a 2000000 z\r\n${'x'.repeat(2_000_000)}`,
  `ms a 700000\r\n${'x'.repeat(700_000)}\r\n` +
    `ms a 700000 MA k Oo c\r\n${'x'.repeat(700_000)}\r\nmg a s`,
];

/** Lines that resemble meta commands, and their effects. */
export const META_LINES: readonly Script[] = [
  ...betweenProbes(...numbers, ...quietRequests, ...LIMITS, ...FORMS, ...ITEM_SCENARIOS, ...SIZES),
  ...COUNTER_REQUESTS.map((request) =>
    stepwise(
      `a stale item whose lease is won, then ${request}`,
      SETUP,
      'md n I\r\n',
      'mg n\r\n',
      `${request}\r\n`,
      PROBES,
    ),
  ),
];
