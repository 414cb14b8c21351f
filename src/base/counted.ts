/** `1 node`, `3 nodes`. */
export function counted(count: number, unit: string, text = String(count)): string {
  return `${text} ${count === 1 ? unit : `${unit}s`}`;
}
