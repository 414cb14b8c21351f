import { existsSync, mkdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { findSupervisors } from '../../../../src/cluster/control/control-client.ts';
import { ControlServer } from '../../../../src/cluster/control/control-server.ts';
import {
  isAnswered,
  registerSupervisor,
  socketIn,
} from '../../../../src/cluster/control/run-entry.ts';
import { listenAsSupervisor } from '../../../support/supervisor-socket.ts';
import { folderForEachTest } from '../../../support/test-folder.ts';

const { pathTo, cleanups } = folderForEachTest();

describe('the entry of a supervisor', () => {
  beforeEach(() => {
    // The entries of this test alone.
    vi.stubEnv('TMPDIR', pathTo('tmp'));
    for (const name of ['tmp', 'state']) mkdirSync(pathTo(name), { mode: 0o700 });
  });
  afterEach(() => void vi.unstubAllEnvs());

  test('a supervisor that gives up leaves the socket of another one with its folder', async () => {
    const entry = await registerSupervisor(pathTo('state'));
    cleanups.push(await listenAsSupervisor(socketIn(pathTo('state')), { pid: process.pid }));
    entry.remove();
    expect(await isAnswered(socketIn(pathTo('state')))).toBe(true);
    expect(existsSync(entry.socketPath)).toBe(false);
  });

  test('a supervisor that stops to listen removes its own socket', async () => {
    const { socketPath } = await registerSupervisor(pathTo('state'));
    const unused = {} as Parameters<typeof ControlServer.open>[1];
    const control = await ControlServer.open(socketPath, unused);
    expect(existsSync(socketIn(pathTo('state')))).toBe(true);
    control.close();
    expect(existsSync(socketIn(pathTo('state')))).toBe(false);
  });

  test('a supervisor with two links to its folder is found once', async () => {
    await registerSupervisor(pathTo('state'));
    await registerSupervisor(pathTo('state'));
    cleanups.push(await listenAsSupervisor(socketIn(pathTo('state')), { pid: process.pid }));
    expect((await findSupervisors()).map(({ pid }) => pid)).toEqual([process.pid]);
  });
});
