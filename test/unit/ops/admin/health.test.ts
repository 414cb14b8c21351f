import { expect, test } from 'vitest';
import { silentLogger } from '../../../../src/base/index.ts';
import { HealthPage } from '../../../../src/ops/admin/health.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { TEST_CONTROL } from '../../../support/session-harness.ts';

type State = ReturnType<typeof TEST_CONTROL.health>['state'];

/** The page of a node whose state and threads the test controls. */
function openPage() {
  const clock = new ManualClock();
  const logged: object[] = [];
  const add = (facts: object, msg: string) => void logged.push({ ...facts, msg });
  const page = new HealthPage({ ...silentLogger, error: add, warn: add }, clock);
  const node = { state: 'serving' as State, checks: 0, failure: undefined as Error | undefined };
  const show = () =>
    page.show({
      control: { health: () => ({ ...TEST_CONTROL.health(), state: node.state }) },
      checkThreads: async () => {
        node.checks++;
        if (node.failure !== undefined) throw node.failure;
      },
    });
  const status = async () => (await page.reply()).status;
  return { clock, logged, node, show, status };
}

test('a process is healthy before it has a node, while it starts and while it drains', async () => {
  const { clock, node, show, status } = openPage();
  node.failure = new Error('asked');
  expect(await status()).toBe(200);
  show();
  for (const state of ['starting', 'draining'] as const) {
    node.state = state;
    clock.advanceSeconds(1);
    expect(await status()).toBe(200);
  }
  expect(node.checks).toBe(0);
});

test('probes within a quarter of a second share one check of the threads', async () => {
  const { clock, node, show, status } = openPage();
  show();
  expect(await Promise.all([status(), status(), status()])).toEqual([200, 200, 200]);
  clock.advanceSeconds(0.2);
  await status();
  expect(node.checks).toBe(1);
  clock.advanceSeconds(0.05);
  await status();
  expect(node.checks).toBe(2);
});

test('a node that falls ill and recovers logs both once', async () => {
  const { clock, logged, node, show, status } = openPage();
  show();
  const probe = async () => {
    clock.advanceSeconds(1);
    return status();
  };
  expect(await probe()).toBe(200);
  node.failure = new Error('The thread serve-1 did not answer.');
  expect([await probe(), await probe()]).toEqual([503, 503]);
  node.failure = undefined;
  expect([await probe(), await probe()]).toEqual([200, 200]);
  expect(logged).toEqual([
    { reason: 'The thread serve-1 did not answer.', msg: 'the node is not healthy' },
    { msg: 'the node is healthy again' },
  ]);
});
