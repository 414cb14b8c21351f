import { describe, expect, test } from 'vitest';
import { BinaryDecoder, isBinary } from '../../../../src/protocol/binary/decode.ts';
import { OPCODE } from '../../../../src/protocol/binary/wire.ts';
import { CLOSE, INCOMPLETE } from '../../../../src/protocol/decoded.ts';
import { Request } from '../../../../src/protocol/request.ts';
import { counterExtras, packet, storeExtras, uint32Extras } from '../../../support/binary-wire.ts';
import { described, poison } from '../../../support/decoded-request.ts';

const KEY_250 = 'k'.repeat(250);
const NOOP = packet({ opcode: OPCODE.noop });
const INVALID_ARGUMENTS = 'invalid status 4 close';

/** Decodes a packet between two others; every field had another value before. */
function decoded(wire: Buffer): { readonly text: string; readonly bytes: number } {
  const input = Buffer.concat([NOOP, wire, NOOP]);
  const request = new Request();
  poison(request);
  const bytes = new BinaryDecoder().decode(input, NOOP.length, input.length, request);
  expect(request.opaque).toBe(wire.readUInt32BE(12));
  return { text: described(request), bytes };
}

const GETS: readonly (readonly [number, string])[] = [
  [OPCODE.get, 'get "k" value'],
  [OPCODE.getQ, 'get "k" value quiet'],
  [OPCODE.getK, 'get "k" with-key value'],
  [OPCODE.getKQ, 'get "k" with-key value quiet'],
  [OPCODE.configGet, 'configGet "k"'],
  [OPCODE.configGetKQ, 'configGet "k" quiet'],
  [OPCODE.configDelete, 'configDelete "k"'],
  [OPCODE.delete, 'delete "k"'],
  [OPCODE.deleteQ, 'delete "k" quiet'],
];
const TOUCHES: readonly (readonly [number, string])[] = [
  [OPCODE.touch, 'getAndTouch "k" t=60'],
  [OPCODE.gat, 'getAndTouch "k" t=60 value'],
  [OPCODE.gatQ, 'getAndTouch "k" t=60 value quiet'],
  [OPCODE.gatK, 'getAndTouch "k" t=60 with-key value'],
  [OPCODE.gatKQ, 'getAndTouch "k" t=60 with-key value quiet'],
];
const STORES: readonly (readonly [number, string])[] = [
  [OPCODE.set, 'set "k" f=5 t=60 bytes=3'],
  [OPCODE.setQ, 'set "k" f=5 t=60 bytes=3 quiet'],
  [OPCODE.add, 'add "k" f=5 t=60 bytes=3'],
  [OPCODE.addQ, 'add "k" f=5 t=60 bytes=3 quiet'],
  [OPCODE.replace, 'replace "k" f=5 t=60 bytes=3'],
  [OPCODE.replaceQ, 'replace "k" f=5 t=60 bytes=3 quiet'],
];
const PLAIN: readonly (readonly [number, string])[] = [
  [OPCODE.noop, 'noop'],
  [OPCODE.version, 'version'],
  [OPCODE.quit, 'quit'],
  [OPCODE.quitQ, 'quit quiet'],
  [OPCODE.flush, 'flush t=0'],
  [OPCODE.flushQ, 'flush t=0 quiet'],
  [OPCODE.saslMechanisms, 'saslMechanisms'],
  [OPCODE.configList, 'configList'],
  [OPCODE.stat, 'stats []'],
];

