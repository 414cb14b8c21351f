/**
 * A broken promise of our own code, never of a peer or a user: it is meant to end the process
 * (TigerBeetle's rule: assertions find bugs, errors handle the world).
 */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/** Throws unless `condition` holds; `law` says what must hold, in words. */
export function assert(condition: boolean, law: string): asserts condition {
  if (!condition) throw new AssertionError(law);
}
