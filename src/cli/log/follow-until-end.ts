import { watchEnd } from '../cache/watch.ts';
import { EXIT } from '../process/exit-codes.ts';
import type { Host } from '../process/host.ts';
import { follow, type LineSource } from './follow.ts';
import { lineShower } from './show-line.ts';

/** Prints the lines of all nodes until Ctrl-C; returns the exit code. Throws as `follow` does. */
export async function followUntilEnd(
  sources: readonly LineSource[],
  options: { readonly json: boolean },
  host: Host,
): Promise<number> {
  const end = watchEnd(host);
  try {
    await follow(sources, lineShower(options, host), end.signal);
    return EXIT.ok;
  } finally {
    end.dispose();
  }
}
