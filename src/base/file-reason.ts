import { dirname } from 'node:path';

type FileUse = 'read' | 'write';

/** What the codes of the system mean for a file, and what to do; `write` includes deleting. */
const REASONS: Readonly<Record<string, (path: string, use: FileUse) => string>> = {
  ENOENT: (path, use) =>
    use === 'read'
      ? 'there is no such file; correct its name'
      : `there is no folder ${dirname(path)}; create it: mkdir -p ${dirname(path)}`,
  ENOTDIR: (path) => `${dirname(path)} is no folder; correct the name`,
  EISDIR: () => 'it is a folder; name a file in it',
  EACCES: (path, use) => noPermission(path, use),
  EPERM: (path, use) => noPermission(path, use),
  EROFS: () => 'its file system is read-only; name a file on another one',
  ENOSPC: () => 'no space is left on its file system; free some, or name a file on another one',
  EDQUOT: () => 'the disk quota of the user is used up; free some space, or raise the quota',
  EFBIG: () =>
    'it would be larger than this process (ulimit -f, LimitFSIZE of systemd) or its file system ' +
    'allows; raise the limit',
  EMFILE: () => 'this process has too many open files; raise its limit (ulimit -n)',
  ENFILE: () => 'this machine has too many open files; raise its limit (fs.file-max)',
  EIO: () => 'the device failed (EIO); look at the log of the kernel',
  ENAMETOOLONG: () => 'its name is too long; shorten it',
  ELOOP: () => 'its name leads through too many symbolic links; correct them',
};

const noPermission = (path: string, use: FileUse): string =>
  use === 'read'
    ? 'this user has no permission to read it; change its owner or its mode'
    : `this user has no permission to write it; change the owner or the mode of ${dirname(path)}`;

/** Why a file cannot be used, and what to do: a part of a sentence without its full stop. */
export function fileReason(error: unknown, path: string, use: FileUse): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (Object.hasOwn(REASONS, code)) return REASONS[code]!(path, use);
  return error instanceof Error ? error.message : String(error);
}
