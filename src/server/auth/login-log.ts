/** What a serving thread has to say of failed logins. */
export type LoginNews =
  /** One failed; `user` is fit to be shown. */
  | { readonly kind: 'loginFailed'; readonly address: string; readonly user: string }
  /** More that failed than are told one by one, and how many of all were refused unseen. */
  | { readonly kind: 'loginsFailed'; readonly untold: number; readonly overloads: number };

/** Failed logins told one by one in each window; the others are only counted. */
const TOLD_MAX = 5;
const WINDOW_MS = 1000;
const USER_SHOWN_BYTES_MAX = 64;

/** Calls back once, some time later. */
export type Later = (run: () => void) => void;

const afterWindow: Later = (run) => void setTimeout(run, WINDOW_MS).unref();

/**
 * A serving thread's failed logins, on their way to the node's log: a bounded number a second,
 * however many clients try.
 */
export class LoginLog {
  readonly #tell: (news: LoginNews) => void;
  readonly #later: Later;
  #isOpen = false;
  #told = 0;
  #untold = 0;
  #overloads = 0;

  constructor(tell: (news: LoginNews) => void, later: Later = afterWindow) {
    this.#tell = tell;
    this.#later = later;
  }

  /** `user` is what the client called itself, as Latin-1 text. */
  failed(address: string, user: string): void {
    this.#open();
    if (this.#told === TOLD_MAX) {
      this.#untold++;
      return;
    }
    this.#told++;
    this.#tell({ kind: 'loginFailed', address, user: shownUser(user) });
  }

  /** A login was refused unseen, because too many wait. */
  overloaded(): void {
    this.#open();
    this.#overloads++;
  }

  #open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#later(() => this.#close());
  }

  #close(): void {
    const [untold, overloads] = [this.#untold, this.#overloads];
    this.#isOpen = false;
    this.#told = 0;
    this.#untold = 0;
    this.#overloads = 0;
    if (untold + overloads > 0) this.#tell({ kind: 'loginsFailed', untold, overloads });
  }
}

/**
 * A name from a stranger as the log may show it: cut, and with nothing in it that a terminal obeys
 * or that ends a line or a field.
 */
export function shownUser(user: string): string {
  const cut = user.slice(0, USER_SHOWN_BYTES_MAX);
  const escaped = cut.replace(/[^!-[\]-~]/g, (byte) => {
    return `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return user.length > cut.length ? `${escaped}…` : escaped;
}
