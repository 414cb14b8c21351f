import { stat } from 'node:fs/promises';
import { CodedError, type Logger } from '../../base/index.ts';
import { loadUsers, type UserSources } from './user-files.ts';
import type { UserTable } from './users.ts';

/**
 * How often the files are looked at, in milliseconds. The path is asked, not the open file, because
 * editors put a new file in the old one's place and Kubernetes moves a link; and asking also works
 * where the system does not tell of changes (network file systems, mounts of single files).
 */
const LOOK_MS = 500;

/** Keeps a node's users as their files say. A file that is bad changes nothing. */
export class UserKeeper {
  readonly #sources: UserSources;
  readonly #log: Logger;
  #table: UserTable = { users: [] };
  #tell: (table: UserTable) => void = () => {};
  /** How the files looked when they were last read, and at the last look. */
  #read = '';
  #seen = '';
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  #reading: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  private constructor(sources: UserSources, log: Logger) {
    this.#sources = sources;
    this.#log = log;
  }

  /**
   * Reads the users for the first time.
   * @throws {CodedError} `ERR_USER_FILE`, also when there are none.
   */
  static async open(sources: UserSources, log: Logger): Promise<UserKeeper> {
    const keeper = new UserKeeper(sources, log);
    keeper.#read = await keeper.#look();
    keeper.#table = await loadUsers(sources, log);
    if (keeper.#table.users.length > 0) return keeper;
    const path = sources.authFile === '' ? sources.saslPwdb : sources.authFile;
    throw new CodedError(
      'ERR_USER_FILE',
      `${path} names no user: nobody could log in. Add one: slabring user add <name> -Y ${path}`,
    );
  }

  get table(): UserTable {
    return this.#table;
  }

  /** From now on tells of each new table, and notices by itself when a file has changed. */
  watch(tell: (table: UserTable) => void): void {
    this.#tell = tell;
    this.#lookLater();
  }

  /** Reads the files again; resolves when the new table was told, or the log says why not. */
  reload(): Promise<void> {
    // One reading at a time, and one that waits: it begins late enough to see what its callers saw.
    this.#next ??= this.#reading.then(() => {
      this.#next = undefined;
      this.#reading = this.#reread();
      return this.#reading;
    });
    return this.#next;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #reread(): Promise<void> {
    this.#read = await this.#look();
    try {
      this.#table = await loadUsers(this.#sources, this.#log);
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      this.#log.warn({ code: error.code }, `the users stay as they were: ${error.message}`);
      return;
    }
    this.#tell(this.#table);
    const users = this.#table.users.length;
    if (users > 0) this.#log.info({ users }, 'users were read anew');
    else this.#log.warn({ users }, 'the files name no user any more: nobody can log in');
  }

  #lookLater(): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => void this.#lookNow(), LOOK_MS).unref();
  }

  /** A file counts as changed once two looks saw the same: one may be in the middle of a write. */
  async #lookNow(): Promise<void> {
    const now = await this.#look();
    const isSettled = now === this.#seen;
    this.#seen = now;
    if (isSettled && now !== this.#read && !this.#isClosed) await this.reload();
    this.#lookLater();
  }

  async #look(): Promise<string> {
    const { authFile, saslPwdb } = this.#sources;
    const looks = [authFile, saslPwdb].filter((path) => path !== '').map(lookOf);
    return (await Promise.all(looks)).join(' ');
  }
}

/** What differs when a file was changed or replaced. */
async function lookOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(':');
  } catch {
    return 'unreadable';
  }
}
