import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The folders of commands for administrators; the PATH of a user may lack them. */
const ADMIN_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** The file of a command on the PATH or in an administrators' folder, or `undefined`. */
export function findCommand(name: string): string | undefined {
  return [...(process.env['PATH'] ?? '').split(delimiter), ...ADMIN_FOLDERS]
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file));
}
