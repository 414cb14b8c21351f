/**
 * What the fast path knows of the other rooms: numbers and texts by name, all from the declarations
 * that the JavaScript uses. The compiler of the fast path makes the module `./constants` of them.
 */
import { named } from '../base/index.ts';
import { COMMAND_CONSTANTS } from '../commands/index.ts';
import { PROTOCOL_CONSTANTS, PROTOCOL_TEXTS } from '../protocol/index.ts';
import { STORE_CONSTANTS } from '../store/index.ts';
import { REGION, RESULT, SETUP, WALK_ACTION } from './region.ts';
import { WORDS } from './words.ts';

const TEXT_BYTES_MAX = 16;
const I32_MAX = 0x7fff_ffff;
const WORD_BYTES = 4;
const SETUP_BYTES = 8;

/** The declaration of a number; one that is no 32-bit integer is a float. */
function numberLine(name: string, value: number): string {
  if (!Number.isInteger(value)) return `export const ${name}: f64 = ${value};`;
  return `export const ${name}: i32 = ${value > I32_MAX ? value | 0 : value};`;
}

/** Eight bytes of a text, from `at` on, as a number; bytes after its end are 0. */
function hex(text: Uint8Array, at: number): string {
  const padded = Buffer.alloc(TEXT_BYTES_MAX);
  padded.set(text);
  return `0x${padded.readBigUInt64LE(at).toString(16)}`;
}

/** A text of at most 16 bytes becomes two 64-bit words and a length. */
function textLines(name: string, text: Uint8Array): string {
  if (text.length > TEXT_BYTES_MAX) throw new RangeError(`The text ${name} is too long.`);
  return [
    `export const TEXT_${name}: u64 = ${hex(text, 0)};`,
    `export const TEXT_${name}_REST: u64 = ${hex(text, 8)};`,
    `export const TEXT_${name}_BYTES: i32 = ${text.length};`,
  ].join('\n');
}

/** A word becomes one 64-bit number, and the mask of its bytes. */
function wordLines(name: string, word: Uint8Array): string {
  const mask = 2n ** BigInt(8 * word.length) - 1n;
  return [
    `export const WORD_${name}: u64 = ${hex(word, 0)};`,
    `export const WORD_${name}_MASK: u64 = 0x${mask.toString(16)};`,
    `export const WORD_${name}_BYTES: i32 = ${word.length};`,
  ].join('\n');
}

/** The text of the AssemblyScript module `./constants`. */
export function constantsModule(): string {
  const numbers = {
    ...STORE_CONSTANTS,
    ...PROTOCOL_CONSTANTS,
    ...COMMAND_CONSTANTS,
    ...REGION,
    ...named('RESULT', RESULT, WORD_BYTES),
    ...named('SETUP', SETUP, SETUP_BYTES),
    ...named('WALK_ACTION', WALK_ACTION),
  };
  return [
    ...Object.entries(numbers).map(([name, value]) => numberLine(name, value)),
    ...Object.entries(WORDS).map(([name, word]) => wordLines(name, word)),
    ...Object.entries(PROTOCOL_TEXTS).map(([name, text]) => textLines(name, text)),
    '',
  ].join('\n');
}
