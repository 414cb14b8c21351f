/** Numbers as people read them; pure. */

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
/** What a number that is not known looks like. */
export const UNKNOWN = '–';
const SPACE = '\u00a0';

/** `1.5 MiB`. */
export function bytes(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return UNKNOWN;
  let rest = value;
  let unit = 0;
  while (rest >= 1023.5 && unit < UNITS.length - 1) {
    rest /= 1024;
    unit++;
  }
  return `${digits(rest)}${SPACE}${UNITS[unit]}`;
}

const THOUSANDS = ['', 'k', 'M', 'G', 'T'];

/** `12.3k`; a whole number below 1000 has no digits behind the point. */
export function amount(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return UNKNOWN;
  let rest = value;
  let unit = 0;
  while (rest >= 999.5 && unit < THOUSANDS.length - 1) {
    rest /= 1000;
    unit++;
  }
  return `${digits(rest)}${THOUSANDS[unit]}`;
}

/** `12,345`: each digit counts. */
export const whole = (value: number | undefined): string =>
  value === undefined ? UNKNOWN : Math.round(value).toLocaleString('en-US');

/** `98.7 %` of a share. */
export function percent(share: number | undefined): string {
  if (share === undefined || !Number.isFinite(share)) return UNKNOWN;
  const value = share * 100;
  // A share just below 1 never looks like all.
  const text = value > 99.9 && value < 100 ? '99.9' : value.toFixed(value >= 99.95 ? 0 : 1);
  return `${text}${SPACE}%`;
}

/** `240 µs`, `1.2 ms`, `3 s`. */
export function latency(seconds: number | undefined): string {
  if (seconds === undefined || !Number.isFinite(seconds)) return UNKNOWN;
  if (seconds < 1e-3) return `${digits(seconds * 1e6)}${SPACE}µs`;
  if (seconds < 1) return `${digits(seconds * 1e3)}${SPACE}ms`;
  return `${digits(seconds)}${SPACE}s`;
}

/** `about 20 s`, `about 3 min`. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.ceil(seconds))}${SPACE}s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)}${SPACE}min`;
  return `${(seconds / 3600).toFixed(1)}${SPACE}h`;
}

/** `2026-11-29 08:15:00`, in UTC. */
export const time = (ms: number): string =>
  new Date(ms).toISOString().replace('T', ' ').slice(0, 19);

/** `3 nodes`, `1 node`. */
export const counted = (count: number, noun: string): string =>
  `${whole(count)}${SPACE}${noun}${count === 1 ? '' : 's'}`;

const digits = (value: number): string => {
  const size = Math.abs(value);
  if (size >= 99.95 || Number.isInteger(value)) return value.toFixed(0);
  return value.toFixed(size >= 9.995 ? 1 : 2).replace(/\.?0+$/, '');
};
