/** Below 0 if `a` is the older one. */
export function compareVersions(a: string, b: string): number {
  const [x, y] = [a, b].map((text) => text.split('.').map(Number));
  for (let nth = 0; nth < Math.max(x!.length, y!.length); nth++) {
    const difference = (x![nth] ?? 0) - (y![nth] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
