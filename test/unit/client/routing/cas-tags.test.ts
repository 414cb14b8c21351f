import { describe, expect, test } from 'vitest';
import {
  casTagOf,
  TAGGED_CAS_MAX,
  tagCas,
  untagCas,
} from '../../../../src/client/routing/cas-tags.ts';

describe('tags of CAS ids', () => {
  test('a tagged id yields its tag and its id, and is at most TAGGED_CAS_MAX', () => {
    const tag = casTagOf('10.0.0.1:11211');
    expect(tag).not.toBe(casTagOf('10.0.0.2:11211'));
    for (const cas of [0n, 1n, 2n ** 64n - 1n]) {
      expect(untagCas(tagCas(cas, tag))).toEqual({ cas, tag });
      expect(tagCas(cas, tag) <= TAGGED_CAS_MAX).toBe(true);
    }
  });

  test('an id without a tag has the tag 0', () => {
    expect(untagCas(77n)).toEqual({ cas: 77n, tag: 0n });
  });
});
