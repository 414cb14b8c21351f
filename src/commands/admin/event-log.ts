/** The events of a node that watchers receive (`watch`), for diagnosis. */
import { STATUS, type Status } from '../../protocol/index.ts';

/** memcached's event streams. The node publishes no events on the streams of memcached's proxy. */
export const STREAM = {
  fetchers: 1,
  mutations: 2,
  evictions: 4,
  connevents: 8,
  deletions: 16,
  sysevents: 32,
  rawcmds: 64,
  proxyreqs: 128,
  proxyevents: 128,
  proxyuser: 128,
} as const;

/** Publishes the events of one worker thread. */
export interface EventLog {
  /** The streams that have watchers. Check this before you format an event. */
  readonly watchedStreams: number;
  /** The id of the connection whose request the thread executes (memcached's field `cfd`). */
  cfd: number;
  /** Publishes an event; `text` follows `type=`. Never waits: a slow watcher misses events. */
  publish(stream: number, text: string): void;
}

/** The streams that `watch` names, or fetchers if it names none; undefined if one is unknown. */
export function streamsOf(words: readonly string[]): number | undefined {
  let streams = 0;
  for (const word of words) {
    const stream = STREAM[word as keyof typeof STREAM];
    if (stream === undefined) return undefined;
    streams |= stream;
  }
  return streams === 0 ? STREAM.fetchers : streams;
}

const STORE_STATUS: Readonly<Partial<Record<Status, string>>> = {
  [STATUS.stored]: 'stored',
  [STATUS.notStored]: 'not_stored',
  [STATUS.exists]: 'exists',
  [STATUS.notFound]: 'not_found',
  [STATUS.tooLarge]: 'too_large',
  [STATUS.outOfMemoryStoring]: 'no_memory',
};

export function storeStatusName(status: Status): string {
  return STORE_STATUS[status] ?? 'unknown';
}

/** Encodes a key as one word: every byte that is not unreserved in a URI becomes `%XX`. */
export function encodeKey(bytes: Buffer, start: number, end: number): string {
  return percentEncode(bytes.toString('latin1', start, end));
}

function percentEncode(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9\-._~]/g, (character) => {
    const code = character.charCodeAt(0).toString(16).toUpperCase();
    return `%${code.padStart(2, '0')}`;
  });
}
