import { readFileSync } from 'node:fs';
import { CodedError } from '../../base/index.ts';

/** Of a log, as much as a person reads. */
const REASON_LINES = 5;

/** @param what such as `The cluster web`: its log says why. */
export function startFailure(what: string, logPath: string): CodedError {
  const lines = readFileSync(logPath, 'utf8').trimEnd().split('\n').slice(-REASON_LINES);
  const text = `${what} did not start: ${lines.map(textIn).join(' ')}`;
  return new CodedError('ERR_RUNTIME', text);
}

/** The message of a line of the log. */
function textIn(line: string): string {
  try {
    return String((JSON.parse(line) as { msg?: unknown }).msg ?? line);
  } catch {
    return line;
  }
}
