import { watchEvents } from '../../client/index.ts';
import { readNodes } from '../../topology/index.ts';
import { eventLine } from '../log/event-line.ts';
import type { LineSource } from '../log/follow.ts';
import type { ConnectOptions } from '../options/cache-options.ts';
import { explain } from './explain.ts';

/** The events of a node, as lines of a log. */
export function eventSource(
  node: string,
  streams: readonly string[],
  access: () => ConnectOptions,
  usesTls: boolean,
): LineSource {
  const [address] = readNodes([node]);
  async function* lines(_isFirst: boolean, signal: AbortSignal): AsyncGenerator<string> {
    const { tls, login, deadlineMs } = access();
    const options = { tls, login, deadlineMs };
    for await (const event of watchEvents(address!, streams, options, signal)) {
      yield event === '' ? '' : eventLine(event);
    }
  }
  return { node, lines, reasonOf: async (error) => (await explain(error, usesTls)).reason };
}
