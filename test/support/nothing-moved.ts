/** The part of a report of a member that moves no items. */
export const NOTHING_MOVED = {
  keysMoved: 0,
  bytesMoved: 0,
  keysLeft: 0,
  bytesLeft: 0,
  keysPerSecond: 0,
  bytesPerSecond: 0,
} as const;
