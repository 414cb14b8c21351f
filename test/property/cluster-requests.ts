import { packet } from '../support/binary-wire.ts';
import type { Random } from '../support/random.ts';

const KEYS = Array.from({ length: 12 }, (_, i) => `key${i}`);
/** No item has this CAS id. */
const NO_CAS = 999_999_999_999n;

/** A value, mostly small. */
function randomValue(random: Random): string {
  const length = random.weighted([
    [30, random.int(0, 40)],
    [4, random.int(1000, 30_000)],
    [1, random.int(500_000, 700_000)],
    [0.3, 1_200_000],
  ]);
  return random.oneIn(3) ? `${random.int(0, 99)}` : random.pick(['a', 'b', 'c']).repeat(length);
}

const manyKeys = (random: Random): string =>
  Array.from({ length: random.int(2, 24) }, () => random.pick(KEYS)).join(' ');

function storage(random: Random): string {
  const verb = random.pick(['set', 'set', 'set', 'add', 'replace', 'append', 'prepend', 'cas']);
  const value = randomValue(random);
  const noreply = random.oneIn(5) ? ' noreply' : '';
  const cas = verb === 'cas' ? ` ${NO_CAS}` : '';
  const end = random.oneIn(30) ? 'xx' : '\r\n';
  const flags = random.pick([0, 5]);
  const line = `${verb} ${random.pick(KEYS)} ${flags} 0 ${value.length}${cas}${noreply}`;
  return `${line}\r\n${value}${end}`;
}

function metaSet(random: Random): string {
  const value = randomValue(random);
  const flags = random.pick(['', ' q', ' I', ' ME', ' MA', ' k O7', ' T60', ' F9 b']);
  const name = random.pick(KEYS);
  const key = flags.endsWith(' b') ? Buffer.from(name).toString('base64') : name;
  return `ms ${key} ${value.length}${flags}\r\n${value}\r\n`;
}

/** A random request of the text protocol, with its value. */
export function textRequest(random: Random): string {
  const key = random.pick(KEYS);
  const noreply = random.oneIn(5) ? ' noreply' : '';
  return random.weighted<() => string>([
    [10, () => storage(random)],
    [8, () => metaSet(random)],
    [8, () => `get ${key}\r\n`],
    [8, () => `get ${manyKeys(random)}\r\n`],
    [3, () => `gets ${manyKeys(random)}\r\n`],
    [3, () => `gat 1000 ${manyKeys(random)}\r\n`],
    [2, () => `gats 0 ${key}\r\n`],
    [3, () => `delete ${key}${noreply}\r\n`],
    [3, () => `${random.pick(['incr', 'decr'])} ${key} ${random.int(0, 30)}${noreply}\r\n`],
    [2, () => `touch ${key} 500${noreply}\r\n`],
    [
      6,
      () => `mg ${key} ${random.pick(['v', 'v q', 's f v k', 't', 'v N30', 'v T90', 'q O1'])}\r\n`,
    ],
    [2, () => `md ${key}${random.pick(['', ' q', ' I T30', ' x'])}\r\n`],
    [2, () => `ma ${key} ${random.pick(['v', 'D3', 'N0 J13 v', 'q'])}\r\n`],
    [3, () => 'mn\r\n'],
    [2, () => 'version\r\n'],
    [1, () => 'bogus\r\n'],
    [1, () => `get ${'k'.repeat(251)}\r\n`],
    [1, () => `set ${'k'.repeat(251)} 0 0 2\r\nab\r\n`],
    [0.5, () => `flush_all${noreply}\r\n`],
    [0.5, () => `verbosity 1${noreply}\r\n`],
  ])();
}

/** A random packet of the binary protocol. */
export function binaryRequest(random: Random): Buffer {
  const key = random.pick(KEYS);
  const opaque = random.int(0, 0x7fff_ffff);
  const u32 = (...words: number[]): Buffer => {
    const bytes = Buffer.alloc(4 * words.length);
    for (const [i, word] of words.entries()) bytes.writeUInt32BE(word, 4 * i);
    return bytes;
  };
  const counter = u32(0, random.int(0, 9), 0, 5, random.pick([0, 0xffff_ffff]));
  return random.weighted<() => Buffer>([
    [
      8,
      () =>
        packet({
          opcode: random.pick([0x01, 0x02, 0x03, 0x11, 0x12, 0x13]),
          key,
          value: randomValue(random),
          extras: u32(random.pick([0, 3]), 0),
          opaque,
          ...(random.oneIn(6) ? { cas: NO_CAS } : {}),
        }),
    ],
    [12, () => packet({ opcode: random.pick([0x00, 0x09, 0x0c, 0x0d]), key, opaque })],
    [3, () => packet({ opcode: random.pick([0x04, 0x14]), key, opaque })],
    [
      3,
      () => packet({ opcode: random.pick([0x05, 0x06, 0x15, 0x16]), key, extras: counter, opaque }),
    ],
    [2, () => packet({ opcode: random.pick([0x0e, 0x0f, 0x19, 0x1a]), key, value: 'zz', opaque })],
    [2, () => packet({ opcode: random.pick([0x1c, 0x1d, 0x1e]), key, extras: u32(300), opaque })],
    [4, () => packet({ opcode: 0x0a, opaque })],
    [1, () => packet({ opcode: 0x0b, opaque })],
    [0.5, () => packet({ opcode: random.pick([0x08, 0x18]), opaque })],
    [0.5, () => packet({ opcode: 0x55, key, value: 'unknown', opaque })],
  ])();
}
