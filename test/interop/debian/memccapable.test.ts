import { execFile } from 'node:child_process';
import { expect, test } from 'vitest';
import { describeBothServers } from '../both-servers.ts';
import { PLAIN } from '../server-setups.ts';
import { clientMissing, LIBMEMCACHED_TOOLS } from './clients.ts';

/** libmemcached's own conformance tests, by dialect. */
const TESTS = {
  ascii: [
    ...['version', 'quit', 'verbosity', 'set', 'set noreply', 'get', 'gets', 'mget', 'flush'],
    ...['flush noreply', 'add', 'add noreply', 'replace', 'replace noreply', 'cas', 'cas noreply'],
    ...['delete', 'delete noreply', 'incr', 'incr noreply', 'decr', 'decr noreply', 'append'],
    ...['append noreply', 'prepend', 'prepend noreply', 'stat'],
  ],
  binary: [
    ...['noop', 'quit', 'quitq', 'set', 'setq', 'flush', 'flushq', 'add', 'addq', 'replace'],
    ...['replaceq', 'delete', 'deleteq', 'get', 'getq', 'getk', 'getkq', 'incr', 'incrq', 'decr'],
    ...['decrq', 'version', 'append', 'appendq', 'prepend', 'prependq', 'stat'],
  ],
} as const;

/** A test that fails alone, also for memcached: it needs an earlier version request. */
const FAILS_ALONE = 'quit';

/** Runs memccapable and resolves with the lines that it prints. */
function memccapable(address: string, ...args: readonly string[]): Promise<readonly string[]> {
  const [host = '', port = ''] = address.split(':');
  return new Promise((resolve) => {
    execFile('memccapable', ['-h', host, '-p', port, '-v', ...args], (_, stdout, stderr) =>
      resolve(`${stdout}${stderr}`.trim().split('\n')),
    );
  });
}

describeBothServers(
  'memccapable',
  (address) => {
    for (const [dialect, names] of Object.entries(TESTS)) {
      const alone = names.filter((name) => dialect === 'binary' || name !== FAILS_ALONE);
      test.for(alone)(`${dialect} %s passes`, async (name) => {
        const output = await memccapable(address(), '-T', `${dialect} ${name}`);
        expect(output).toEqual([expect.stringContaining('[pass]'), 'All tests passed']);
      });

      test(`all tests of ${dialect} pass in one run`, async () => {
        const output = await memccapable(address(), dialect === 'ascii' ? '-a' : '-b');
        const passed = names.map((name) => `${dialect} ${name}`.padEnd(40).concat('[pass]'));
        expect(output).toEqual([...passed, 'All tests passed']);
      });
    }
  },
  PLAIN,
  clientMissing(LIBMEMCACHED_TOOLS),
);
