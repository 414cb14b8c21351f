/** The suffixes of a size, largest first, each with its size in bytes. */
const UNITS = [
  { suffix: 'g', bytes: 2 ** 30 },
  { suffix: 'm', bytes: 2 ** 20 },
  { suffix: 'k', bytes: 2 ** 10 },
] as const;

/**
 * Parses a size such as `64`, `64m`, `64mb` or `1G` to bytes; `bareBytes` says how many bytes a
 * number without a suffix means.
 */
export function parseSize(
  text: string,
  bareBytes = (number: number): number => number,
): number | undefined {
  const [, digits, suffix] = /^(\d{1,15})([kmg]?)b?$/i.exec(text.trim()) ?? [];
  if (digits === undefined) return undefined;
  const unit = UNITS.find((each) => each.suffix === suffix?.toLowerCase());
  const isBare = unit === undefined && !/b$/i.test(text);
  const bytes = isBare ? bareBytes(Number(digits)) : Number(digits) * (unit?.bytes ?? 1);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** The shortest exact form, which `parseSize` parses back: `64m`, `1g`, `1000b`, `0`. */
export function formatSize(bytes: number): string {
  if (bytes === 0) return '0';
  const unit = UNITS.find((each) => bytes >= each.bytes && bytes % each.bytes === 0);
  return unit === undefined ? `${bytes}b` : `${bytes / unit.bytes}${unit.suffix}`;
}
