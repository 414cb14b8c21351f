import { defineCacheVerb } from '../cache/cache-verb.ts';
import { briefReason } from '../cache/explain.ts';
import { EXIT } from '../process/exit-codes.ts';

/** `slabring delete` */
export const deleteVerb = defineCacheVerb({
  name: 'delete',
  summary: 'delete keys; exit code 1 if a key did not exist',
  description: 'Deletes keys.\nExit code 0: every key existed; 1: a key did not exist;',
  parameters: ['key', '[key...]'],
  flags: {},
  examples: [{ command: 'slabring delete greeting', effect: 'delete one key' }],
  async run(cache, { json }, host, keys) {
    const settled = await Promise.allSettled(keys.map((key) => cache.delete(key)));
    const results = settled.map((each, i) => ({ key: keys[i]!, ...outcomeOf(each) }));
    if (json) host.out(JSON.stringify(results));
    else for (const { key, deleted } of results) host.out(`${key}: ${outcomeText(deleted)}`);
    for (const each of settled) if (each.status === 'rejected') throw each.reason;
    return results.every(({ deleted }) => deleted) ? EXIT.ok : EXIT.negative;
  },
});

interface Outcome {
  /** Undefined if the delete failed. */
  readonly deleted?: boolean;
  readonly error?: string;
}

function outcomeOf(settled: PromiseSettledResult<boolean>): Outcome {
  if (settled.status === 'fulfilled') return { deleted: settled.value };
  const { reason } = settled;
  return { error: reason instanceof Error ? briefReason(reason) : `${reason}` };
}

function outcomeText(deleted: boolean | undefined): string {
  if (deleted === undefined) return 'failed';
  return deleted ? 'deleted' : 'not found';
}
