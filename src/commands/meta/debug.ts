import type { MetaReplies, Request } from '../../protocol/index.ts';
import { COUNT, NO_ITEM } from '../../store/index.ts';
import { fitsLine } from '../admin/key-text.ts';
import type { OpenKey } from '../keyed/open-key.ts';

/** The facts that `me` reports; it reads them while the key is open and writes them afterwards. */
class DebugFacts {
  isBinary = false;
  ttl = 0;
  idleSeconds = 0;
  casHigh = 0;
  casLow = 0;
  fetched = false;
  sizeClass = 0;
  bytes = 0;
}

/** Executes me: reports the facts of an item for diagnosis, and does not count as a fetch. */
export function answerMetaDebug(key: OpenKey, request: Request, reply: MetaReplies): void {
  const facts = new DebugFacts();
  const found = readFacts(key, request, facts);
  key.store.counters.add(COUNT.meta_cmds);
  if (!found) {
    reply.sink.putText('EN\r\n');
    return;
  }
  const { keySource } = request;
  const [start, end] = [request.keyStart(0), request.keyEnd(0)];
  const encoding = facts.isBinary || !fitsLine(keySource, start, end) ? 'base64' : 'latin1';
  const keyText = keySource.toString(encoding, start, end);
  reply.sink.putText(`ME ${keyText} ${formatFacts(facts)}\r\n`);
}

function readFacts(key: OpenKey, request: Request, facts: DebugFacts): boolean {
  const { items, clock } = key.store;
  const id = key.open(request);
  if (id !== NO_ITEM) {
    const expiry = items.expiry(id);
    facts.isBinary = items.hasBinaryKey(id);
    facts.ttl = expiry === 0 ? -1 : Math.max(0, expiry - clock.now());
    facts.idleSeconds = Math.max(0, clock.now() - items.access(id));
    facts.casHigh = items.casHigh(id);
    facts.casLow = items.casLow(id);
    facts.fetched = items.isFetched(id);
    facts.sizeClass = items.lruClassOf(id);
    facts.bytes = items.bytes(id);
  }
  key.close();
  return id !== NO_ITEM;
}

function formatFacts(facts: DebugFacts): string {
  const cas = (BigInt(facts.casHigh) << 32n) | BigInt(facts.casLow);
  return (
    `exp=${facts.ttl} la=${facts.idleSeconds} cas=${cas} fetch=${facts.fetched ? 'yes' : 'no'} ` +
    `cls=${facts.sizeClass} size=${facts.bytes}`
  );
}
