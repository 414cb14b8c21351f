/** Numbers by name: constants for code in another language. */
export type Numbers = Readonly<Record<string, number>>;

/** Gives all names a prefix and writes them as `UPPER_CASE`; multiplies all numbers. */
export function named(prefix: string, numbers: Numbers, factor = 1): Numbers {
  const upper = (name: string): string => name.replace(/(?<=[a-z])[A-Z]/g, '_$&').toUpperCase();
  return Object.fromEntries(
    Object.entries(numbers).map(([name, value]) => [`${prefix}_${upper(name)}`, value * factor]),
  );
}
