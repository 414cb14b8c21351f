import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MANAGER_USER } from '../model/names.ts';

const FILE = 'users';
const OWN = new RegExp(`^${MANAGER_USER}:(\\S+)\\nrole readwrite ${MANAGER_USER}\\n$`, 'm');

/** The file of users in the folder of a cluster. It has one more login, for the manager. */
export class UsersFile {
  readonly path: string;

  constructor(folder: string) {
    this.path = join(folder, FILE);
  }

  /** Without the login of the manager; undefined if there is no file. */
  get users(): string | undefined {
    return this.#text()?.replace(OWN, '');
  }

  /** Of the login of the manager. */
  get password(): string | undefined {
    return OWN.exec(this.#text() ?? '')?.[1];
  }

  /** Nodes see the old file or the new one. */
  write(users: string): void {
    const password = this.password ?? randomBytes(24).toString('base64url');
    const own = `${MANAGER_USER}:${password}\nrole readwrite ${MANAGER_USER}\n`;
    writeFileSync(`${this.path}.new`, users + own, { mode: 0o600, flush: true });
    renameSync(`${this.path}.new`, this.path);
  }

  #text(): string | undefined {
    try {
      return readFileSync(this.path, 'utf8');
    } catch {
      return undefined;
    }
  }
}
