import { type LateReply, permits, type Role } from '../../commands/index.ts';
import { BINARY_STATUS, forbid, isSasl, OPCODE, type Request, VERB } from '../../protocol/index.ts';
import { COUNT } from '../../store/index.ts';
import type { SessionContext, SessionHost } from './context.ts';
import { isPlain, readSaslPlain, readTextLogin, SASL_MECHANISM } from './login-data.ts';
import { PAUSE, type Pause } from './states.ts';

/** What follows from a request of a login. */
type LoginStep =
  /** The request has its reply; the next one may follow. */
  | undefined
  | Pause
  /** The authenticator works. */
  | Promise<LateReply>;

/**
 * The login of one session: passes credentials to the authenticator, counts failures, and refuses
 * what an anonymous client may not do.
 */
export class LoginExchange {
  /** Whether the client may send requests. */
  isAuthenticated: boolean;
  /** What the client may do, once it may send requests at all. */
  role: Role;
  /** The offset in the input up to which the last `logInByText` consumed it. */
  at = 0;
  readonly #context: SessionContext;
  readonly #report: SessionHost['loginChecked'];
  /** Whether a SASL exchange has begun and waits for its credentials. */
  #saslStarted = false;
  #failures = 0;

  constructor(context: SessionContext, report: SessionHost['loginChecked']) {
    this.#context = context;
    this.#report = report;
    this.isAuthenticated = !context.authenticator.requiresLogin;
    this.role = this.isAuthenticated ? 'admin' : 'readonly';
  }

  /** Whether this connection has used up its attempts to log in, so that it must close. */
  get attemptsExhausted(): boolean {
    return this.#failures >= this.#context.loginRules.attemptsMax;
  }

  /** Serves the ASCII login, the only request of an anonymous client of the text protocol. */
  logInByText(input: Buffer, start: number, end: number): LoginStep {
    const { sink, loginRules } = this.#context;
    this.at = start;
    if (loginRules.refusesText) return PAUSE.close;
    const login = readTextLogin(input, start, end);
    if (login.kind === 'incomplete') return PAUSE.needInput;
    if (login.kind === 'close') return PAUSE.close;
    this.at = start + login.consumed;
    if (login.kind === 'refused') {
      this.#failures++;
      sink.putText(`${login.reply}\r\n`);
      return this.attemptsExhausted ? PAUSE.close : undefined;
    }
    return this.#verify(login.user, login.password, (accepted) => {
      sink.putText(accepted ? 'STORED\r\n' : 'CLIENT_ERROR authentication failure\r\n');
    });
  }

  /** Checks whether a binary request may run, and serves the requests of SASL. */
  checkBinary(request: Request): LoginStep | 'allowed' {
    const { authenticator, binaryReplies } = this.#context;
    if (!authenticator.requiresLogin) {
      if (!isSasl(request.verb)) return 'allowed';
      binaryReplies.error(request, BINARY_STATUS.unknownCommand);
      return undefined;
    }
    switch (request.verb) {
      case VERB.saslMechanisms:
        binaryReplies.text(request, BINARY_STATUS.success, SASL_MECHANISM);
        return undefined;
      case VERB.saslStart:
      case VERB.saslStep:
        return this.#exchangeSasl(request);
      case VERB.version:
        return 'allowed';
      default:
        if (this.isAuthenticated || isMalformed(request)) return 'allowed';
        binaryReplies.error(request, BINARY_STATUS.authFailure);
        return PAUSE.close;
    }
  }

  /** Makes a request invalid that the role of the client does not permit. */
  restrict(request: Request): void {
    if (!permits(this.role, request)) forbid(request);
    else if (this.role === 'readonly') request.deniesLease = true;
  }

  #exchangeSasl(request: Request): LoginStep {
    const { binaryReplies } = this.#context;
    const starts = request.verb === VERB.saslStart;
    const known = isPlain(request.keySource, request.keyStart(0), request.keyEnd(0));
    // A second login on an authenticated connection fails and ends the first, as with memcached.
    const isExpected = known && (starts ? !this.isAuthenticated : this.#saslStarted);
    if (isExpected && starts && request.bodyStart === request.bodyEnd) {
      this.#saslStarted = true;
      binaryReplies.text(request, BINARY_STATUS.authContinue, '');
      return undefined;
    }
    const plain = isExpected
      ? readSaslPlain(request.input, request.bodyStart, request.bodyEnd)
      : undefined;
    if (plain === undefined) {
      this.#fail('');
      binaryReplies.error(request, BINARY_STATUS.authFailure);
      return this.attemptsExhausted ? PAUSE.close : undefined;
    }
    return this.#verify(plain.user, plain.password, (accepted) => {
      if (accepted) binaryReplies.text(request, BINARY_STATUS.success, 'Authenticated');
      else binaryReplies.error(request, BINARY_STATUS.authFailure);
    });
  }

  async #verify(
    user: Buffer,
    password: Buffer,
    reply: (accepted: boolean) => void,
  ): Promise<LateReply> {
    this.#saslStarted = false;
    this.isAuthenticated = false;
    this.role = 'readonly';
    const role = await this.#context.authenticator.verify(user, password);
    return () => {
      const name = user.toString('latin1');
      if (role === undefined) this.#fail(name);
      else this.#accept(name, role);
      reply(role !== undefined);
    };
  }

  #accept(user: string, role: Role): void {
    this.isAuthenticated = true;
    this.role = role;
    this.#context.store.counters.add(COUNT.auth_cmds);
    this.#report(user, true);
  }

  #fail(user: string): void {
    const { counters } = this.#context.store;
    this.isAuthenticated = false;
    this.role = 'readonly';
    this.#saslStarted = false;
    this.#failures++;
    counters.add(COUNT.auth_cmds);
    counters.add(COUNT.auth_errors);
    this.#report(user, false);
  }
}

/**
 * Whether the decoder refused a packet for a reason that does not depend on the login: its frame is
 * invalid, or it is an invalid login.
 */
function isMalformed({ verb, closeAfterReply, errorStatus, opcode }: Request): boolean {
  if (verb !== VERB.invalid) return false;
  const isLogin = opcode >= OPCODE.saslMechanisms && opcode <= OPCODE.saslStep;
  return isLogin || (closeAfterReply && errorStatus === BINARY_STATUS.unknownCommand);
}
