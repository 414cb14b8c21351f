import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cuts, everyCut, pieces } from '../support/cuts.ts';
import { temporaryFolder } from '../support/folder.ts';
import { startSlabring } from '../support/node-process.ts';
import type { TestServer } from '../support/server.ts';
import { sendAndReadToEnd } from '../support/wire.ts';
import { SCRIPTS } from './cases/index.ts';
import { ReplyNormaliser } from './reply.ts';
import type { Script } from './script.ts';

/** Longer scripts test sizes; the unit tests of the decoder cut those. */
const SCRIPT_BYTES_MAX = 700;
const FLUSH = Buffer.from('flush_all noreply\r\n');

const isCuttable = ({ steps }: Script): boolean =>
  steps.join('').length <= SCRIPT_BYTES_MAX && !steps.some((step) => step.includes('{cas '));

/** A Unix socket uses no ports, so the tests can open tens of thousands of connections. */
describe('a script gets the same replies wherever its bytes are cut', () => {
  let server: TestServer | undefined;
  let folder: Awaited<ReturnType<typeof temporaryFolder>> | undefined;
  beforeAll(async () => {
    folder = await temporaryFolder();
    server = await startSlabring({ unixSocket: join(folder.path, 'socket') });
  });
  afterAll(async () => {
    await server?.stop();
    await folder?.remove();
  });

  async function replyTo(bytes: Buffer, cuts: Cuts): Promise<string> {
    const [first = bytes, ...rest] = pieces(bytes, cuts);
    const sent = [Buffer.concat([FLUSH, first]), ...rest];
    return new ReplyNormaliser().normalise(await sendAndReadToEnd(server!.address, sent));
  }

  for (const [group, scripts] of Object.entries(SCRIPTS)) {
    test.for(scripts.filter(isCuttable))(`${group}: $name`, async ({ steps }) => {
      const bytes = Buffer.from(steps.join(''), 'latin1');
      const whole = await replyTo(bytes, []);
      for (const cuts of everyCut(bytes)) {
        expect(await replyTo(bytes, cuts), `cut at [${cuts}]`).toBe(whole);
      }
    });
  }
});
