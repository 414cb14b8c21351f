import type { Request } from '../../protocol/index.ts';
import type { Store } from '../../store/index.ts';
import { isKeyed } from './keyed-requests.ts';

/** What a log may say of the keys of a request: how many they are, and the hash of the first. */
export interface KeyFacts {
  readonly keys?: number;
  readonly keyHash?: string;
}

export function keyFacts({ items }: Pick<Store, 'items'>, request: Request): KeyFacts {
  const { firstKey, endKey, keySource } = request;
  if (!isKeyed(request)) return {};
  const hash = items.hashOf(keySource, request.keyStart(firstKey), request.keyEnd(firstKey));
  return { keys: endKey - firstKey, keyHash: (hash >>> 0).toString(16).padStart(8, '0') };
}