describe('the decoder of binary requests', () => {
  test.each(GETS)('the decoder decodes opcode %i with a key', (opcode, expected) => {
    const wire = packet({ opcode, key: 'k' });
    expect(decoded(wire)).toEqual({ text: expected, bytes: wire.length });
    const longest = packet({ opcode, key: KEY_250 });
    expect(decoded(longest).text).toBe(expected.replace('"k"', `"${KEY_250}"`));
    expect(decoded(packet({ opcode })).text).toBe(INVALID_ARGUMENTS);
    expect(decoded(packet({ opcode, key: 'k', value: 'x' })).text).toBe(INVALID_ARGUMENTS);
    expect(decoded(packet({ opcode, key: `${KEY_250}k` })).text).toBe(INVALID_ARGUMENTS);
  });
  test.each(TOUCHES)('the decoder decodes opcode %i with an exptime', (opcode, expected) => {
    const wire = packet({ opcode, key: 'k', extras: uint32Extras(60) });
    expect(decoded(wire)).toEqual({ text: expected, bytes: wire.length });
    expect(decoded(packet({ opcode, key: 'k' })).text).toBe(INVALID_ARGUMENTS);
    const longer = packet({ opcode, key: 'k', extras: storeExtras() });
    expect(decoded(longer).text).toBe(INVALID_ARGUMENTS);
  });
  test.each(STORES)('the decoder decodes opcode %i without its value', (opcode, expected) => {
    const wire = packet({ opcode, key: 'k', extras: storeExtras(5, 60), value: 'abc' });
    expect(decoded(wire)).toEqual({ text: expected, bytes: wire.length - 3 });
    const withCas = packet({ opcode, key: 'k', extras: storeExtras(5, 60), value: '', cas: 9n });
    const cas = expected.replace(/^\w+/, 'cas').replace('bytes=3', 'bytes=0 C=9');
    expect(decoded(withCas).text).toBe(cas);
    expect(decoded(packet({ opcode, key: 'k', value: 'abc' })).text).toBe(INVALID_ARGUMENTS);
  });
  test('the decoder decodes append and prepend, which keep their verb with a CAS id', () => {
    for (const [opcode, expected] of [
      [OPCODE.append, 'append "k" f=0 t=0 bytes=3 C=9'],
      [OPCODE.prependQ, 'prepend "k" f=0 t=0 bytes=3 C=9 quiet'],
    ] as const) {
      const wire = packet({ opcode, key: 'k', value: 'abc', cas: 9n });
      expect(decoded(wire)).toEqual({ text: expected, bytes: wire.length - 3 });
    }
  });
  test('the decoder decodes counters, which 0xffffffff keeps from being created', () => {
    const [max, first] = [2n ** 64n - 1n, 2n ** 32n];
    const create = { opcode: OPCODE.increment, key: 'k', extras: counterExtras(max, first, 60) };
    const expected = `increment "k" delta=${max} N=60 J=${first}`;
    expect(decoded(packet(create)).text).toBe(expected);
    const extras = counterExtras(1n, 0n, 0xffff_ffff);
    const wire = packet({ opcode: OPCODE.decrementQ, key: 'k', extras, cas: 3n });
    expect(decoded(wire).text).toBe('decrement "k" delta=1 C=3 quiet');
  });
  test.each(PLAIN)('the decoder decodes opcode %i without key and value', (opcode, expected) => {
    const wire = packet({ opcode });
    expect(decoded(wire)).toEqual({ text: expected, bytes: wire.length });
    const extras = packet({ opcode, extras: Buffer.alloc(3) });
    expect(decoded(extras).text).toBe(INVALID_ARGUMENTS);
  });
  test('the decoder decodes the arguments of flush, verbosity and stats', () => {
    const flush = packet({ opcode: OPCODE.flush, extras: uint32Extras(7) });
    expect(decoded(flush).text).toBe('flush t=7');
    const verbosity = packet({ opcode: OPCODE.verbosity, extras: uint32Extras(2) });
    expect(decoded(verbosity).text).toBe('verbosity level=2');
    const stats = packet({ opcode: OPCODE.stat, key: 'detail  on', value: 'abc' });
    expect(decoded(stats)).toEqual({ text: 'stats ["detail","on"] skip=3', bytes: 34 });
  });
});

