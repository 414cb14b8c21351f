import { describe, expect, test } from 'vitest';
import { parseFacts } from '../../../../src/protocol/client.ts';
import { factsLine } from '../../../../src/protocol/text/item-facts.ts';

const line = (ttl: number): string => `ME k exp=${ttl} la=5 cas=9 fetch=yes cls=2 size=70`;

describe('the facts of an item', () => {
  test('a key that is no visible ASCII is sent in base64', () => {
    expect(factsLine(Buffer.from('user:1'))).toBe('me user:1\r\n');
    for (const key of ['a b', 'a\nb', 'é', '\0'])
      expect(factsLine(Buffer.from(key))).toBe(`me ${Buffer.from(key).toString('base64')} b\r\n`);
  });
  test('the reply has ttl, idle time, CAS id, class and size', () => {
    expect(parseFacts(line(60))).toEqual({
      ...{ ttl: 60, idleSeconds: 5, cas: 9n, isFetched: true, sizeClass: 2, bytes: 70 },
    });
  });
  test('-1 is no expiry, and the negative seconds of memcached 1.6.18 are seconds', () => {
    expect(parseFacts(line(-1))?.ttl).toBeUndefined();
    expect(parseFacts(line(-60))?.ttl).toBe(60);
  });
  test('another line has no facts', () => {
    expect(parseFacts('EN')).toBeUndefined();
  });
});
