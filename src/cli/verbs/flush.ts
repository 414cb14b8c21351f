import { CodedError, flag } from '../../base/index.ts';
import { defineCacheVerb } from '../cache-verb.ts';
import { EXIT } from '../process/exit-codes.ts';

/** `slabring flush` */
export const flushVerb = defineCacheVerb({
  name: 'flush',
  summary: 'flush every node (needs --yes)',
  description:
    'Flushes every node of the cache: every application loses all its values. It needs --yes.\n' +
    'Exit code 0: every node is flushed;',
  flags: { yes: flag({ doc: 'Confirm the flush.' }) },
  examples: [{ command: 'slabring flush --yes', effect: 'flush the local node' }],
  async run(cache, { yes, json }, host) {
    const nodes = [...cache.metrics().keys()];
    if (!yes) {
      throw new CodedError(
        'ERR_USAGE',
        `flush makes all items of ${nodes.join(', ')} invisible: add --yes to confirm.`,
      );
    }
    await cache.flush();
    host.out(json ? JSON.stringify({ flushed: nodes }) : `flushed ${nodes.join(', ')}`);
    return EXIT.ok;
  },
});
