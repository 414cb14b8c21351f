import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { run } from '../../../../src/cli/run.ts';
import { serveVerb } from '../../../../src/cli/verbs/serve.ts';
import { adminParts } from '../../../support/admin-parts.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { NO_CLUSTER } from '../../../support/no-cluster.ts';
import { TestHost } from '../host.ts';

/** Runs a command line up to the start of its node, which ends at once. */
async function start(args: readonly string[]): Promise<{ code: number; host: TestHost }> {
  const verb = serveVerb(async () => ({
    ...adminParts(),
    addresses: [],
    cluster: NO_CLUSTER,
    fastPath: { kind: 'off', reason: '' },
    checkThreads: async () => {},
    ended: Promise.resolve(),
  }));
  const host = new TestHost();
  return { code: await run(['serve', ...args], [verb], host), host };
}

describe('the options of the admin port', () => {
  test.each([
    [
      ['--admin-host', '0.0.0.0'],
      /--admin-host 0\.0\.0\.0 lets other machines.*--admin-token-file/,
    ],
    [['--admin-tls', 'on'], /--admin-tls on needs the certificate of the node/],
    [['--admin-tls', 'mutual', '-o', 'ssl_chain_cert=x'], /--admin-tls mutual requires client/],
    [['--admin-port', '70000'], /--admin-port.* from 0 to 65535, or off/],
    [['--admin-port', '-1'], /--admin-port.* from 0 to 65535, or off/],
  ])('a node does not start with %j', async (args, reason) => {
    const { code, host } = await start(['--admin-port', '0', ...args]);
    expect(code).toBe(2);
    expect(host.errorLines.join('\n')).toMatch(reason);
  });
  test('a node does not start without the file of its token', async () => {
    const { code, host } = await start(['--admin-port', '0', '--admin-token-file', '/no/token']);
    expect(code).toBe(1);
    expect(host.errorLines.join('\n')).toMatch(/Cannot read the token .*--admin-token-file/);
  });
  test('a node warns of a token that every user can open, and starts', async () => {
    const { path, remove } = await temporaryFolder();
    const file = join(path, 'token');
    await writeFile(file, '0123456789abcdef');
    await chmod(file, 0o644);
    const { code, host } = await start(['--admin-port', '0', '--admin-token-file', file]);
    await remove();
    expect(code).toBe(0);
    const text = `every user of this machine can open ${file}; run: chmod o-rw ${file}`;
    expect(host.errorLines.filter((line) => line.includes(text))).toHaveLength(1);
  });
  test('a node with "off" has no admin port, whatever the other options say', async () => {
    const { code, host } = await start(['--admin-port', 'off', '--admin-host', '0.0.0.0']);
    expect(code).toBe(0);
    expect(host.outputLines.join('\n')).not.toMatch(/Admin port/);
  });
});
