import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where administrators' commands lie, which is not on everybody's PATH. */
const ADMINISTRATORS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** The file of a command on the PATH, or `undefined`. */
export function findCommand(name: string): string | undefined {
  return [...(process.env['PATH'] ?? '').split(delimiter), ...ADMINISTRATORS]
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file));
}
