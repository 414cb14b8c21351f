/** Says what happened, with facts a program can filter by. Never on the data path. */
export interface Logger {
  error(facts: object, text: string): void;
  warn(facts: object, text: string): void;
  info(facts: object, text: string): void;
  debug(facts: object, text: string): void;
  trace(facts: object, text: string): void;
}

const nothing = (): void => {};

/** Says nothing: for tests and for callers that bring no log of their own. */
export const silentLogger: Logger = {
  error: nothing,
  warn: nothing,
  info: nothing,
  debug: nothing,
  trace: nothing,
};
