/** Numbers with units for readers of a terminal. */

const COMPACT = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

const SIZES = [
  { unit: 'GiB', bytes: 2 ** 30 },
  { unit: 'MiB', bytes: 2 ** 20 },
  { unit: 'KiB', bytes: 2 ** 10 },
  { unit: 'B', bytes: 1 },
] as const;

const TIMES = [
  { unit: 'd', seconds: 86_400 },
  { unit: 'h', seconds: 3600 },
  { unit: 'min', seconds: 60 },
  { unit: 's', seconds: 1 },
] as const;

const SPANS = [
  { unit: 's', microseconds: 1e6 },
  { unit: 'ms', microseconds: 1e3 },
  { unit: 'us', microseconds: 1 },
] as const;
const SPAN_DIGITS = 3;

/** `950`, `12.3K`, `4.5M`. */
export function countText(count: number): string {
  return COMPACT.format(count);
}

/** `1.5/64 MiB`: both sizes in the unit of the limit. */
export function usageText(usedBytes: number, limitBytes: number): string {
  const { unit, bytes } = SIZES.find((each) => limitBytes >= each.bytes) ?? SIZES.at(-1)!;
  return `${COMPACT.format(usedBytes / bytes)}/${COMPACT.format(limitBytes / bytes)} ${unit}`;
}

/** `512 MiB`, `1.5 GiB`. */
export function sizeText(sizeBytes: number): string {
  const { unit, bytes } = SIZES.find((each) => sizeBytes >= each.bytes) ?? SIZES.at(-1)!;
  return `${COMPACT.format(sizeBytes / bytes)} ${unit}`;
}

/** `512M`, `1.5G`: as short as it can be, for a table that shall fit a narrow terminal. */
export function shortSizeText(sizeBytes: number): string {
  const [number, unit = ''] = sizeText(sizeBytes).split(' ');
  return `${number}${unit.slice(0, 1)}`;
}

/** `45 s`, `12 min`, `3 h`, `4 d`: the largest unit of which there is at least one. */
export function ageText(ageSeconds: number): string {
  const { unit, seconds } = TIMES.find((each) => ageSeconds >= each.seconds) ?? TIMES.at(-1)!;
  return `${Math.floor(ageSeconds / seconds)} ${unit}`;
}

/** `850us`, `12.3ms`, `1.5s`: three digits at most. */
export function microsecondsText(us: number): string {
  const { unit, microseconds } = SPANS.find((each) => us >= each.microseconds) ?? SPANS.at(-1)!;
  return `${Number((us / microseconds).toPrecision(SPAN_DIGITS))}${unit}`;
}

/** `98.2 %`; a dash for a share of nothing. */
export function shareText(part: number, whole: number): string {
  return whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} %`;
}
