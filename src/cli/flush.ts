import { CodedError, flag } from '../base/index.ts';
import { defineCacheVerb } from './cache-verb.ts';
import { EXIT } from './exit-codes.ts';

/** `slabring flush` */
export const flushVerb = defineCacheVerb({
  name: 'flush',
  summary: 'empty every node (with --yes)',
  about:
    'Empties every node named: all values are lost, for every application. It wants --yes.\n' +
    'Exit code 0: every node is empty;',
  flags: { yes: flag({ doc: 'I mean it.' }) },
  examples: [{ command: 'slabring flush --yes', does: 'empties the node on this machine' }],
  async run(cache, { yes, json }, host) {
    const nodes = [...cache.metrics().keys()];
    if (!yes) {
      throw new CodedError(
        'ERR_USAGE',
        `This empties ${nodes.join(', ')}: say --yes if you mean it.`,
      );
    }
    await cache.flush();
    host.out(json ? JSON.stringify({ flushed: nodes }) : `emptied ${nodes.join(', ')}`);
    return EXIT.ok;
  },
});
