import { badOption } from '../options.ts';

/** Refuses options that do not exist, so that none is silently unused; throws ERR_ARGUMENT. */
export function checkNames(options: object, names: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (!names.includes(name)) throw badOption(`There is no option "${name}".`);
  }
}

/** Throws ERR_ARGUMENT for a number out of its range, both ends of which are in it. */
export function checkRange(name: string, value: number, least: number, most: number): void {
  if (value >= least && value <= most) return;
  throw badOption(`${name} is ${value}, not ${least} to ${most}.`);
}

/** The same for numbers that must be whole. */
export function checkWhole(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw badOption(`${name} is ${value}, not a whole number from ${least} to ${most}.`);
}
