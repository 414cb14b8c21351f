/** The rules of the commands by name, for the fast path. */
import { IN_THE_PAST, RELATIVE_SECONDS_MAX } from './keyed/expiry.ts';

export const COMMAND_CONSTANTS: Readonly<Record<string, number>> = {
  IN_THE_PAST,
  RELATIVE_SECONDS_MAX,
};
