import { decodeLine, encodeLine, textLines } from '../../base/index.ts';
import type { Host } from '../process/host.ts';
import type { ShowLine } from './follow.ts';

const LEVEL_STYLES = {
  error: 'red',
  warn: 'yellow',
  info: 'bold',
  debug: 'dim',
  trace: 'dim',
} as const;
const HEAD = /^(\S+ )(error|warn|info|debug|trace)/;

/** Prints lines as JSON or as text; a reader that is too slow makes the nodes wait, not this. */
export function lineShower({ json }: { readonly json: boolean }, host: Host): ShowLine {
  return async (node, line) => {
    const named = withNode(line, node);
    host.out(
      json
        ? named
        : textLines(named)
            .map((each) => styled(each, host))
            .join('\n'),
    );
    await host.drained();
  };
}

/** The line with the name of its node; what is no line of a log becomes the text of one. */
function withNode(line: string, node: string): string {
  const decoded = decodeLine(line);
  const time = new Date().toISOString();
  const { head, facts, msg } = decoded ?? { head: { time, level: 'warn' }, facts: {}, msg: line };
  const { pid, ...others } = head as { pid?: number } & NonNullable<typeof decoded>['head'];
  return encodeLine({ ...others, node, ...(pid !== undefined && { pid }) }, facts, msg);
}

function styled(text: string, { style }: Pick<Host, 'style'>): string {
  return text.replace(HEAD, (_, time: string, level: keyof typeof LEVEL_STYLES) => {
    return `${style('dim', time)}${style(LEVEL_STYLES[level], level)}`;
  });
}
