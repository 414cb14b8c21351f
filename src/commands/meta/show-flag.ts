import { META_LETTER, type MetaReplies, type Request } from '../../protocol/index.ts';
import type { ItemId } from '../../store/index.ts';
import { expiryOf, NEVER } from '../keyed/expiry.ts';
import type { OpenKey } from '../keyed/open-key.ts';

/**
 * Applies the flags that mg and ma share to an opened item, in the client's order: it touches the
 * item, or writes what the flag asks for. Returns false if the flag is another one.
 */
export function showSharedFlag(
  key: OpenKey,
  request: Request,
  reply: MetaReplies,
  id: ItemId,
  flag: number,
): boolean {
  const { store } = key;
  const { items, clock } = store;
  const letter = request.flagLetter(flag);
  switch (letter) {
    case META_LETTER.touch:
      store.setExpiry(id, expiryOf(request.exptime, clock));
      return true;
    case META_LETTER.ttl:
      showTtl(reply, items.expiry(id), clock.now());
      return true;
    case META_LETTER.cas:
      reply.number64(letter, items.casHigh(id), items.casLow(id));
      return true;
    case META_LETTER.opaque:
      reply.opaque(request, flag);
      return true;
    default:
      return false;
  }
}

/** Writes `t`, the seconds until expiry; -1 means never. memcached wraps around below 0. */
function showTtl(reply: MetaReplies, expiry: number, now: number): void {
  if (expiry === NEVER) reply.minusOne(META_LETTER.ttl);
  else reply.number(META_LETTER.ttl, Math.max(0, expiry - now));
}
