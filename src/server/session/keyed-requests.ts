import { DIALECT, isStorage, type Request, VERB, type Verb } from '../../protocol/index.ts';

const KEYED: readonly Verb[] = [
  ...[VERB.get, VERB.getAndTouch, VERB.set, VERB.add, VERB.replace, VERB.append, VERB.prepend],
  ...[VERB.cas, VERB.delete, VERB.increment, VERB.decrement, VERB.touch, VERB.metaGet],
  ...[VERB.metaDelete, VERB.metaArithmetic, VERB.metaDebug],
];
const CHANGING: readonly Verb[] = [
  ...[VERB.getAndTouch, VERB.touch, VERB.delete, VERB.increment, VERB.decrement],
  ...[VERB.metaDelete, VERB.metaArithmetic],
];
const IS_KEYED = new Uint8Array(Math.max(...Object.values(VERB)) + 1);
const IS_CHANGING = new Uint8Array(IS_KEYED.length);
for (const verb of KEYED) IS_KEYED[verb] = 1;
for (const verb of CHANGING) IS_CHANGING[verb] = 1;

/** Whether the request has keys; those of others are stale. */
export function isKeyed({ verb }: Request): boolean {
  return IS_KEYED[verb] === 1;
}

const COPY_FLAGS: ReadonlySet<number> = new Set(Buffer.from('bfkOqsuv'));

/**
 * Whether a copy may answer the request: a get of the classic protocol without CAS ids, or an `mg`
 * that shows only what all holders have in common.
 */
export function mayReadCopy(request: Request): boolean {
  const { verb, dialect, withCas, hasCas, flagCount } = request;
  if (verb === VERB.get) return dialect === DIALECT.classic && !withCas;
  if (verb !== VERB.metaGet || hasCas) return false;
  for (let flag = 0; flag < flagCount; flag++) {
    if (!COPY_FLAGS.has(request.flagLetter(flag))) return false;
  }
  return true;
}

/** Whether the request may change its items, or win a lease for a key without an item. */
export function mayChangeItems(request: Request): boolean {
  return changesItems(request) || (request.verb === VERB.metaGet && request.vivify);
}

/**
 * Whether the request may change its items, beside the lease that any `mg` can win. To move an item
 * in its LRU list changes nothing.
 */
export function changesItems({ verb, hasExptime }: Request): boolean {
  return IS_CHANGING[verb] === 1 || isStorage(verb) || (verb === VERB.metaGet && hasExptime);
}
