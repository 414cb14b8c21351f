import { adoptedBy } from '../../../src/cluster/thread/adopted.ts';
import { holds } from '../../../src/cluster/thread/roles.ts';
import { KEY_VERDICT, type KeyVisitor } from '../../../src/store/index.ts';
import type { ClusterTopology } from '../../../src/topology/index.ts';
import type { SimProcess } from './process.ts';

/**
 * The items that members have of keys that they do not hold, at rest: nobody tells them of changes,
 * so they would be old as soon as the member holds the key again.
 */
export function strayItems(
  topology: ClusterTopology,
  running: readonly SimProcess[],
): readonly string[] {
  return running.flatMap(({ options, memory }) => {
    const { groups, self } = adoptedBy(topology, options);
    const stray: string[] = [];
    const visit: KeyVisitor = (bytes, start, end) => {
      if (self !== -1 && !holds(groups.groupOf(bytes, start, end), self)) {
        stray.push(
          `${options.name} has ${bytes.toString('latin1', start, end)}, and does not hold it`,
        );
      }
      return KEY_VERDICT.keep;
    };
    const walk = memory.open(options.threads + 1).walkKeys();
    while (!walk.isDone) walk.step(Number.POSITIVE_INFINITY, visit);
    return stray;
  });
}
