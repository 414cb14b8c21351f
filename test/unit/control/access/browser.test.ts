import { describe, expect, test } from 'vitest';
import { isFromThisMachine } from '../../../../src/control/access/browser.ts';

const HERE = '127.0.0.1:8899';

describe('requests without a signature', () => {
  test.each([
    { host: HERE },
    { host: 'localhost:8899' },
    { host: '[::1]:8899' },
    { host: HERE, 'sec-fetch-site': 'none' },
    { host: HERE, 'sec-fetch-site': 'same-origin', origin: `http://${HERE}` },
  ])('%j counts', (headers) => {
    expect(isFromThisMachine(headers)).toBe(true);
  });

  test.each([
    {},
    { host: 'cache.example:8899' },
    { host: 'a b' },
    { host: HERE, 'sec-fetch-site': 'cross-site' },
    { host: HERE, 'sec-fetch-site': 'same-site' },
    { host: HERE, origin: 'https://example.com' },
    { host: HERE, origin: 'null' },
  ])('%j is of a page of another site', (headers) => {
    expect(isFromThisMachine(headers)).toBe(false);
  });
});
