/** GET /healthz of a node whose worker thread hangs, and the questions that its threads get. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { adminUrl } from '../../support/admin-url.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { ask } from '../../support/http.ts';
import { startSlabring } from '../../support/node-process.ts';
import { waitUntil } from '../../support/wait.ts';

const HANG = fileURLToPath(new URL('../../support/hang-preload.ts', import.meta.url));
/** Fewer than the port answers at the same time. */
const PROBES = 6;

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

test('a node with a thread that hangs is not healthy, and says which thread it is', async () => {
  const { path, remove } = await temporaryFolder();
  closers.push(remove);
  const file = join(path, 'hang');
  const node = await startSlabring({
    args: ['--admin-port', '0', '-t', '2'],
    nodeArgs: ['--import', HANG],
    env: { HANG_FILE: file },
  });
  closers.push(() => {
    node.process.child.kill('SIGKILL');
    return node.process.exited;
  });
  const url = adminUrl(node);
  await waitUntil('the node is healthy', async () => (await ask(`${url}/healthz`)).status === 200);
  await writeFile(file, '');
  const ill = await waitUntil('the node is not healthy', async () => {
    const answer = await ask(`${url}/healthz`);
    return answer.status === 503 && answer;
  });
  expect(JSON.parse(ill.body)).toEqual({
    healthy: false,
    reason: expect.stringMatching(/^The thread serve-[01] did not answer within 900 ms\.$/),
  });
  const answers = await Promise.all(Array.from({ length: PROBES }, () => ask(`${url}/healthz`)));
  for (const { status, body } of answers) expect([status, body]).toEqual([503, ill.body]);
  expect((await ask(`${url}/metrics`)).status).toBe(200);
  const lines = node.process.stderr.split('\n').filter((line) => line.includes('not healthy'));
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ level: 'error', msg: 'the node is not healthy' }),
  ]);
});
