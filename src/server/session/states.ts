/** Why `advance` returned. */
export const PAUSE = {
  /** The session has served every complete request: it needs more bytes. */
  needInput: 0,
  /** The turn of this connection ended; it has more to do. */
  yielded: 1,
  /** The client does not read its replies: continue once it has read them. */
  outputBlocked: 2,
  /** The session has ended: send the written replies, then close the connection. */
  close: 3,
  /** The session waits for a promise: continue once the session calls `wake`. */
  awaiting: 4,
  /** In a cluster, the session waits for other nodes: continue once it `mayGoOn`. */
  replies: 5,
} as const;
export type Pause = (typeof PAUSE)[keyof typeof PAUSE];

/** The states of a session: see the picture at Session. */
export const STATE = {
  ready: 0,
  /** No byte has arrived. */
  initial: 1,
  receiving: 2,
  retrieving: 3,
  streaming: 4,
  awaiting: 5,
  settled: 6,
  watching: 7,
} as const;
export type State = (typeof STATE)[keyof typeof STATE];
