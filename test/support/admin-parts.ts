import type { AdminNode } from '../../src/cli/process/admin-port.ts';
import { openStore } from '../../src/store/index.ts';
import { TEST_CONTROL, testShare } from './session-harness.ts';

/** What an admin port reads of a node, for a node that does not run. */
export function adminParts(): AdminNode {
  return {
    control: TEST_CONTROL,
    view: openStore(testShare(), 0).view,
    measureThreads: () => Promise.resolve(),
    setLogLevel: () => Promise.resolve(),
    checkThreads: () => Promise.resolve(),
    addresses: [],
    runGuest: () => Promise.reject(new Error('the node does not run')),
  };
}
