import { type Logger, silentLogger } from '../../src/base/index.ts';

/** A log that keeps the texts of its warnings. */
export function recordingLog(): { readonly log: Logger; readonly texts: readonly string[] } {
  const texts: string[] = [];
  return { log: { ...silentLogger, warn: (_, text) => void texts.push(text) }, texts };
}
