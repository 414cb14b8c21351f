import { expect, test } from 'vitest';
import { defaultServerOptions } from '../../../src/node/index.ts';
import { checkOpenFiles, openFilesLimit, openFilesNeeded } from '../../../src/node/open-files.ts';

const OPTIONS = { ...defaultServerOptions(), connLimit: 1000, threads: 4, listen: ['a', 'b'] };

test('a node needs a file for each connection, and some for its threads and listeners', () => {
  expect(openFilesNeeded(OPTIONS)).toBe(1000 + 64 + 4 * (8 + 2));
  expect(openFilesNeeded({ ...OPTIONS, listen: [] })).toBe(1000 + 64 + 4 * (8 + 1));
  const secure = { ...OPTIONS, enableSsl: true, tlsHandshakes: 50 };
  expect(openFilesNeeded(secure)).toBe(1000 + 50 + 64 + 4 * (8 + 2));
});

test('a limit below the need is an error that names a -c that fits', () => {
  expect(() => checkOpenFiles(OPTIONS, 1104)).not.toThrow();
  expect(() => checkOpenFiles(OPTIONS, Number.POSITIVE_INFINITY)).not.toThrow();
  expect(() => checkOpenFiles(OPTIONS, 1103)).toThrow(
    /1000 needs 1104 open files, but the limit .* is 1103: lower -c to 999 or raise the limit/,
  );
  expect(() => checkOpenFiles(OPTIONS, 50)).toThrow(/lower -c and -t, or raise/);
});

test('this process has a limit', () => {
  expect(openFilesLimit()).toBeGreaterThan(0);
});
