import { type History, type KeyOperation, lineOf, shorten } from './history.ts';
import type { KeyState } from './key-model.ts';
import { Linearization } from './linearization.ts';

export interface LawOptions {
  /** Whether a key may be missing at any moment, as after an eviction. @default false */
  readonly mayVanish?: boolean;
  /** Whether a death may bring an old item back, with its id. @default false */
  readonly mayRevert?: boolean;
}

interface Verdict {
  /** What is against the law: one sentence and the operations of the key for each. */
  readonly violations: readonly string[];
  /** The keys with more possible orders than the checker follows: they are not judged. */
  readonly undecided: readonly string[];
}

/**
 * Checks the history of each key against the law of a cluster. There is an order of the
 * acknowledged operations, and of some without a reply, in which each reply is right. So no value
 * is older than the last acknowledged one, no deleted key is revived, no increment is lost, and no
 * key is missing that may not vanish. And a CAS id is one of one value, and lets one `cas` succeed.
 */
export function judge(history: History, options: LawOptions = {}): Verdict {
  const undecided: string[] = [];
  const violations = [...history.byKey].flatMap(([key, operations]) => {
    const wrong = wrongReply(operations, options);
    if (wrong === 'undecided') undecided.push(key);
    const twice = options.mayRevert === true ? undefined : repeatedCas(operations);
    return [wrong, twice, sharedId(operations)].flatMap((sentence) => {
      if (sentence === undefined || sentence === 'undecided') return [];
      return [reportOf(key, sentence, operations)];
    });
  });
  return { violations, undecided };
}

/**
 * Whether a key may have this item again after the death of its primary, which has none: a node
 * that was to become a holder has it, and the holders have died. It is as if a client got it. Of a
 * key that is not judged nobody knows.
 */
export function mayComeBack(
  operations: readonly KeyOperation[],
  item: { readonly value: string; readonly id: string },
  { mayLose = false, ...options }: LawOptions & { readonly mayLose?: boolean },
): boolean {
  const last = operations.at(-1);
  if (last === undefined) return false;
  const [start, startMs] = [2 * operations.length + last.start, last.startMs];
  const never = Number.POSITIVE_INFINITY;
  const death = {
    ...last,
    start,
    end: never,
    reply: undefined,
    request: { kind: 'undo' } as const,
  };
  const read: KeyOperation = {
    ...{ ...last, start: start + 1, end: start + 2, startMs, endMs: startMs },
    ...{ request: { kind: 'get' }, reply: { kind: 'hit', ...item } },
  };
  const wrong = wrongReply([...operations, ...(mayLose ? [death] : []), read], options);
  return wrong === undefined || wrong === 'undecided';
}

function wrongReply(operations: readonly KeyOperation[], { mayVanish = false }: LawOptions) {
  const wrong = new Linearization(mayVanish).check(operations);
  if (wrong === undefined || wrong === 'undecided') return wrong;
  const possible = wrong.possible.map(textOf).join(' or ');
  return `"${lineOf(wrong.operation)}" is wrong: the key has ${possible}`;
}

/** Two requests with the same id have changed the key. */
function repeatedCas(operations: readonly KeyOperation[]): string | undefined {
  const ids = new Set<string>();
  for (const { request, reply } of operations) {
    if (request.kind !== 'cas' || reply?.kind !== 'done') continue;
    if (ids.has(request.id)) return `cas succeeded twice with the id ${request.id}`;
    ids.add(request.id);
  }
  return undefined;
}

/** Two values had the same id. */
function sharedId(operations: readonly KeyOperation[]): string | undefined {
  const values = new Map<string, string>();
  for (const { reply } of operations) {
    if (reply?.kind !== 'hit' || reply.id === '') continue;
    const { value, id } = reply;
    const other = values.get(id) ?? value;
    if (other !== value) return `the values ${other} and ${value} have the same id ${id}`;
    values.set(id, value);
  }
  return undefined;
}

const textOf = (state: KeyState): string =>
  state === undefined ? 'nothing' : [shorten(state.value), state.id].join(' ').trim();

function reportOf(key: string, sentence: string, operations: readonly KeyOperation[]): string {
  return [`${key}: ${sentence}`, ...operations.map((operation) => `  ${lineOf(operation)}`)].join(
    '\n',
  );
}
