/** The time, as a client takes it from the machine. */
export interface ClientClock {
  /** Milliseconds since an arbitrary moment; never jumps. */
  now(): number;
  /** Milliseconds since the Unix epoch; jumps when somebody sets the clock of the machine. */
  unixMs(): number;
}
