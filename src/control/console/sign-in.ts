import type { IncomingRequest } from '../access/caller.ts';
import { RateLimit } from '../api/rate.ts';
import { isSameSecret, newNonce, type Session, type Sessions } from './sessions.ts';
import { cookie, cookieOf, type Form, isFromHere } from './web.ts';

/** Attempts of one address: at once, and in a second after that. */
const ATTEMPTS = { burst: 10, perSecond: 0.1 };
/** Compared with what is given for a key that does not exist. */
const NO_SECRET = newNonce();

interface SignInParts {
  readonly sessions: Sessions;
  readonly secretOf: (accessKeyId: string) => string | undefined;
  /** False: everybody who reaches the port may do everything, and needs no key. */
  readonly needsKey: boolean;
  /** The port of the console: browsers give cookies of one host to all its ports. */
  readonly port: () => number;
  /** Whether the console has TLS. */
  readonly isSecure: boolean;
  readonly nowMs: () => number;
}

/** An id of a session, or why there is none. */
type Attempt = { readonly id: string } | { readonly refused: string };

/** Begins sessions, and finds those of requests. */
export class SignIn {
  readonly #parts: SignInParts;
  readonly #rate = new RateLimit(ATTEMPTS);

  constructor(parts: SignInParts) {
    this.#parts = parts;
  }

  get needsKey(): boolean {
    return this.#parts.needsKey;
  }

  get cookieName(): string {
    return `slabring-${this.#parts.port()}`;
  }

  /** The cookie of a session. */
  cookieFor(id: string): string {
    return cookie(this.cookieName, id, this.#parts.isSecure);
  }

  get #nonceName(): string {
    return `slabring-sign-in-${this.#parts.port()}`;
  }

  /** The session of a request; undefined if it has none, or its key is gone. */
  sessionOf(request: IncomingRequest): Session | undefined {
    const { sessions, secretOf, needsKey } = this.#parts;
    const id = cookieOf(request, this.cookieName);
    const session = sessions.find(id);
    if (session === undefined || !needsKey) return session;
    return secretOf(session.accessKeyId) === undefined ? undefined : session;
  }

  end(request: IncomingRequest): void {
    this.#parts.sessions.end(cookieOf(request, this.cookieName));
  }

  /** What a form for signing in needs: its token, and the cookie beside it. */
  newForm(request: IncomingRequest): { readonly token: string; readonly cookie: string } {
    // That of another tab stays: its form is still good.
    const nonce = cookieOf(request, this.#nonceName) || newNonce();
    const token = this.#parts.sessions.tokenOf(nonce);
    return { token, cookie: cookie(this.#nonceName, nonce, this.#parts.isSecure) };
  }

  /** Whether a form is of a session, and from a page of it. */
  isOwnForm(request: IncomingRequest, form: Form, session: Session): boolean {
    return isFromHere(request) && isSameSecret(form.get('csrf') ?? '', session.token);
  }

  /** Begins a session for an access key with its secret. */
  attempt(request: IncomingRequest, form: Form, address: string): Attempt {
    const { sessions, secretOf, needsKey, nowMs } = this.#parts;
    const expected = sessions.tokenOf(cookieOf(request, this.#nonceName));
    if (!isFromHere(request) || !isSameSecret(form.get('csrf') ?? '', expected)) {
      return { refused: 'This form is too old, or from another page. Sign in here.' };
    }
    if (!needsKey) return { id: sessions.begin('anybody') };
    const keyId = form.get('key') ?? '';
    if (!this.#rate.takes(address, nowMs())) {
      return { refused: 'Too many attempts. Try again in a minute.' };
    }
    const secret = secretOf(keyId);
    const isRight = isSameSecret(form.get('secret') ?? '', secret ?? NO_SECRET);
    if (secret !== undefined && isRight) return { id: sessions.begin(keyId) };
    return { refused: 'There is no access key with this id and this secret.' };
  }
}
