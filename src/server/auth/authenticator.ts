import type { Role } from '../../commands/index.ts';

/** Checks logins for all sessions of a thread, in every dialect. */
export interface Authenticator {
  /** Whether a client must log in before it may do anything else. */
  readonly requiresLogin: boolean;
  /**
   * Resolves with the role of the user if it exists and has this password, or else with undefined.
   * An unknown user takes as long as a known one. The promise never rejects.
   */
  verify(user: Buffer, password: Buffer): Promise<Role | undefined>;
}

/** The authenticator of a node without users: it requires no login. */
export const NO_LOGIN_REQUIRED: Authenticator = {
  requiresLogin: false,
  verify: () => Promise.resolve('admin'),
};

/** How clients may log in, on a node that requires a login. */
export interface LoginRules {
  /** Whether the node refuses the text protocol, as memcached does with SASL. */
  readonly refusesText: boolean;
  /** The node closes a connection after this many failed logins. */
  readonly attemptsMax: number;
}

export const DEFAULT_LOGIN_RULES: LoginRules = { refusesText: false, attemptsMax: 10 };
