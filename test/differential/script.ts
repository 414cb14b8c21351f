/**
 * One step of a script: a request with its data, Latin-1 text for bytes. `{cas k}` stands for the CAS id that this
 * server last showed for key `k`.
 */
export type Step = string;

/** A story told to a server, step by step; the store is empty before. */
export interface Script {
  readonly name: string;
  readonly steps: readonly Step[];
  /**
   * `burst` (the default): also told in one packet. `stepwise`: not, because memcached answers a burst otherwise:
   * a reply it has not written yet holds the item, so a decr after a get makes a fresh copy instead of padding.
   */
  readonly pace?: 'burst' | 'stepwise';
}

/** A step from request lines: each gets its CRLF. */
export const lines = (...requestLines: readonly string[]): Step =>
  requestLines.map((line) => `${line}\r\n`).join('');

/** A storage command with its data, the length computed. */
export const put = (command: string, key: string, data: string, tail = ''): Step =>
  `${command} ${key} 0 0 ${data.length}${tail}\r\n${data}\r\n`;

export const script = (name: string, ...steps: readonly Step[]): Script => ({ name, steps });

export const stepwise = (name: string, ...steps: readonly Step[]): Script => ({
  name,
  steps,
  pace: 'stepwise',
});

/** Many scripts of one step each, named by it. */
export const each = (...steps: readonly Step[]): readonly Script[] =>
  steps.map((step) =>
    script(JSON.stringify(step.length > 80 ? `${step.slice(0, 80)}…` : step), step),
  );
