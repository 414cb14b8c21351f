import { describe, expect, test } from 'vitest';
import {
  casTagOf,
  TAGGED_CAS_MAX,
  tagCas,
  untagCas,
} from '../../../../src/client/routing/cas-tags.ts';

describe('CAS ids with tags', () => {
  test('say whose they are, and fit their bound', () => {
    const tag = casTagOf('10.0.0.1:11211');
    expect(tag).not.toBe(casTagOf('10.0.0.2:11211'));
    for (const cas of [0n, 1n, 2n ** 64n - 1n]) {
      expect(untagCas(tagCas(cas, tag))).toEqual({ cas, tag });
      expect(tagCas(cas, tag) <= TAGGED_CAS_MAX).toBe(true);
    }
  });

  test('without a tag they are nobody’s', () => {
    expect(untagCas(77n)).toEqual({ cas: 77n, tag: 0n });
  });
});
