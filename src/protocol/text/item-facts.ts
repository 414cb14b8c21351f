/** The client's half of `me`, which reads the facts of an item without its value. */

/** What a node tells about an item. */
export interface KeyFacts {
  /** Seconds until the item expires; undefined for never. */
  readonly ttl: number | undefined;
  /** Seconds since the last access. */
  readonly idleSeconds: number;
  readonly cas: bigint;
  /** Whether a client has read the item since it was stored. */
  readonly isFetched: boolean;
  readonly sizeClass: number;
  /** What the item occupies, with its key and its header. */
  readonly bytes: number;
}

const FACTS = /^ME \S+ exp=(-?\d+) la=(\d+) cas=(\d+) fetch=(yes|no) cls=(\d+) size=(\d+)$/;
const NEVER = '-1';
const VISIBLE = /^[\x21-\x7e]+$/;

/** The line that asks for the facts; a key that is no visible ASCII goes in base64. */
export function factsLine(key: Buffer): string {
  const text = key.toString('latin1');
  return VISIBLE.test(text) ? `me ${text}\r\n` : `me ${key.toString('base64')} b\r\n`;
}

/** Parses the reply of a hit; undefined if it is none. */
export function parseFacts(line: string): KeyFacts | undefined {
  const [, ttl, idle, cas, fetched, sizeClass, bytes] = FACTS.exec(line) ?? [];
  if (cas === undefined) return undefined;
  return {
    // memcached 1.6.18 sends the remaining seconds as a negative number.
    ttl: ttl === NEVER ? undefined : Math.abs(Number(ttl)),
    idleSeconds: Number(idle),
    cas: BigInt(cas),
    isFetched: fetched === 'yes',
    sizeClass: Number(sizeClass),
    bytes: Number(bytes),
  };
}
