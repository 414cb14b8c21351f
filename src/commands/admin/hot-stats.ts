import { ByteSink } from '../../base/index.ts';
import type { HotKey, HotKeys } from './hot-keys.ts';
import type { WriteStat } from './inspect.ts';
import { putEncodedKey } from './key-text.ts';

const SINK_BYTES = 1024;
const DIGITS = 2;

/**
 * Writes `stats hot_keys` or `stats hot_prefixes`: how they were sampled, then a row for each key,
 * with its rank as the name. Rates are per second.
 */
export function writeHotKeys(
  hotKeys: HotKeys,
  topic: 'hot_keys' | 'hot_prefixes',
  put: WriteStat,
): void {
  put('sampling', hotKeys.isEnabled ? 'on' : 'off');
  if (!hotKeys.isEnabled) return;
  const { keys, prefixes, windowSeconds, samples, requestsPerSecond } = hotKeys.view();
  put('window_seconds', windowSeconds.toFixed(DIGITS));
  put('samples', Math.round(samples));
  put('requests', requestsPerSecond.toFixed(DIGITS));
  const rows = topic === 'hot_keys' ? keys : prefixes;
  for (const [at, row] of rows.entries()) put(String(at + 1), rowText(row));
}

function rowText({ key, gets, hits, writes, error, bytes }: HotKey): string {
  const sink = new ByteSink(SINK_BYTES);
  putEncodedKey(sink, key, 0, key.length);
  const name = sink.bytes.toString('latin1', 0, sink.at);
  const rates = Object.entries({ gets, hits, writes, error });
  const numbers = rates.map(([field, rate]) => `${field}=${rate.toFixed(DIGITS)}`);
  return [`key=${name}`, ...numbers, `bytes=${bytes}`].join(' ');
}
