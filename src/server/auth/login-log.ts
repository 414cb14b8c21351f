/** A worker thread's report of failed logins to the main thread. */
export type LoginFailureReport =
  /** One failed login; `user` is escaped for the log. */
  | { readonly kind: 'loginFailed'; readonly address: string; readonly user: string }
  /**
   * The failed logins of a window beyond those reported one by one, and how many logins the thread
   * refused for overload.
   */
  | { readonly kind: 'loginsFailed'; readonly unreported: number; readonly overloads: number };

/** The thread reports this many failed logins of a window one by one, and counts the others. */
const REPORTS_PER_WINDOW_MAX = 5;
const WINDOW_MS = 1000;
const USER_LOGGED_BYTES_MAX = 64;

/** Runs a callback once, at the end of the window. */
type Schedule = (run: () => void) => void;

const afterWindow: Schedule = (run) => void setTimeout(run, WINDOW_MS).unref();

/**
 * Reports the failed logins of a worker thread for the node's log: a bounded number per second,
 * however many logins fail.
 */
export class LoginLog {
  readonly #report: (report: LoginFailureReport) => void;
  readonly #schedule: Schedule;
  #windowIsOpen = false;
  #reported = 0;
  #unreported = 0;
  #overloads = 0;

  constructor(report: (report: LoginFailureReport) => void, schedule: Schedule = afterWindow) {
    this.#report = report;
    this.#schedule = schedule;
  }

  /** Reports a failed login; `user` is the name that the client sent, as Latin-1 text. */
  failed(address: string, user: string): void {
    this.#openWindow();
    if (this.#reported === REPORTS_PER_WINDOW_MAX) {
      this.#unreported++;
      return;
    }
    this.#reported++;
    this.#report({ kind: 'loginFailed', address, user: escapeUser(user) });
  }

  /** Counts a login that the thread refused without a check, because too many logins wait. */
  overloaded(): void {
    this.#openWindow();
    this.#overloads++;
  }

  #openWindow(): void {
    if (this.#windowIsOpen) return;
    this.#windowIsOpen = true;
    this.#schedule(() => this.#closeWindow());
  }

  #closeWindow(): void {
    const [unreported, overloads] = [this.#unreported, this.#overloads];
    this.#windowIsOpen = false;
    this.#reported = 0;
    this.#unreported = 0;
    this.#overloads = 0;
    if (unreported + overloads > 0) this.#report({ kind: 'loginsFailed', unreported, overloads });
  }
}

/**
 * Makes an untrusted user name safe for the log: truncates it, and escapes every byte that a
 * terminal could obey or that could end a line or a field.
 */
export function escapeUser(user: string): string {
  const cut = user.slice(0, USER_LOGGED_BYTES_MAX);
  const escaped = cut.replace(/[^!-[\]-~]/g, (byte) => {
    return `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return user.length > cut.length ? `${escaped}…` : escaped;
}
