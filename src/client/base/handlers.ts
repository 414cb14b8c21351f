/** The handlers whose failure is reported. */
const reported = new Set<string>();

/**
 * Calls a function of the application whose result does not matter to the client. If it throws, or
 * its promise rejects, no operation fails: the first failure of each handler is a warning of the
 * process.
 * @param name the option that takes the handler, such as `onRefreshError`.
 */
export function callHandler(name: string, call: () => unknown): void {
  const settled = new Promise((resolve) => resolve(call()));
  settled.catch((error: unknown) => {
    if (reported.has(name)) return;
    reported.add(name);
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.emitWarning(`The handler ${name} failed: ${reason}`, 'SlabringWarning');
  });
}
