/**
 * How a member of a cluster says, in its reply to `version`, that clients may ask it for the
 * topology: a zero in front of the last number, such as `1.6.018`. Clients that read numbers see
 * the same version, also those that read them from the end of the line; a suffix would break some.
 */
export const memberVersion = (version: string): string => version.replace(/\d+$/, '0$&');

export const isMemberVersion = (version: string): boolean => /^\d+\.\d+\.0\d+$/.test(version);
