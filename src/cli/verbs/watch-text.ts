import { setTimeout as pause } from 'node:timers/promises';
import { CodedError } from '../../base/index.ts';
import { watchEnd, watchPace } from '../cache/watch.ts';
import { EXIT } from '../process/exit-codes.ts';
import type { Host } from '../process/host.ts';
import { LivePage } from '../terminal/live-page.ts';

interface TextOptions {
  /** Seconds between two texts. */
  readonly watch: number;
  readonly json: boolean;
}

/**
 * Shows a text again and again: on a terminal as one page, else one after the other. A failure is
 * shown in its place, and the next time may succeed.
 * @throws what the first text fails with.
 */
export async function watchText(
  read: () => Promise<string>,
  { watch, json }: TextOptions,
  host: Host,
): Promise<number> {
  const { intervalMs } = watchPace(watch, 0);
  const end = watchEnd(host);
  const { signal } = end;
  let page: LivePage | undefined;
  try {
    let text = await read();
    if (host.openScreen !== undefined && !json) page = new LivePage(host.openScreen, end.end);
    while (!signal.aborted) {
      if (page !== undefined) page.show(text);
      else host.out(json ? text : `${text}\n`);
      await pause(intervalMs, undefined, { signal }).catch(() => {});
      if (!signal.aborted) text = await read().catch((error: unknown) => failureText(error, json));
    }
    return EXIT.ok;
  } finally {
    page?.close();
    end.dispose();
  }
}

function failureText(error: unknown, json: boolean): string {
  if (!(error instanceof CodedError)) throw error;
  return json ? JSON.stringify({ error: error.message }) : error.message;
}
