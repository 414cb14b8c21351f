/** The scheduling policy of a verb that copies a whole node. */
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { startVerb } from '../support/node-process.ts';
import { waitUntil } from '../support/wait.ts';

const hasChrt = spawnSync('chrt', ['-p', `${process.pid}`]).status === 0;
const MODULE = new URL('../../src/cli/process/lower-priority.ts', import.meta.url).href;

/** What a process prints whose priority is lower, after `work`. */
function policyAfter(work: string): string {
  const script = `
    import { execFileSync } from 'node:child_process';
    import { getPriority } from 'node:os';
    import { lowerPriority } from '${MODULE}';
    lowerPriority();
    ${work}
    console.log(execFileSync('chrt', ['-p', String(process.pid)], { encoding: 'utf8' }));
    console.log('priority ' + getPriority(0));
  `;
  const args = ['--input-type=module', '--eval', script];
  return execFileSync(process.execPath, args, { encoding: 'utf8' });
}

describe.skipIf(!hasChrt)('a verb with a low priority', () => {
  test('the process has the policy SCHED_IDLE', () => {
    expect(policyAfter('')).toMatch(/SCHED_IDLE.*priority 0/s);
  });

  test.each([
    ['dump', '-'],
    ['restore', '/dev/null'],
  ])('%s has it while it waits for a node', async (verb, file) => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const running = startVerb([verb, file, '--admin', `http://127.0.0.1:${port}`]);
    try {
      await waitUntil('the policy is SCHED_IDLE', () => {
        const { stdout } = spawnSync('chrt', ['-p', `${running.pid}`], { encoding: 'utf8' });
        return stdout.includes('SCHED_IDLE');
      });
    } finally {
      await running.stop();
      silent.close();
    }
  });

  test('a process that gets no core leaves SCHED_IDLE for a low priority', () => {
    // A process that blocks sees what one without a core sees: late timers, and no CPU time.
    const starved = `
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600);
      await new Promise((resolve) => setTimeout(resolve, 150));
    `;
    expect(policyAfter(starved)).toMatch(/SCHED_OTHER.*priority 10/s);
  });
});
