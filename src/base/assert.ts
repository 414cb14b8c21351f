/**
 * An invariant of our own code does not hold. Neither a peer nor a user can cause it, so it ends
 * the process (TigerBeetle's rule: assertions find bugs, errors handle the world).
 */
class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/** Throws unless `condition` is true; `invariant` states in words what must hold. */
export function assert(condition: boolean, invariant: string): asserts condition {
  if (!condition) throw new AssertionError(invariant);
}
