import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { LocalRuntime } from '../../../../src/control/runtime/local-runtime.ts';
import { listenAsSupervisor } from '../../../support/supervisor-socket.ts';
import { folderForEachTest } from '../../../support/test-folder.ts';

const { pathTo, cleanups } = folderForEachTest();

/** Instead of slabring a script runs, with the command line of slabring as $0, $1, … */
const runtimeWith = (script: string): LocalRuntime =>
  new LocalRuntime({
    program: ['/bin/sh', '-c', script],
    folder: pathTo('clusters'),
    host: '127.0.0.1',
    env: { ...process.env, TEST_FOLDER: pathTo() },
  });

const supervisor = async (told: Parameters<typeof listenAsSupervisor>[1]): Promise<void> =>
  void cleanups.push(await listenAsSupervisor(pathTo('clusters', 'web', 'control.sock'), told));

describe('the stop of a cluster', () => {
  test('a supervisor that has just ended needs no signal', async () => {
    await supervisor({ pid: spawnSync('true').pid });
    await expect(runtimeWith('').stop('web')).resolves.toBeUndefined();
  });
});
