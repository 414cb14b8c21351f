/**
 * One step of a script: requests with their data, as Latin-1 text. `{cas k}` stands for the CAS id
 * that the server last showed for key `k`.
 */
export type Step = string;

/** Requests that go to a server step by step. The store is empty before the first step. */
export interface Script {
  readonly name: string;
  readonly steps: readonly Step[];
  /**
   * `burst` (the default): a second test sends all steps in one packet. `stepwise`: it must not,
   * because memcached replies differently to a burst: a reply that it has not written yet pins the
   * item, so a decr after a get makes a new copy instead of padding the value in place.
   */
  readonly pace?: 'burst' | 'stepwise';
}

/** A step of request lines; adds CRLF to each line. */
export const lines = (...requestLines: readonly string[]): Step =>
  requestLines.map((line) => `${line}\r\n`).join('');

/** A storage command with its data and the length of the data. */
export const put = (command: string, key: string, data: string, tail = ''): Step =>
  `${command} ${key} 0 0 ${data.length}${tail}\r\n${data}\r\n`;

export const script = (name: string, ...steps: readonly Step[]): Script => ({ name, steps });

export const stepwise = (name: string, ...steps: readonly Step[]): Script => ({
  name,
  steps,
  pace: 'stepwise',
});

/** One script for each step; the step is its name. */
export const singleStepScripts = (...steps: readonly Step[]): readonly Script[] =>
  steps.map((step) =>
    script(JSON.stringify(step.length > 80 ? `${step.slice(0, 80)}…` : step), step),
  );
