import { expect, test } from 'vitest';
import { AdminClient } from '../../../../src/cli/admin/admin-client.ts';
import { freePort } from '../../../support/ports.ts';
import { startScripted } from '../../../support/scripted-http.ts';

const NO_ACCESS = { token: undefined, ca: undefined, records: [] };

test('a port that refuses, or has no TLS, is a sentence that says what to do', async () => {
  const port = await freePort();
  const absent = new AdminClient(`http://127.0.0.1:${port}`, NO_ACCESS).dump({});
  await expect(absent).rejects.toThrow(
    /: connection refused\. Start a node with this --admin-port/,
  );
  const plain = await startScripted(() => ({ status: 200, body: '' }));
  const url = plain.url.replace('http:', 'https:');
  const dump = new AdminClient(url, NO_ACCESS).dump({});
  await expect(dump).rejects.toThrow(/: it does not speak TLS\. Use http:\/\/ in place/);
  await plain.stop();
});

test('a node of a version without /log says so, and what to do', async () => {
  const body = JSON.stringify({ error: 'There is no /log here; there are /metrics.' });
  const old = await startScripted(() => ({ status: 404, body }));
  const client = new AdminClient(old.url, NO_ACCESS);
  const query = { lines: 1, level: 'info', follow: false } as const;
  const log = client.log(query, new AbortController().signal);
  await expect(log).rejects.toThrow(
    /^The admin port .*: the version of its node has no log to follow\. Start the node again with/,
  );
  await old.stop();
});
