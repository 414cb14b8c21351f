import { describe, expect, test } from 'vitest';
import { keyJson } from '../../../../src/ops/index.ts';

const latin1 = (text: string): string => Buffer.from(text).toString('latin1');

describe('a key in JSON', () => {
  test.each([
    [latin1('größe'), { key: 'größe' }],
    [latin1('\ufffd'), { key: '\ufffd' }],
    ['\u00ff\0', { keyBase64: '/wA=' }],
  ])('the key %j is %j', (key, json) => {
    expect(keyJson(key)).toEqual(json);
  });
});
