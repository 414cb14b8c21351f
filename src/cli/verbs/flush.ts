import { CodedError, flag } from '../../base/index.ts';
import { defineCacheVerb } from '../cache-verb.ts';
import { EXIT } from '../process/exit-codes.ts';
import type { Host } from '../process/host.ts';

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
  async run(cache, { yes, json }, host) {
    const nodes = [...cache.metrics().keys()];
    if (!yes) await confirm(nodes, host);
    await cache.flush();
    host.out(json ? JSON.stringify({ flushed: nodes }) : `flushed ${nodes.join(', ')}`);
    return EXIT.ok;
  },
});

/** @throws {CodedError} without a terminal to ask on, or if the user does not agree. */
async function confirm(nodes: readonly string[], host: Host): Promise<void> {
  const effect = `flush makes all items of ${nodes.join(', ')} invisible`;
  const agreed = await host.confirm(`${effect}. Flush?`);
  if (agreed === true) return;
  if (agreed === undefined) throw new CodedError('ERR_USAGE', `${effect}: add --yes to confirm.`);
  throw new CodedError('ERR_ABORTED', 'Nothing was flushed.');
}
