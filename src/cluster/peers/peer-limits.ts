/** The bounds of one link; tests and simulations may choose others. */
export interface LinkLimits {
  /** Time to connect and to complete the handshake. */
  readonly connectMs: number;
  /** Time for a reply, and up to a quarter more. */
  readonly replyMs: number;
  /** Delays before the next attempt to connect: they double from the first to the second. */
  readonly retryMs: number;
  readonly retryMsMax: number;
  /** Requests without a reply. Marks, flushes and pings may have CONTROL_FRAMES more. */
  readonly framesMax: number;
  /**
   * Bytes of requests without a reply. A request is sent if there are fewer, whatever its size: so
   * the link holds up to this, and one frame.
   */
  readonly bytesMax: number;
}

/** Requests that a link keeps room for when others have used up its bound. */
export const CONTROL_FRAMES = 1024;

export const LINK_LIMITS: LinkLimits = {
  connectMs: 2000,
  replyMs: 5000,
  retryMs: 20,
  retryMsMax: 1000,
  framesMax: 16 * 1024,
  // More than single requests (16 MiB, or one of 64 MiB) and states (6 MiB and one value of 64 MiB)
  // have on their way; gets of several keys have no bound of their own.
  bytesMax: 160 * 1024 * 1024,
};

/** The bounds of the listener of one thread. */
export interface ListenerLimits {
  readonly connectionsMax: number;
  /** Connections that have not proved themselves: one more closes the oldest of them. */
  readonly handshakesMax: number;
  readonly handshakeMs: number;
  /** Requests of a connection without a reply, and bytes of replies that wait for its write. */
  readonly framesMax: number;
  readonly bytesMax: number;
}

export const LISTENER_LIMITS: ListenerLimits = {
  connectionsMax: 4096,
  handshakesMax: 64,
  handshakeMs: 3000,
  framesMax: LINK_LIMITS.framesMax + CONTROL_FRAMES,
  bytesMax: 4 * 1024 * 1024,
};
