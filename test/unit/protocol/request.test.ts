import { describe, expect, test } from 'vitest';
import { isSasl, isStorage, Request, VERB } from '../../../src/protocol/request.ts';

const verbsThat = (is: (verb: (typeof VERB)[keyof typeof VERB]) => boolean): readonly string[] =>
  Object.entries(VERB)
    .filter(([, verb]) => is(verb))
    .map(([name]) => name);

describe('verbs', () => {
  test('isStorage holds for the verbs that store a value', () => {
    const verbs = ['set', 'add', 'replace', 'append', 'prepend', 'cas'];
    expect(verbsThat(isStorage)).toEqual(verbs);
  });
  test('isSasl holds for the verbs that belong to a login', () => {
    expect(verbsThat(isSasl)).toEqual(['saslMechanisms', 'saslStart', 'saslStep']);
  });
});

test('a request has room for more keys than at first, and keeps all of them', () => {
  const request = new Request();
  for (let key = 0; key < 1000; key++) request.addKey(key, 2 * key);
  expect(request.endKey).toBe(1000);
  for (let key = 0; key < 1000; key++) {
    expect([request.keyStart(key), request.keyEnd(key)]).toEqual([key, 2 * key]);
  }
});
