/** @throws {Error} with one sentence and no stack, if this Node.js is older than `major`. */
export function requireNode(major: number, entry: string): void {
  const { node } = process.versions;
  if (Number(node.split('.')[0]) >= major) return;
  const error = new Error(
    `${entry} needs Node.js ${major} or newer, and this is ${node}: install a newer one.`,
  );
  error.stack = error.message;
  throw error;
}
