import { counterExtras, OP, storeExtras, uint32Extras } from '../../support/binary-wire.ts';
import type { Random } from '../../support/random.ts';
import type { BinaryStep } from './scenario.ts';

const BURSTS_MAX = 6;
const STEPS_MAX = 5;
const MUTATED_ONE_IN = 12;
const KEYS = ['a', 'b', 'n', 'longer_key_of_some_bytes', 'k\0 \r\n', 'k'.repeat(250)] as const;
const NUMBERS = ['0', '1', '9', '10', '99', '18446744073709551615'] as const;
const VALUES = ['', 'x', 'hello', '12 ', 'a\r\nb', 'x'.repeat(300), ...NUMBERS] as const;
const FLAGS = [0, 0, 1, 65_536, 0xffff_ffff] as const;
/** Never, in 100 seconds, a future Unix time, a past Unix time. */
const EXPIRIES = [0, 0, 0, 100, 2_000_000_000, 2_592_001] as const;
const DELTAS = [0n, 1n, 9n, 2n ** 32n, 2n ** 64n - 1n] as const;
const UNKNOWN = 0x99;
const NEVER_CREATE = 0xffff_ffff;

const GETS = [OP.get, OP.getq, OP.getk, OP.getkq];
const TOUCHES = [OP.touch, OP.gat, OP.gatq, OP.gatk, OP.gatkq];
const STORES = [OP.set, OP.set, OP.setq, OP.add, OP.addq, OP.replace, OP.replaceq];
const JOINS = [OP.append, OP.appendq, OP.prepend, OP.prependq];
const COUNTS = [OP.incr, OP.incrq, OP.decr, OP.decrq];

/**
 * Generates bursts of packets on a small key space. A burst has one request per key: a reply that
 * memcached has not written yet pins the item, and memcached would copy a counter instead of
 * padding it.
 */
export function generateBursts(random: Random): readonly (readonly BinaryStep[])[] {
  return Array.from({ length: random.int(2, BURSTS_MAX) }, () => burst(random));
}

function burst(random: Random): readonly BinaryStep[] {
  const keys = KEYS.filter(() => random.oneIn(2)).slice(0, STEPS_MAX);
  const steps = keys.map((key, at) => ({ ...request(random, key), opaque: at + 1 }));
  const mutated = steps.map((step) => (random.oneIn(MUTATED_ONE_IN) ? mutate(random, step) : step));
  return [{ opcode: OP.noop, opaque: 98 }, ...mutated, { opcode: OP.noop, opaque: 99 }];
}

function request(random: Random, key: string): BinaryStep {
  const kind = random.weighted<(random: Random, key: string) => BinaryStep>([
    [4, () => ({ opcode: random.pick(GETS), key })],
    [2, () => ({ opcode: random.pick(TOUCHES), key, extras: uint32Extras(random.pick(EXPIRIES)) })],
    [5, storage],
    [3, join],
    [4, counter],
    [2, () => ({ opcode: random.pick([OP.delete, OP.deleteq]), key, ...compare(random) })],
    [1, () => rare(random)],
  ]);
  return kind(random, key);
}

/** Sometimes a CAS id: one that this server has shown, or one that no item has. */
function compare(random: Random): Partial<BinaryStep> {
  if (!random.oneIn(4)) return {};
  return random.oneIn(2) ? { cas: 77_777n } : { casOf: random.int(1, STEPS_MAX) };
}

function storage(random: Random, key: string): BinaryStep {
  const extras = storeExtras(random.pick(FLAGS), random.pick(EXPIRIES));
  const value = random.pick(VALUES);
  return { opcode: random.pick(STORES), key, extras, value, ...compare(random) };
}

function join(random: Random, key: string): BinaryStep {
  return { opcode: random.pick(JOINS), key, value: random.pick(VALUES), ...compare(random) };
}

function counter(random: Random, key: string): BinaryStep {
  const expiry = random.pick([...EXPIRIES, NEVER_CREATE]);
  const extras = counterExtras(random.pick(DELTAS), random.pick(DELTAS), expiry);
  return { opcode: random.pick(COUNTS), key, extras, ...compare(random) };
}

function rare(random: Random): BinaryStep {
  return random.pick<BinaryStep>([
    { opcode: OP.version },
    { opcode: OP.flush },
    { opcode: OP.flushq },
    { opcode: OP.stat, key: 'bogus' },
    { opcode: UNKNOWN },
    { opcode: OP.quit },
  ]);
}

/** Makes a packet that memcached refuses and closes the connection for, or ignores. */
function mutate(random: Random, step: BinaryStep): BinaryStep {
  return random.pick<(step: BinaryStep) => BinaryStep>([
    // Not for an unknown opcode: memcached then loses the packet boundary (known-differences.ts).
    (whole) =>
      whole.opcode === UNKNOWN
        ? whole
        : { ...whole, extras: Buffer.alloc(random.pick([1, 3, 9, 21])) },
    // A stat without a key returns all statistics, which differ.
    ({ key: _, ...whole }) => (whole.opcode === OP.stat ? step : whole),
    (whole) => ({ ...whole, bodyBytes: 0 }),
    (whole) => ({ ...whole, key: 'k'.repeat(251) }),
    (whole) => ({ ...whole, datatype: random.int(0, 255), vbucket: random.int(0, 65_535) }),
  ])(step);
}
