/** Guards of the cluster, each of which a test takes out: the checker must notice it. */
import { FillRun } from '../../src/cluster/node/fill-run.ts';
import { KeyCollector } from '../../src/cluster/node/key-collector.ts';
import { ClusterFlush } from '../../src/cluster/thread/cluster-flush.ts';
import { ForwardReader } from '../../src/cluster/thread/forward-reader.ts';
import { Handover } from '../../src/cluster/thread/handover.ts';
import { KeptStates } from '../../src/cluster/thread/kept-states.ts';
import { ThreadSeat } from '../../src/cluster/thread/seat.ts';
import { Sender } from '../../src/cluster/thread/sender.ts';
import { TopologyView } from '../../src/cluster/thread/topology-view.ts';
import { PEER_STATUS, putSequence } from '../../src/protocol/peer.ts';
import { PeerSession, PLACE } from '../../src/server/index.ts';
import { CopySlots } from '../../src/store/copies/copy-slots.ts';
import { ItemCopies } from '../../src/store/copies/item-copies.ts';
import { Items } from '../../src/store/items/items.ts';
import { StoreClock } from '../../src/store/items/store-clock.ts';
import { KEY_VERDICT, KeyWalk } from '../../src/store/key-walk.ts';
import { FLAG } from '../../src/store/memory/item-layout.ts';
import { SimProcess } from '../support/cluster-simulation/process.ts';
import { HOLDER_FAULTS } from './holder-faults.ts';
import { LEASE_FAULTS } from './lease-faults.ts';
import {
  all,
  fillingAnswers,
  leaverStays,
  type PlantedFault,
  replace,
  repliesAtOnce,
} from './plant.ts';

const KILLED_MS_LATER = 200;

/** Whether a node executes what another one has forwarded. */
let isForwarded = false;

