/** Guards of what the holders of a key have, and of the reads that they answer. */
import { FillPlan } from '../../src/cluster/node/fill-plan.ts';
import { ThreadSeat } from '../../src/cluster/thread/seat.ts';
import { type PlantedFault, replace, repliesAtOnce } from './plant.ts';

const SERVING = { state: 'serving' } as const;

export const HOLDER_FAULTS: readonly PlantedFault[] = [
  {
    title: 'a copy answers that lacks an acknowledged change',
    scenario: 'copies',
    seed: 1,
    seeds: 300,
    plant: repliesAtOnce,
  },
  {
    title: 'a member answers by its copies while roles change',
    scenario: 'copies',
    seed: 582,
    seeds: 600,
    plant: () =>
      replace(ThreadSeat.prototype, 'adopt', (adopt) => {
        return function atRest(this: ThreadSeat, adopted, losesPrimary): void {
          const members = adopted.topology.members.map((one) => ({ ...one, ...SERVING }));
          adopt.call(
            this,
            { ...adopted, topology: { ...adopted.topology, members } },
            losesPrimary,
          );
        };
      }),
  },
  {
    title: 'a member serves that was not filled',
    scenario: 'ring',
    seed: 4,
    seeds: 300,
    plant: () => replace(FillPlan.prototype, 'receiversOf', () => () => []),
  },
];
