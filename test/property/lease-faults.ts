/** Guards of a cluster that etcd keeps: of the promises of its nodes, and of its drivers. */
import { GoneMembers } from '../../src/cluster/grants/gone-members.ts';
import { Grants } from '../../src/cluster/grants/grants.ts';
import { Votes } from '../../src/cluster/grants/votes.ts';
import { ThreadSeat } from '../../src/cluster/thread/seat.ts';
import { SimDriver } from '../support/cluster-simulation/sim-driver.ts';
import { type PlantedFault, replace } from './plant.ts';

export const LEASE_FAULTS: readonly PlantedFault[] = [
  {
    title: 'a node answers without the promises of the others',
    scenario: 'apart',
    seed: 231,
    seeds: 1500,
    plant: () => replace(ThreadSeat.prototype, 'mayAnswer', () => () => true),
  },
  {
    title: 'a node takes keys over before its promise has ended',
    scenario: 'leasedCopies',
    seed: 15,
    seeds: 600,
    plant: () => replace(Grants.prototype, 'released', () => () => Promise.resolve()),
  },
  {
    title: 'a node answers with the promise of one member',
    scenario: 'losses',
    seed: 47,
    seeds: 600,
    plant: () => replace(Votes.prototype, 'needed', () => () => 1),
  },
  {
    title: 'a node takes keys over while a majority may promise them to another one',
    scenario: 'apart',
    seed: 278,
    seeds: 1500,
    plant: () => replace(GoneMembers.prototype, 'add', () => () => {}),
  },
  {
    title: 'a driver decides before all processes could register',
    scenario: 'leases',
    seed: 143,
    seeds: 1500,
    plant: () =>
      replace(SimDriver.prototype, 'step', (step) => {
        return function early(this: SimDriver, state, by) {
          return step.call(this, state, by, true);
        };
      }),
  },
];
