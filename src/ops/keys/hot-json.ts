import type { HotKey, HotKeys } from '../../commands/index.ts';
import { keyJson } from './key-json.ts';

/** The hot keys of one node, for programs; the rates are per second. */
export function hotKeysJson(hotKeys: HotKeys): object {
  if (!hotKeys.isEnabled) return { isSampling: false };
  const { windowSeconds, samples, requestsPerSecond, keys, prefixes } = hotKeys.view();
  return {
    isSampling: true,
    windowSeconds,
    samples,
    requestsPerSecond,
    keys: keys.map(rowJson),
    prefixes: prefixes.map(rowJson),
  };
}

function rowJson({ key, gets, hits, writes, error, bytes }: HotKey): object {
  return {
    ...keyJson(key.toString('latin1')),
    getsPerSecond: gets,
    hitsPerSecond: hits,
    writesPerSecond: writes,
    errorPerSecond: error,
    bytes,
  };
}
