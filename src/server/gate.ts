/** Who may speak to this node: asked by every session of a thread, whatever the protocol. */
export interface Gate {
  /** Whether a client must log in before it may do anything else. */
  readonly isClosed: boolean;
  /**
   * Whether this is a user with its password. It takes as long for a user that does not exist; it
   * never rejects.
   */
  verify(user: Buffer, password: Buffer): Promise<boolean>;
}

/** Everybody may. */
export const OPEN_GATE: Gate = {
  isClosed: false,
  verify: () => Promise.resolve(true),
};

/** How a client may log in, where the gate is closed. */
export interface LoginRules {
  /** Whether the text protocol is refused, as memcached does with SASL; else it asks for a login. */
  readonly textIsClosed: boolean;
  /** A connection that fails this often is ended. */
  readonly attemptsMax: number;
}

export const USUAL_LOGIN_RULES: LoginRules = { textIsClosed: false, attemptsMax: 10 };
