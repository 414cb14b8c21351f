/** Lets all promises settle that need no timer. */
export function settleAll(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
