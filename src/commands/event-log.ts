/** What `watch` shows: events of a node, for people who look for the cause of something. */
import { STATUS, type Status } from '../protocol/index.ts';

/** memcached's streams, and those of its proxy, of which there are no events here. */
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

/** One thread's way to tell events. */
export interface EventLog {
  /** The streams that anybody watches: look before you make a line. */
  readonly watched: number;
  /** Whose request is answered now. */
  cfd: number;
  /** Tells an event: `text` is all that follows `type=`. Never waits; a slow watcher misses events. */
  tell(stream: number, text: string): void;
}

/** The streams that `watch` names, fetchers if none; undefined when one of them is not known. */
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

/** A key as one word: what is no plain character is escaped as in a URI. */
export function keyWord(bytes: Buffer, start: number, end: number): string {
  return encodeLatin1(bytes.toString('latin1', start, end));
}

function encodeLatin1(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9\-._~]/g, (character) => {
    const code = character.charCodeAt(0).toString(16).toUpperCase();
    return `%${code.padStart(2, '0')}`;
  });
}
