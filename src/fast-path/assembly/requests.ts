/**
 * The requests that are decoded but not answered yet: one entry for each request, or for each key
 * of a get. Offsets in the input are from the start of the region.
 */
import { ENTRIES_AT, ENTRY_BYTES } from './constants';
import { region } from './store';

/** What an entry asks for. */
export const GET = 0;
export const META_GET = 1;
export const BINARY_GET = 2;
export const SET = 3;
export const META_SET = 4;
export const BINARY_SET = 5;
export const DELETE = 6;
export const META_DELETE = 7;
export const TOUCH = 8;
export const META_NOOP = 9;
export const BINARY_NOOP = 10;

/** Bits of an entry. */
/** It suppresses the expected reply. */
export const QUIET = 1;
/** `gets`, or binary replies with the key. */
export const WITH_CAS = 2;
export const WITH_KEY = 4;
/** Meta: the reply has the value. */
export const WITH_VALUE = 8;
export const HAS_EXPTIME = 16;
/** The last key of a get. */
export const LAST_KEY = 32;
/** Meta: the reply has something beside the value. */
export const HAS_FLAGS = 64;

const KIND: usize = 0;
const BITS: usize = 4;
const KEY: usize = 8;
const KEY_BYTES: usize = 12;
const HASH: usize = 16;
const LINE: usize = 20;
const NEXT: usize = 24;
const KEY_NUMBER: usize = 28;
const VALUE: usize = 32;
const VALUE_BYTES: usize = 36;
const CLIENT_FLAGS: usize = 40;
const EXPTIME: usize = 44;
const WORDS: usize = 48;
const WORDS_END: usize = 52;
const SIZE_CLASS: usize = 56;
const NEXT_ITEM: usize = 60;

export function entryAt(nth: i32): usize {
  return region + ENTRIES_AT + <usize>(nth * ENTRY_BYTES);
}

/** Begins an entry; the fields that its kind does not use keep old values. */
export function begin(entry: usize, kind: i32, line: usize): void {
  store<i32>(entry, kind, KIND);
  store<i32>(entry, 0, BITS);
  store<u32>(entry, <u32>(line - region), LINE);
}

export function kindOf(entry: usize): i32 {
  return load<i32>(entry, KIND);
}

export function hasBit(entry: usize, bit: i32): bool {
  return (load<i32>(entry, BITS) & bit) !== 0;
}

export function setBit(entry: usize, bit: i32): void {
  store<i32>(entry, load<i32>(entry, BITS) | bit, BITS);
}

export function setKey(entry: usize, key: usize, keyBytes: u32, hash: u32): void {
  store<u32>(entry, <u32>(key - region), KEY);
  store<u32>(entry, keyBytes, KEY_BYTES);
  store<u32>(entry, hash, HASH);
}

export function keyOf(entry: usize): usize {
  return region + load<u32>(entry, KEY);
}

export function keyBytes(entry: usize): u32 {
  return load<u32>(entry, KEY_BYTES);
}

export function keyHash(entry: usize): u32 {
  return load<u32>(entry, HASH);
}

/** Where the line or packet of the request begins. */
export function lineOf(entry: usize): usize {
  return region + load<u32>(entry, LINE);
}

/** Where the next request begins. */
export function nextOf(entry: usize): usize {
  return region + load<u32>(entry, NEXT);
}

export function setNext(entry: usize, next: usize): void {
  store<u32>(entry, <u32>(next - region), NEXT);
}

/** The number of the key in the words of its line: the name of the command is word 0. */
export function keyNumber(entry: usize): i32 {
  return load<i32>(entry, KEY_NUMBER);
}

export function setKeyNumber(entry: usize, number: i32): void {
  store<i32>(entry, number, KEY_NUMBER);
}

export function setValue(entry: usize, value: usize, bytes: u32): void {
  store<u32>(entry, <u32>(value - region), VALUE);
  store<u32>(entry, bytes, VALUE_BYTES);
}

export function valueAt(entry: usize): usize {
  return region + load<u32>(entry, VALUE);
}

export function valueBytes(entry: usize): u32 {
  return load<u32>(entry, VALUE_BYTES);
}

export function clientFlags(entry: usize): u32 {
  return load<u32>(entry, CLIENT_FLAGS);
}

export function setClientFlags(entry: usize, flags: u32): void {
  store<u32>(entry, flags, CLIENT_FLAGS);
}

export function exptime(entry: usize): u32 {
  return load<u32>(entry, EXPTIME);
}

export function setExptime(entry: usize, seconds: u32): void {
  store<u32>(entry, seconds, EXPTIME);
}

/** The words after the key of a meta request. */
export function setWords(entry: usize, from: usize, to: usize): void {
  store<u32>(entry, <u32>(from - region), WORDS);
  store<u32>(entry, <u32>(to - region), WORDS_END);
}

export function wordsOf(entry: usize): usize {
  return region + load<u32>(entry, WORDS);
}

export function wordsEnd(entry: usize): usize {
  return region + load<u32>(entry, WORDS_END);
}

export function sizeClass(entry: usize): u32 {
  return load<u32>(entry, SIZE_CLASS);
}

export function setSizeClass(entry: usize, id: u32): void {
  store<u32>(entry, id, SIZE_CLASS);
}

/** The item of the bucket that the look-ahead reads next. */
export function nextItem(entry: usize): u32 {
  return load<u32>(entry, NEXT_ITEM);
}

export function setNextItem(entry: usize, id: u32): void {
  store<u32>(entry, id, NEXT_ITEM);
}