describe('requests that need their whole body', () => {
  const config = packet({
    opcode: OPCODE.configSet,
    key: 'n',
    extras: uint32Extras(7),
    value: 'abc',
  });
  const sasl = packet({ opcode: OPCODE.saslStart, key: 'PLAIN', value: '\0u\0p' });
  test.each([
    [config, 'configSet "n" f=7 body="abc"'],
    [sasl, 'saslStart "PLAIN" body="\\u0000u\\u0000p"'],
    [packet({ opcode: OPCODE.saslStep, key: 'PLAIN', value: '' }), 'saslStep "PLAIN" body=""'],
  ])('a request that needs its whole body decodes only with it', (wire, expected) => {
    expect(decoded(wire)).toEqual({ text: expected, bytes: wire.length });
  });
  test('a request is refused, and its body skipped, if the body is too long', () => {
    const longConfig = { ...{ opcode: OPCODE.configSet, key: 'n', extras: uint32Extras(7) } };
    const tooLong = packet({ ...longConfig, bodyBytes: 5 + 65_537 });
    expect(decoded(tooLong)).toEqual({ text: 'invalid status 3 skip=65537', bytes: 29 });
    const longSasl = packet({ opcode: OPCODE.saslStart, key: 'PLAIN', bodyBytes: 5 + 16_385 });
    expect(decoded(longSasl)).toEqual({ text: 'invalid status 4 skip=16385', bytes: 29 });
    const mechanism = packet({ opcode: OPCODE.saslStart, key: 'm'.repeat(33), value: 'x' });
    expect(decoded(mechanism)).toEqual({ text: 'invalid status 4 skip=1', bytes: 57 });
  });
});

describe('a binary packet', () => {
  const value = 'abc';
  const set = packet({ opcode: OPCODE.set, key: 'key', extras: storeExtras(), value });
  const wires = [NOOP, set, packet({ opcode: OPCODE.get, key: 'key' })];
  test('a binary packet is waited for at every cut', () => {
    const decoder = new BinaryDecoder();
    for (const wire of wires) {
      const head = wire === set ? wire.length - value.length : wire.length;
      const found = Array.from({ length: wire.length }, (_, end) =>
        decoder.decode(wire, 0, end, new Request()),
      );
      expect(found).toEqual(Array.from(found, (_, end) => (end < head ? INCOMPLETE : head)));
    }
  });
  test('a packet with another first byte closes the connection at once', () => {
    for (const magic of [0x00, 0x7f, 0x81, 0xff]) {
      const wire = packet({ opcode: OPCODE.noop, magic });
      expect(new BinaryDecoder().decode(wire, 0, 1, new Request())).toBe(CLOSE);
      expect(isBinary(magic)).toBe(false);
    }
    expect(isBinary(0x80)).toBe(true);
  });
  test('a packet with contradicting lengths gets an error, and the connection closes', () => {
    const tooShort = packet({
      opcode: OPCODE.set,
      key: 'key',
      extras: storeExtras(),
      bodyBytes: 10,
    });
    expect(decoded(tooShort)).toEqual({ text: 'invalid status 129 close', bytes: 24 });
    const keyOnly = packet({ opcode: OPCODE.get, keyBytes: 1, bodyBytes: 0 });
    expect(decoded(keyOnly)).toEqual({ text: 'invalid status 129 close', bytes: 24 });
    const longKey = packet({ opcode: 0x7f, keyBytes: 251, bodyBytes: 251 });
    expect(decoded(longKey)).toEqual({ text: INVALID_ARGUMENTS, bytes: 24 });
  });
  test('a packet with an unknown opcode gets an error, and its body is skipped', () => {
    for (const opcode of [0x1f, 0x30, 0x3c, 0x69, 0xff]) {
      const wire = packet({ opcode, key: 'key', value: 'abc' });
      expect(decoded(wire)).toEqual({ text: 'invalid status 129 skip=6', bytes: 24 });
    }
  });
});
