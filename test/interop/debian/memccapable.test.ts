import { execFile } from 'node:child_process';
import { expect, test } from 'vitest';
import { describeBothServers } from '../both-servers.ts';
import { PLAIN } from '../doors.ts';
import { clientMissing, LIBMEMCACHED_TOOLS } from './clients.ts';

/** libmemcached's own conformance tests: what each dialect of a server has to be capable of. */
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

/** Not by itself: memcached too fails it unless the version was asked for before. */
const NOT_ALONE = 'quit';

/** What it prints, line by line; it ends with 1 when a test fails. */
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
      const alone = names.filter((name) => dialect === 'binary' || name !== NOT_ALONE);
      test.for(alone)(`${dialect} %s`, async (name) => {
        const said = await memccapable(address(), '-T', `${dialect} ${name}`);
        expect(said).toEqual([expect.stringContaining('[pass]'), 'All tests passed']);
      });

      test(`all of ${dialect}, one after the other`, async () => {
        const said = await memccapable(address(), dialect === 'ascii' ? '-a' : '-b');
        const passed = names.map((name) => `${dialect} ${name}`.padEnd(40).concat('[pass]'));
        expect(said).toEqual([...passed, 'All tests passed']);
      });
    }
  },
  PLAIN,
  clientMissing(LIBMEMCACHED_TOOLS),
);
