/** The service of systemd: its unit, and a node that tells its state to a real socket. */
import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openFilesNeeded, serverFlags } from '../../src/node/index.ts';
import { findCommand } from '../support/commands.ts';
import { temporaryFolder } from '../support/folder.ts';
import { freePort } from '../support/ports.ts';
import { MAIN } from '../support/program.ts';
import { OwnedProcess } from '../support/server.ts';
import { waitUntil } from '../support/wait.ts';
import { textOf } from '../tidy/tree.ts';

const HANG = fileURLToPath(new URL('../support/hang-preload.ts', import.meta.url));
const UNIT = 'packaging/systemd/slabring.service';

/** Node.js has no datagram sockets of Unix: this prints what arrives, a line for each message. */
const RECEIVER = `
import socket, sys
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])
print('bound', flush=True)
while True:
    # recv closes the descriptor of BARRIER=1, which is what systemd-notify waits for.
    print(receiver.recv(4096).decode().replace('\\n', '|'), flush=True)
`;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const started: OwnedProcess[] = [];
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  for (const each of started.splice(0).reverse()) {
    each.child.kill('SIGKILL');
    await each.exited;
  }
  await folder.remove();
});

function run(...args: ConstructorParameters<typeof OwnedProcess>): OwnedProcess {
  const owned = new OwnedProcess(...args);
  started.push(owned);
  return owned;
}

/** Starts a node as systemd does; `untilSent` waits for a message that begins with this text. */
async function service(env: NodeJS.ProcessEnv = {}, nodeArgs: readonly string[] = []) {
  const socket = join(folder.path, 'notify');
  const receiver = run(['python3', '-c', RECEIVER, socket]);
  await receiver.failOnExit(waitUntil('the socket', () => receiver.stdout.includes('bound')));
  const port = await freePort();
  const node = run(
    [process.execPath, ...nodeArgs, MAIN, '-l', `127.0.0.1:${port}`, '-t', '2', '-m', '8'],
    { env: { NOTIFY_SOCKET: socket, ...env } },
  );
  const sent = () => receiver.stdout.split('\n').filter((line) => /^[A-Z]+=1/.test(line));
  const untilSent = (start: string) =>
    node.failOnExit(
      waitUntil(`${start} arrives`, () => sent().find((line) => line.startsWith(start))),
    );
  return { node, port, untilSent, sent };
}

const missing = ['systemd-notify', 'python3'].filter((name) => findCommand(name) === undefined);
if (missing.length > 0) {
  console.warn(
    `skipped: there is no ${missing.join(' and no ')} (apt-get install systemd python3)`,
  );
}

describe.skipIf(missing.length > 0)('a node with NOTIFY_SOCKET', () => {
  test('a node sends READY with its listeners, then WATCHDOG, and STOPPING', async () => {
    const { node, port, untilSent } = await service({ WATCHDOG_USEC: '400000' });
    const ready = await untilSent('READY=1');
    expect(ready).toMatch(/^READY=1\|STATUS=slabring \S+: 8m of memory, 2 threads/);
    expect(ready).toContain(`Listening on 127.0.0.1:${port}`);
    await untilSent('WATCHDOG=1');
    node.child.kill('SIGTERM');
    expect(await node.exited).toEqual({ code: 0, signal: null });
    await waitUntil('STOPPING arrives', () => /^STOPPING=1\|STATUS=/m.test(startedOutput()));
    expect(node.stderr).not.toContain('systemd-notify');
  });

  test('a node pings the watchdog no more once one of its threads hangs', async () => {
    const file = join(folder.path, 'hang');
    const env = { WATCHDOG_USEC: '400000', HANG_FILE: file };
    const { node, untilSent, sent } = await service(env, ['--import', HANG]);
    await untilSent('WATCHDOG=1');
    await writeFile(file, '');
    const lines = () => node.stderr.split('a thread does not answer').length - 1;
    // A message of the last check that passed may still be under way at the first.
    await waitUntil('checks hang', () => lines() >= 3);
    const before = sent().length;
    await waitUntil('two more checks', () => lines() >= 5);
    expect(sent().length).toBe(before);
  });
});

/** What the receiver printed. */
const startedOutput = (): string => started[0]?.stdout ?? '';

describe('the unit', () => {
  test.skipIf(findCommand('systemd-analyze') === undefined)(
    'systemd-analyze accepts the unit',
    async () => {
      const command = join(folder.path, 'slabring');
      await writeFile(command, '#!/bin/sh\n', { mode: 0o755 });
      const path = join(folder.path, 'slabring.service');
      await writeFile(path, textOf(UNIT).replace('/usr/local/bin/slabring', command));
      const verify = () => {
        const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', path]);
        return { status, text: `${stdout}${stderr}` };
      };
      expect(verify()).toEqual({ status: 0, text: '' });
      const wrong = (await readFile(path, 'utf8')).replace('WatchdogSec=30', 'WatchdogSec=soon');
      await writeFile(path, wrong);
      expect(verify().text).toContain('Failed to parse sec value');
    },
  );

  const { stdout } = spawnSync('systemd-analyze', ['--version'], { encoding: 'utf8' });
  const version = Number(/\d+/.exec(stdout ?? '')?.[0]);
  test.skipIf(!(version >= 250))('systemd-analyze counts little that is exposed', async () => {
    const exposure = async (text: string) => {
      const path = join(folder.path, 'slabring.service');
      await writeFile(path, text);
      const words = ['security', '--offline=yes', '--threshold=15', '--no-pager', path];
      return spawnSync('systemd-analyze', words).status;
    };
    const unit = textOf(UNIT);
    expect(await exposure(unit)).toBe(0);
    expect(await exposure(unit.replace('CapabilityBoundingSet=\n', ''))).not.toBe(0);
  });

  test('the unit allows the open files of the connections that it names', () => {
    const limit = Number(/^LimitNOFILE=(\d+)$/m.exec(textOf(UNIT))?.[1]);
    const connLimit = Number(/^# -c (\d+); the node refuses/m.exec(textOf(UNIT))?.[1]);
    const tlsHandshakes = serverFlags.tlsHandshakes.default;
    const options = { connLimit, threads: 64, listen: [], enableSsl: true, tlsHandshakes };
    expect(openFilesNeeded(options)).toBeLessThanOrEqual(limit);
  });

  test('the example of options has only variables that the node knows', () => {
    const options = textOf('docs/options.md');
    const names = textOf('packaging/systemd/slabring.env').match(/SLABRING_[A-Z_]+/g) ?? [];
    expect(names.length).toBeGreaterThan(5);
    for (const name of names) expect(options).toContain(`\`${name}\``);
  });
});
