import { invalidCombination } from '../errors.ts';
import type { Fields } from '../fields.ts';

/**
 * Unlike other members that an operation does not have, this one is not ignored: who sends it
 * wants no change.
 * @throws {ApiError} `InvalidParameterCombination`
 */
export function refuseDryRun(isGiven: boolean, fields: Fields): void {
  if (!isGiven || Object.hasOwn(fields, 'DryRun')) return;
  throw invalidCombination('DryRun is not offered for this operation.');
}
