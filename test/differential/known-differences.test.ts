import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whyNoMemcached } from '../support/memcached.ts';
import { sendAndReadToEnd } from '../support/wire.ts';
import { KNOWN_DIFFERENCES } from './known-differences.ts';
import { ORACLE_VERSION, type Pair, startPair, stopPair, subjectIsMemcached } from './servers.ts';

const PROTOCOL_PAGE = new URL('../../docs/protocol.md', import.meta.url);
const hasNoOracle = whyNoMemcached(ORACLE_VERSION) !== undefined;

test('every known difference is a row of docs/protocol.md', async () => {
  const page = await readFile(PROTOCOL_PAGE, 'utf8');
  const missing = KNOWN_DIFFERENCES.filter(({ title }) => !page.includes(`| ${title}`));
  expect(missing.map(({ title }) => title)).toEqual([]);
});

describe.skipIf(hasNoOracle)('known differences from memcached', () => {
  let pair: Pair | undefined;
  beforeAll(async () => {
    pair = await startPair();
  });
  afterAll(() => stopPair(pair));

  async function replyOf(side: keyof Pair, request: string): Promise<string> {
    const { address } = pair![side];
    await sendAndReadToEnd(address, 'flush_all\r\n');
    return (await sendAndReadToEnd(address, Buffer.from(request, 'latin1'))).toString('latin1');
  }

  for (const { title, examples } of KNOWN_DIFFERENCES) {
    describe(title, () => {
      for (const { request, ours, theirs } of examples) {
        const name = JSON.stringify(request.slice(0, 60));
        test.skipIf(subjectIsMemcached)(`slabring: ${name}`, async () => {
          const reply = (await replyOf('ours', request)).replace(/^VERSION .*\r$/m, 'VERSION #\r');
          expect(reply).toBe(ours);
        });
        if (theirs !== undefined) {
          test(`memcached: ${name}`, async () => {
            expect(await replyOf('theirs', request)).toBe(theirs);
          });
        }
      }
    });
  }
});
