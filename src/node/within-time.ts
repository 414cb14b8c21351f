/**
 * Waits for the promise for at most `msMax`. A process that was stopped, or busy, for that time
 * still takes what has arrived in the meantime.
 */
export async function withinTime(promise: Promise<unknown>, msMax: number): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(() => setImmediate(() => setImmediate(resolve)), msMax);
  try {
    await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
