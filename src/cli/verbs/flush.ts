import { CodedError, flag } from '../../base/index.ts';
import { defineCacheVerb } from '../cache/cache-verb.ts';
import { exitCodeOf, failuresJson, failureText, type NodeResult } from '../cache/each-node.ts';
import type { Host } from '../process/host.ts';
import { columns } from '../terminal/columns.ts';

/** `slabring flush` */
export const flushVerb = defineCacheVerb({
  name: 'flush',
  summary: 'flush every node (asks first)',
  description:
    'Flushes every node of the cache: every application loses all its values. The verb asks on ' +
    'the terminal whether to do so; a script confirms with --yes.\n' +
    'Exit code 0: every node is flushed;',
  flags: {
    yes: flag({ isCommandLineOnly: true, doc: 'Flush without the question, for scripts.' }),
  },
  examples: [{ command: 'slabring flush --yes', effect: 'flush the local node' }],
  async run(cache, { yes, json }, host, _args, { each }) {
    if (!yes) await confirm([...cache.metrics().keys()], host);
    const results = await each((node) => node.flush());
    host.out(json ? flushJson(results) : flushTable(results, host));
    return exitCodeOf(results, host);
  },
});

function flushTable(results: readonly NodeResult<void>[], host: Host): string {
  const rows = results.map(({ node, failure }) => {
    return [node, failure === undefined ? 'flushed' : host.style('red', failureText(failure))];
  });
  return columns(rows);
}

function flushJson(results: readonly NodeResult<void>[]): string {
  const flushed = results.filter(({ failure }) => failure === undefined).map(({ node }) => node);
  return JSON.stringify({ flushed, failed: failuresJson(results) });
}

/** @throws {CodedError} without a terminal to ask on, or if the user does not agree. */
async function confirm(nodes: readonly string[], host: Host): Promise<void> {
  const effect = `flush makes all items of ${nodes.join(', ')} invisible`;
  const agreed = await host.confirm(`${effect}. Flush?`);
  if (agreed === true) return;
  if (agreed === undefined) throw new CodedError('ERR_USAGE', `${effect}: add --yes to confirm.`);
  throw new CodedError('ERR_ABORTED', 'Nothing was flushed.');
}
