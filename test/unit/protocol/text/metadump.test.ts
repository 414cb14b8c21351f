import { describe, expect, test } from 'vitest';
import { MalformedReply, MetadumpDecoder } from '../../../../src/protocol/client.ts';
import { everyCut, pieces } from '../../../support/cuts.ts';

const SLABRING =
  'OK\r\nkey=a%3Ab exp=1700000100 la=1700000000 cas=7 fetch=yes cls=3 size=100 flags=1 \nEND\r\n';
const MEMCACHED = 'key=%00%FF exp=-1 la=1700000001 cas=8 fetch=no cls=12 size=1024\nEND\r\n';

function decoded(reply: string, cuts: readonly number[]) {
  const decoder = new MetadumpDecoder();
  const bytes = Buffer.from(reply, 'latin1');
  const items = pieces(bytes, cuts).flatMap((piece) => decoder.push(Buffer.from(piece)));
  return { items, isDone: decoder.isDone, refusal: decoder.refusal };
}

describe('a metadump', () => {
  test('the list of slabring is decoded wherever it is cut', () => {
    for (const cuts of everyCut(Buffer.from(SLABRING))) {
      expect(decoded(SLABRING, cuts), String(cuts)).toEqual({
        items: [
          {
            ...{ key: 'a:b', expiresAt: 1_700_000_100, accessedAt: 1_700_000_000 },
            ...{ isFetched: true, sizeClass: 3, bytes: 100 },
          },
        ],
        isDone: true,
        refusal: undefined,
      });
    }
  });
  test('a binary key of memcached has one character for each byte', () => {
    const { items } = decoded(MEMCACHED, []);
    expect(items).toMatchObject([{ key: '\0\u00ff', expiresAt: undefined, isFetched: false }]);
  });
  test.each([
    'ERROR metadump not allowed',
    'CLIENT_ERROR permission denied',
    'BUSY currently processing crawler request',
  ])('the reply %s is a refusal', (line) => {
    for (const cuts of everyCut(Buffer.from(`${line}\r\n`))) {
      expect(decoded(`${line}\r\n`, cuts)).toEqual({ items: [], isDone: true, refusal: line });
    }
  });
  test('a list without its end is not done', () => {
    expect(decoded(SLABRING.slice(0, -5), []).isDone).toBe(false);
  });
  test('another reply is malformed, and so is a line that does not end', () => {
    expect(() => decoded('VALUE x 0 1\r\n', [])).toThrow(MalformedReply);
    expect(() => decoded('key='.padEnd(3000, 'x'), [])).toThrow(MalformedReply);
  });
});
