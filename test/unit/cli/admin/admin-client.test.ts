import { expect, test } from 'vitest';
import { AdminClient } from '../../../../src/cli/admin/admin-client.ts';
import { startScripted } from '../../../support/scripted-http.ts';

test('a node of a version without /log says so, and what to do', async () => {
  const body = JSON.stringify({ error: 'There is no /log here; there are /metrics.' });
  const old = await startScripted(() => ({ status: 404, body }));
  const client = new AdminClient(old.url, { token: undefined, ca: undefined, records: [] });
  const query = { lines: 1, level: 'info', follow: false } as const;
  const log = client.log(query, new AbortController().signal);
  await expect(log).rejects.toThrow(
    /^The admin port .*: the version of its node has no log to follow\. Start the node again with/,
  );
  await old.stop();
});
