import { isBinary, type Request, VERB, type Verb } from '../../protocol/index.ts';
import type { SessionHost } from './context.ts';

/** Whether a session speaks text, by its listener or by the first byte that its client sent. */
export function selectsText(protocol: SessionHost['protocol'], firstByte: number): boolean {
  return protocol === 'auto' ? !isBinary(firstByte) : protocol === 'ascii';
}

/** Whether the reply needs a sum over all threads, or a copy of a table. */
export function isCostly(verb: Verb): boolean {
  return verb === VERB.stats || (verb >= VERB.configGet && verb <= VERB.admin);
}

export function isRetrieval({ verb }: Request): boolean {
  return verb === VERB.get || verb === VERB.getAndTouch;
}
