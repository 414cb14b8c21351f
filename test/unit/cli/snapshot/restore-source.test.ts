import { expect, test } from 'vitest';
import { openSource } from '../../../../src/cli/snapshot/restore-source.ts';

async function readAll(path: string): Promise<void> {
  const { pieces } = await openSource(path, {});
  for await (const _ of pieces);
}

test('a snapshot that does not exist is a sentence', async () => {
  await expect(readAll('/no/items')).rejects.toMatchObject({
    code: 'ERR_SNAPSHOT_FILE',
    message: 'Cannot read the snapshot /no/items: there is no such file; correct its name.',
  });
});
test.runIf(process.platform === 'linux')('a device that fails is no bug', async () => {
  // The first page of a process is not mapped.
  await expect(readAll('/proc/self/mem')).rejects.toMatchObject({
    code: 'ERR_SNAPSHOT_FILE',
    message: expect.stringMatching(/^Cannot read the snapshot .*: the device failed \(EIO\)/),
  });
});
