import type { MetaReplies, Request } from '../../protocol/index.ts';
import { COUNT, FLAG, NO_ITEM, type Store } from '../../store/index.ts';

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
export function answerMetaDebug(store: Store, request: Request, reply: MetaReplies): void {
  const { keySource } = request;
  const start = request.keyStart(0);
  const end = request.keyEnd(0);
  const facts = new DebugFacts();
  const found = readFacts(store, keySource, start, end, facts);
  store.counters.add(COUNT.meta_cmds);
  if (!found) {
    reply.sink.putText('EN\r\n');
    return;
  }
  const key = keySource.toString(facts.isBinary ? 'base64' : 'latin1', start, end);
  reply.sink.putText(`ME ${key} ${formatFacts(facts)}\r\n`);
}

function readFacts(
  store: Store,
  key: Buffer,
  start: number,
  end: number,
  facts: DebugFacts,
): boolean {
  const { items, clock } = store;
  const hash = store.hashOf(key, start, end);
  const id = store.open(hash, key, start, end);
  if (id !== NO_ITEM) {
    const expiry = items.expiry(id);
    facts.isBinary = items.hasFlag(id, FLAG.keyBinary);
    facts.ttl = expiry === 0 ? -1 : Math.max(0, expiry - clock.now());
    facts.idleSeconds = Math.max(0, clock.now() - items.access(id));
    facts.casHigh = items.casHigh(id);
    facts.casLow = items.casLow(id);
    facts.fetched = items.hasFlag(id, FLAG.fetched);
    facts.sizeClass = items.lruClassOf(id);
    facts.bytes = items.bytes(id);
  }
  store.close(hash);
  return id !== NO_ITEM;
}

function formatFacts(facts: DebugFacts): string {
  const cas = (BigInt(facts.casHigh) << 32n) | BigInt(facts.casLow);
  return (
    `exp=${facts.ttl} la=${facts.idleSeconds} cas=${cas} fetch=${facts.fetched ? 'yes' : 'no'} ` +
    `cls=${facts.sizeClass} size=${facts.bytes}`
  );
}
