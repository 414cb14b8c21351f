import { expect, test } from 'vitest';
import { fileReason } from '../../../src/base/file-reason.ts';

const failure = (code: string) => Object.assign(new Error(`${code}: raw`), { code });

test.each([
  ['ENOENT', 'read', 'there is no such file; correct its name'],
  ['ENOENT', 'write', 'there is no folder /x; create it: mkdir -p /x'],
  ['EACCES', 'read', 'this user has no permission to read it'],
  [
    'EACCES',
    'write',
    'this user has no permission to write it; change the owner or the mode of /x',
  ],
  ['EISDIR', 'write', 'it is a folder; name a file in it'],
  ['EROFS', 'write', 'its file system is read-only'],
  ['EFBIG', 'write', 'ulimit -f'],
  ['EDQUOT', 'write', 'quota'],
] as const)('%s of a %s says what to do', (code, use, reason) => {
  const text = fileReason(failure(code), '/x/y', use);
  expect(text).toContain(reason);
  expect(text).not.toContain('raw');
});
test('a failure without a known code keeps its text', () => {
  expect(fileReason(failure('EUNKNOWN'), '/x/y', 'read')).toBe('EUNKNOWN: raw');
  expect(fileReason(new Error('no code'), '/x/y', 'read')).toBe('no code');
});
