/** GET /log: the last lines of a node's log, and those that come. */
import type { ServerResponse } from 'node:http';
import { LOG_LEVELS, type LogLevel, type LogRing, logLine } from '../../base/index.ts';
import { AdminError } from './admin-error.ts';
import type { Reply } from './pages.ts';

/** Fewer than the requests that the port answers at the same time: probes get their replies. */
const FOLLOWERS_MAX = 4;
const LINES_MAX = 2000;
/** The lines of one write; a reader that does not take it gets no other, and misses lines. */
const LINES_PER_WRITE_MAX = 200;
/** The lines of this time leave together. */
const GATHER_MS = 50;
/** An empty line keeps a connection open whose log is silent. */
const HEARTBEAT_MS = 15_000;

interface LogQuery {
  readonly lines: number;
  readonly level: LogLevel;
  readonly follows: boolean;
}

/** Shows the log of the process to readers. None of them costs the node more than a few writes. */
export class LogRoute {
  readonly #ring: LogRing;
  readonly #ended = new AbortController();
  #followers = 0;

  constructor(ring: LogRing) {
    this.#ring = ring;
  }

  /** @throws {AdminError} for a wrong query, or one follower too many. */
  reply(url: string): Reply {
    const query = readQuery(url);
    const { lines, level, follows } = query;
    if (follows && this.#followers >= FOLLOWERS_MAX) {
      const text = `The log has ${FOLLOWERS_MAX} readers that follow it: end one of them.`;
      throw new AdminError(503, text, { 'retry-after': '1' });
    }
    const start = this.#ring.startOf(lines, level);
    const stream = (response: ServerResponse): Promise<void> =>
      follows ? this.#follow(response, start, level) : this.#show(response, start, level);
    return { status: 200, type: 'application/x-ndjson; charset=utf-8', body: '', stream };
  }

  /** Ends the replies to followers, with the lines until now. */
  close(): void {
    this.#ended.abort();
  }

  async #show(response: ServerResponse, start: number, level: LogLevel): Promise<void> {
    const { lines } = this.#ring.read(start, level, LINES_MAX);
    response.write(lines.map((line) => `${line}\n`).join(''));
  }

  async #follow(response: ServerResponse, start: number, level: LogLevel): Promise<void> {
    this.#followers++;
    response.flushHeaders();
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const end = AbortSignal.any([gone.signal, this.#ended.signal]);
    let at = start;
    try {
      while (!gone.signal.aborted) {
        const { lines, missing, next, isLast } = this.#ring.read(at, level, LINES_PER_WRITE_MAX);
        at = next;
        const all = missing === 0 ? lines : [gapLine(missing), ...lines];
        const taken = all.length === 0 || response.write(all.map((line) => `${line}\n`).join(''));
        if (isLast && end.aborted) return;
        // Lines may have come while the reader did not take those before.
        if (!taken) await drained(response, end);
        else if (isLast) await this.#more(response, end);
      }
    } finally {
      this.#followers--;
    }
  }

  /** Waits for another line, or for the end. */
  async #more(response: ServerResponse, end: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const go = (): void => resolve();
    const leave = this.#ring.onLine(go);
    end.addEventListener('abort', go, { once: true });
    const heartbeat = setInterval(() => response.write('\n'), HEARTBEAT_MS);
    await promise;
    clearInterval(heartbeat);
    leave();
    end.removeEventListener('abort', go);
    if (!end.aborted) await new Promise((gathered) => setTimeout(gathered, GATHER_MS));
  }
}

/** Resolves when the reader has taken what was written, or at the end. */
async function drained(response: ServerResponse, end: AbortSignal): Promise<void> {
  if (end.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const go = (): void => resolve();
  response.once('drain', go);
  end.addEventListener('abort', go, { once: true });
  await promise;
  response.off('drain', go);
  end.removeEventListener('abort', go);
}

const gapLine = (lines: number): string =>
  logLine('warn', { lines }, 'lines are missing here: this reader was too slow');

function readQuery(url: string): LogQuery {
  const query = new URLSearchParams(url.split('?')[1] ?? '');
  const lines = query.get('lines') ?? '100';
  const level = query.get('level') ?? 'trace';
  const known = LOG_LEVELS.find((each) => each === level);
  if (known === undefined) {
    throw new AdminError(400, `The parameter level must be one of: ${LOG_LEVELS.join(', ')}.`);
  }
  if (!/^\d{1,4}$/.test(lines) || Number(lines) > LINES_MAX) {
    throw new AdminError(400, `The parameter lines must be a number from 0 to ${LINES_MAX}.`);
  }
  return { lines: Number(lines), level: known, follows: query.get('follow') === '1' };
}
