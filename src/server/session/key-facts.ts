import { type Request, VERB, type Verb } from '../../protocol/index.ts';
import type { Store } from '../../store/index.ts';

/** The verbs whose requests have keys; those of others are stale. */
const KEYED_VERBS: ReadonlySet<Verb> = new Set([
  VERB.get,
  VERB.getAndTouch,
  VERB.set,
  VERB.add,
  VERB.replace,
  VERB.append,
  VERB.prepend,
  VERB.cas,
  VERB.delete,
  VERB.increment,
  VERB.decrement,
  VERB.touch,
  VERB.metaGet,
  VERB.metaDelete,
  VERB.metaArithmetic,
  VERB.metaDebug,
]);

/** What a log may say of the keys of a request: how many they are, and the hash of the first. */
export interface KeyFacts {
  readonly keys?: number;
  readonly keyHash?: string;
}

export function keyFacts({ items }: Pick<Store, 'items'>, request: Request): KeyFacts {
  const { firstKey, endKey, keySource, verb } = request;
  if (!KEYED_VERBS.has(verb)) return {};
  const hash = items.hashOf(keySource, request.keyStart(firstKey), request.keyEnd(firstKey));
  return { keys: endKey - firstKey, keyHash: (hash >>> 0).toString(16).padStart(8, '0') };
}
