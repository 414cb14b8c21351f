import { Handover } from '../../src/cluster/thread/handover.ts';
import { Sender } from '../../src/cluster/thread/sender.ts';
import { CopySlots } from '../../src/store/copies/copy-slots.ts';
import { ItemCopies } from '../../src/store/copies/item-copies.ts';
import { Items } from '../../src/store/items/items.ts';
import { StoreClock } from '../../src/store/items/store-clock.ts';
import { KEY_VERDICT, KeyWalk } from '../../src/store/key-walk.ts';
import { FLAG } from '../../src/store/memory/item-layout.ts';
import type { ScenarioName } from '../support/cluster-simulation/scenarios.ts';

/** A guard of the cluster that is taken out for a while. */
export interface PlantedFault {
  readonly title: string;
  readonly scenario: ScenarioName;
  /** A seed that shows the fault. */
  readonly seed: number;
  /** Takes the guard out; returns what puts it back. */
  plant(): () => void;
}

/** Replaces a method of all instances of a class. */
function replace<T extends object, Name extends keyof T>(
  prototype: T,
  name: Name,
  replacement: (original: T[Name]) => T[Name],
): () => void {
  const original = prototype[name];
  prototype[name] = replacement(original);
  return () => {
    prototype[name] = original;
  };
}

function all(...restores: readonly (() => void)[]): () => void {
  return () => {
    for (const restore of restores) restore();
  };
}

export const PLANTED_FAULTS: readonly PlantedFault[] = [
  {
    title: 'a new primary answers before the mark of the old one',
    scenario: 'ring',
    seed: 0,
    plant: () => replace(Handover.prototype, 'isUndecided', () => () => false),
  },
  {
    title: 'a new primary draws the sequence numbers of the old one again',
    scenario: 'deaths',
    seed: 1,
    plant: () =>
      all(
        replace(ItemCopies.prototype, 'skipSequence', () => () => {}),
        replace(StoreClock.prototype, 'raiseSeq', () => () => {}),
      ),
  },
  {
    title: 'a primary replies before its receivers have the change',
    scenario: 'deaths',
    seed: 19,
    plant: () =>
      replace(Sender.prototype, 'seal', (seal) => {
        return function sealOnly(this: Sender): boolean {
          seal.call(this, () => {});
          return false;
        };
      }),
  },
  {
    title: 'a receiver takes the batches of a primary after its mark, in any order',
    scenario: 'all',
    seed: 64,
    plant: () =>
      all(
        replace(Handover.prototype, 'markOf', () => () => 0),
        replace(CopySlots.prototype, 'raise', () => () => true),
      ),
  },
  {
    title: 'a member keeps the items that it does not hold any more',
    scenario: 'all',
    seed: 101,
    plant: () =>
      replace(KeyWalk.prototype, 'step', (step) => {
        return function keepAll(this: KeyWalk, itemsMax, visit): number {
          return step.call(this, itemsMax, (...key) => {
            const verdict = visit(...key);
            return verdict === KEY_VERDICT.drop ? KEY_VERDICT.keep : verdict;
          });
        };
      }),
  },
  {
    title: 'the fast path answers for items whose primary is another member',
    scenario: 'deaths',
    seed: 6,
    plant: () =>
      replace(Items.prototype, 'setFlags', (setFlags) => {
        return function noCopies(this: Items, id, flags): void {
          setFlags.call(this, id, flags & ~FLAG.copy);
        };
      }),
  },
];
