import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CodedError, ProcessLog } from '../../../../src/base/index.ts';
import type { Host } from '../../../../src/cli/process/host.ts';
import {
  openServiceManager,
  type ServiceManager,
} from '../../../../src/cli/process/service-manager.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { waitUntil } from '../../../support/wait.ts';
import { TestHost } from '../host.ts';

/** A host without a supervisor, as under systemd. */
class ServiceHost extends TestHost {
  override readonly supervisor = undefined;
}

const logOf = ({ log: output }: TestHost): ProcessLog =>
  new ProcessLog({ output, format: 'text', verbosity: 0 });

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let manager: ServiceManager | undefined;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  manager?.close();
  await folder.remove();
});

/** Opens a manager whose `systemd-notify` writes its words, a line for each message. */
async function open(env: Host['env'] = {}, exitCode = 0) {
  const command = join(folder.path, 'systemd-notify');
  const sent = join(folder.path, 'sent');
  await writeFile(sent, '');
  const script = `#!/bin/sh\n(IFS='|'; echo "$*") >> '${sent}'\nexit ${exitCode}\n`;
  await writeFile(command, script);
  await chmod(command, 0o755);
  const path = `${folder.path}:${process.env['PATH']}`;
  const host = new ServiceHost({ env: { PATH: path, NOTIFY_SOCKET: '/run/notify', ...env } });
  manager = openServiceManager(host, logOf(host));
  const lines = async () => (await readFile(sent, 'utf8')).split('\n').slice(0, -1);
  const untilSent = (count: number) =>
    waitUntil(`${count} messages`, async () => {
      const found = await lines();
      return found.length >= count && found;
    });
  return { host, manager, untilSent, lines };
}

/** The shortest time between two pings is 100 ms. */
const WATCHED = { WATCHDOG_USEC: '1000' };

test('the manager gets the state and the status, on one line each', async () => {
  const { manager, untilSent, host } = await open();
  manager.ready('Listening on /tmp/a\nb\tc');
  manager.stopping('Draining');
  expect(await untilSent(2)).toEqual([
    'READY=1|STATUS=Listening on /tmp/a b c',
    'STOPPING=1|STATUS=Draining',
  ]);
  expect(host.errorLines).toEqual([]);
});

test('a message leaves also if the manager closes at once', async () => {
  const { manager, untilSent } = await open();
  manager.ready('a');
  manager.stopping('b');
  manager.close();
  expect(await untilSent(2)).toEqual(['READY=1|STATUS=a', 'STOPPING=1|STATUS=b']);
});

test('a node without NOTIFY_SOCKET, or with a supervisor, sends nothing', () => {
  const env = { PATH: '/nonexistent', NOTIFY_SOCKET: '/run/notify' };
  const hosts = [new ServiceHost({ env: { PATH: '/nonexistent' } }), new TestHost({ env })];
  for (const host of hosts) {
    const none = openServiceManager(host, logOf(host));
    none.ready('a');
    none.watch(() => Promise.reject(new Error('asked')));
    none.stopping('b');
    none.close();
    expect(host.errorLines).toEqual([]);
  }
});

test('a missing systemd-notify is one warning, however many messages fail', async () => {
  const { host, manager } = await open({ PATH: '/nonexistent' });
  manager.ready('a');
  manager.stopping('b');
  await waitUntil('the warning', () => host.errorLines.length > 0);
  expect(host.errorLines).toEqual([expect.stringContaining('(the command is missing)')]);
});

test('a failing systemd-notify is one warning with its exit code', async () => {
  const { host, manager, untilSent } = await open({}, 3);
  manager.ready('a');
  manager.stopping('b');
  await untilSent(2);
  await waitUntil('the warning', () => host.errorLines.length > 0);
  expect(host.errorLines).toEqual([expect.stringContaining('(exit code 3)')]);
});

describe('the watchdog', () => {
  test('the watchdog gets a message after each check that passes', async () => {
    const { manager, untilSent } = await open({ ...WATCHED, WATCHDOG_PID: `${process.pid}` });
    let checks = 0;
    manager.watch(async () => void checks++);
    expect(await untilSent(2)).toEqual(['WATCHDOG=1', 'WATCHDOG=1']);
    expect(checks).toBeGreaterThanOrEqual(2);
  });

  test('the watchdog gets a message from a child of the watched process', async () => {
    const { manager, untilSent } = await open({ ...WATCHED, WATCHDOG_PID: `${process.ppid}` });
    manager.watch(async () => {});
    expect(await untilSent(1)).toContain('WATCHDOG=1');
  });

  test('the watchdog gets no message after a check that fails, and the log says why', async () => {
    const { manager, host, lines } = await open(WATCHED);
    manager.watch(() => Promise.reject(new Error('a thread has ended')));
    await waitUntil('two lines', () => host.errorLines.length >= 2);
    expect(host.errorLines[0]).toMatch(/error the watchdog gets no message: a thread has ended$/);
    expect(await lines()).toEqual([]);
  });

  test('the watchdog gets messages without a check from a node that stops', async () => {
    const { manager, untilSent } = await open(WATCHED);
    manager.watch(() => Promise.reject(new Error('a check')));
    manager.stopping('a');
    expect((await untilSent(3)).slice(1)).toEqual(['WATCHDOG=1', 'WATCHDOG=1']);
  });

  test('the watchdog gets messages from a node whose threads have been stopped', async () => {
    const { manager, host, untilSent } = await open(WATCHED);
    manager.watch(() => Promise.reject(new CodedError('ERR_CHANNEL_CLOSED', 'The node stops.')));
    expect(await untilSent(1)).toEqual(['WATCHDOG=1']);
    expect(host.errorLines).toEqual([]);
  });

  test('the watchdog gets no message while a check hangs, which then is the only one', async () => {
    const { manager, host, lines } = await open(WATCHED);
    let checks = 0;
    manager.watch(() => {
      checks++;
      return new Promise(() => {});
    });
    await waitUntil('two lines', () => host.errorLines.length >= 2);
    expect(host.errorLines[0]).toContain('does not answer');
    expect([checks, await lines()]).toEqual([1, []]);
  });

  test.each([
    { WATCHDOG_USEC: '1000', WATCHDOG_PID: '1' },
    { WATCHDOG_USEC: '0' },
    { WATCHDOG_USEC: 'x' },
    {},
  ])('the watchdog is off with %j', async (env) => {
    const { manager, untilSent } = await open(env);
    // A check that ran would be in front of the message.
    manager.watch(() => Promise.reject(new Error('asked')));
    manager.ready('a');
    expect(await untilSent(1)).toEqual(['READY=1|STATUS=a']);
  });
});
