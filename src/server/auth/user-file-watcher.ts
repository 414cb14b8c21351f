import { stat } from 'node:fs/promises';
import { CodedError, type Logger, withinReadTime } from '../../base/index.ts';
import { loadUsers, type UserSources } from './load-users.ts';
import type { UserTable } from './users.ts';

/**
 * The watcher polls the state of each path, and not of an open file, because editors replace the
 * file and Kubernetes replaces a link. Polling also works where the system reports no changes
 * (network file systems, mounts of single files).
 */
const POLL_INTERVAL_MS = 500;

/**
 * Loads the users of a node from their files, and again when a file changes. A bad file changes
 * nothing.
 */
export class UserFileWatcher {
  readonly #sources: UserSources;
  readonly #log: Logger;
  #table: UserTable = { users: [], roles: new Map() };
  #onChange: (table: UserTable) => void = () => {};
  /** The state of the files at the last load, and at the last poll. */
  #loadedState = '';
  #lastState = '';
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  #loading: Promise<string | undefined> = Promise.resolve(undefined);
  #nextLoad: Promise<string | undefined> | undefined;

  private constructor(sources: UserSources, log: Logger) {
    this.#sources = sources;
    this.#log = log;
  }

  /**
   * Loads the users for the first time.
   * @throws {CodedError} `ERR_USER_FILE`, also if the files contain no user.
   */
  static async open(sources: UserSources, log: Logger): Promise<UserFileWatcher> {
    const watcher = new UserFileWatcher(sources, log);
    watcher.#loadedState = await watcher.#readState();
    watcher.#table = await loadUsers(sources, log);
    if (watcher.#table.users.length > 0) return watcher;
    const path = sources.authFile === '' ? sources.saslPwdb : sources.authFile;
    throw new CodedError(
      'ERR_USER_FILE',
      `The user file ${path} contains no user, so no client could log in.` +
        ` Add one: slabring user add <name> -Y ${path}`,
    );
  }

  get table(): UserTable {
    return this.#table;
  }

  /** Starts to poll the files; calls `onChange` with each new table. */
  watch(onChange: (table: UserTable) => void): void {
    this.#onChange = onChange;
    this.#schedulePoll();
  }

  /**
   * Loads the files again; resolves after `onChange`, or with the reason why the previous users
   * stay, which it has logged.
   */
  reload(): Promise<string | undefined> {
    // One load runs and one waits. A waiting load starts later than its callers, so it sees their
    // changes.
    this.#nextLoad ??= this.#loading.then(() => {
      this.#nextLoad = undefined;
      this.#loading = this.#load();
      return this.#loading;
    });
    return this.#nextLoad;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #load(): Promise<string | undefined> {
    this.#loadedState = await this.#readState();
    try {
      this.#table = await loadUsers(this.#sources, this.#log);
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      this.#log.warn({ code: error.code }, `kept the previous users: ${error.message}`);
      return error.message;
    }
    this.#onChange(this.#table);
    const users = this.#table.users.length;
    if (users > 0) this.#log.info({ users }, 'reloaded the users');
    else this.#log.warn({ users }, 'the user files contain no user: no client can log in');
    return undefined;
  }

  #schedulePoll(): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => void this.#poll(), POLL_INTERVAL_MS).unref();
  }

  /**
   * Reloads only if two polls see the same new state, since one poll may see a half-written file.
   */
  async #poll(): Promise<void> {
    const state = await this.#readState();
    const isStable = state === this.#lastState;
    this.#lastState = state;
    if (isStable && state !== this.#loadedState && !this.#isClosed) await this.reload();
    this.#schedulePoll();
  }

  async #readState(): Promise<string> {
    const { authFile, saslPwdb } = this.#sources;
    const states = [authFile, saslPwdb].filter((path) => path !== '').map(fileStateOf);
    return (await Promise.all(states)).join(' ');
  }
}

/** A text that changes whenever the file changes or another file replaces it. */
async function fileStateOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await withinReadTime(path, () =>
      stat(path, { bigint: true }),
    );
    return [dev, ino, size, mtimeNs, ctimeNs].join(':');
  } catch {
    return 'unreadable';
  }
}