export const PLANTED_FAULTS: readonly PlantedFault[] = [
  ...HOLDER_FAULTS,
  ...LEASE_FAULTS,
  {
    title: 'a new primary answers before the mark of the old one',
    scenario: 'ring',
    seed: 59,
    seeds: 600,
    plant: () => replace(Handover.prototype, 'isUndecided', () => () => false),
  },
  {
    title: 'a new primary draws the sequence numbers of the old one again',
    scenario: 'deaths',
    seed: 4,
    seeds: 300,
    plant: () =>
      all(
        replace(ItemCopies.prototype, 'skipSequence', () => () => {}),
        replace(StoreClock.prototype, 'raiseSeq', () => () => {}),
      ),
  },
  {
    title: 'a primary replies before its receivers have the change',
    scenario: 'deaths',
    seed: 120,
    seeds: 600,
    plant: repliesAtOnce,
  },
  {
    title: 'a node shows changes that their holders lack',
    scenario: 'deaths',
    seed: 450,
    seeds: 600,
    plant: () => replace(ThreadSeat.prototype, 'read', () => () => {}),
  },
  {
    title: 'a receiver takes late states of keys that it has lost',
    scenario: 'deaths',
    seed: 80,
    seeds: 300,
    plant: () => replace(TopologyView.prototype, 'since', () => () => []),
  },
  {
    title: 'a member sends changes of keys again that it has dropped',
    scenario: 'copies',
    seed: 225,
    seeds: 600,
    plant: () => replace(KeptStates.prototype, 'keep', () => () => true),
  },
  {
    title: 'a receiver takes the states of a key in any order',
    scenario: 'deaths',
    seed: 96,
    seeds: 600,
    plant: () => replace(CopySlots.prototype, 'raise', () => () => true),
  },
  {
    title: 'a receiver takes the batches of a primary after its mark, in any order',
    scenario: 'all',
    seed: 54,
    seeds: 600,
    plant: () =>
      all(
        replace(Handover.prototype, 'markOf', () => () => 0),
        replace(CopySlots.prototype, 'raise', () => () => true),
      ),
  },
  {
    title: 'a receiver keeps what its primary has deleted',
    scenario: 'deaths',
    seed: 1,
    seeds: 300,
    plant: () =>
      replace(ItemCopies.prototype, 'take', (take) => {
        return function keep(this: ItemCopies, state) {
          return state.exists ? take.call(this, state) : 'done';
        };
      }),
  },
  {
    title: 'the threads of a node adopt a topology without holding their changes before',
    scenario: 'all',
    seed: 1487,
    seeds: 1500,
    plant: () => replace(Sender.prototype, 'prepare', () => () => {}),
  },
  {
    title: 'a member keeps the items that it does not hold any more',
    scenario: 'all',
    seed: 4,
    seeds: 300,
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
    seed: 109,
    seeds: 600,
    plant: () =>
      replace(Items.prototype, 'setFlags', (setFlags) => {
        return function noCopies(this: Items, id, flags): void {
          setFlags.call(this, id, flags & ~FLAG.copy);
        };
      }),
  },
  {
    title: 'a fill skips a range of keys',
    scenario: 'ring',
    seed: 44,
    seeds: 300,
    plant: () =>
      replace(KeyCollector.prototype, 'next', (next) => {
        return function skipOne(this: KeyCollector): void {
          next.call(this);
          if (this.bytes.toString('latin1', 0, this.endOf(0)) === 'key-1') this.count = 0;
        };
      }),
  },
  {
    title: 'a fill has ended before its receivers have acknowledged it',
    scenario: 'all',
    seed: 9,
    seeds: 300,
    plant: () =>
      replace(FillRun.prototype, 'run', (run) => {
        return function runOn(this: FillRun) {
          void run.call(this);
          return Promise.resolve('done');
        };
      }),
  },
  {
    title: 'a member that is filled becomes primary',
    scenario: 'deaths',
    seed: 7,
    seeds: 300,
    plant: fillingAnswers,
  },
  {
    title: 'a member that has given its keys away goes on to answer',
    scenario: 'ring',
    seed: 1,
    seeds: 300,
    plant: leaverStays,
  },
  {
    title: 'a node executes what is forwarded to it for keys of another one',
    scenario: 'ring',
    seed: 33,
    seeds: 300,
    plant: () =>
      all(
        replace(PeerSession.prototype, 'answer', (answer) => {
          return function forwarded(this: PeerSession, ...request) {
            isForwarded = true;
            try {
              return answer.apply(this, request);
            } finally {
              isForwarded = false;
            }
          };
        }),
        replace(ThreadSeat.prototype, 'locate', (locate) => {
          return function mine(this: ThreadSeat, ...key): number {
            return isForwarded ? PLACE.here : locate.apply(this, key);
          };
        }),
      ),
  },
  {
    title: 'a node sends a change again that may have been executed',
    scenario: 'network',
    seed: 2,
    seeds: 300,
    plant: () => replace(ForwardReader.prototype, 'isReading', () => () => true),
  },
  {
    title: 'the other members do not flush',
    scenario: 'all',
    seed: 15,
    seeds: 300,
    plant: () =>
      replace(ClusterFlush.prototype, 'receive', () => (frame, from) => {
        const none = { high: 0, low: 0 };
        from.reply(frame.id, PEER_STATUS.ok, frame.version, (sink) => putSequence(sink, none));
      }),
  },
  {
    title: 'a flush hides only what was drawn before it began',
    scenario: 'ring',
    seed: 248,
    seeds: 600,
    plant: () =>
      replace(ItemCopies.prototype, 'flushUpTo', (flushUpTo) => {
        return function unlessLater(this: ItemCopies, high, low): void {
          flushUpTo.call(this, high, Math.max(0, low - 2 ** 14));
        };
      }),
  },
  {
    title: 'copies never expire',
    scenario: 'expiry',
    seed: 10,
    seeds: 300,
    plant: () =>
      replace(ItemCopies.prototype, 'read', (read) => {
        return function forever(this: ItemCopies, ...args): void {
          read.apply(this, args);
          args[3].expiry = 0;
        };
      }),
  },
  {
    title: 'a supervisor declares a process dead that still runs',
    scenario: 'deaths',
    seed: 5,
    seeds: 300,
    plant: () =>
      replace(SimProcess.prototype, 'kill', (kill) => {
        return function killLater(this: SimProcess): void {
          this.after(KILLED_MS_LATER, () => kill.call(this));
        };
      }),
  },
];
