import type { KeyOperation, KeyReply, KeyRequest } from './history.ts';

/** What a key has: undefined for nothing. The CAS id is '' while no client has seen it. */
export type KeyState =
  | {
      readonly value: string;
      readonly id: string;
      /** Undefined: it never expires. */
      readonly expiry?: Expiry | undefined;
    }
  | undefined;

/** The item may have expired from `fromMs` on, and has at `untilMs`. */
interface Expiry {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** An item expires at a whole second: it has up to a second less than its client has asked for. */
const SECOND_MS = 1000;
/** All nodes reach a second in the same millisecond. */
const TICK_MS = 1;

type Known<Kind extends KeyRequest['kind']> = Extract<KeyRequest, { readonly kind: Kind }>;

/** What a key has, and what it had after its last change with a reply. */
export interface KeyFacts {
  readonly state: KeyState;
  readonly acknowledged: KeyState;
}

/** What a key has after an operation, if the operation can happen now. */
type Effect = { readonly state: KeyState } | undefined;

/** The replies to requests that have changed the key. */
const CHANGING: ReadonlySet<KeyReply['kind']> = new Set(['done', 'number']);

const NOTHING: Effect = { state: undefined };

/**
 * What is known after an operation; undefined if it cannot happen now.
 * @param mayMiss whether the key may seem to have no item: its primary has evicted it, or a flush
 *     is under way. Another member may still have the item, and become primary.
 */
export function factsAfter(
  operation: KeyOperation,
  before: KeyFacts,
  mayMiss: boolean,
): KeyFacts | undefined {
  const { request, reply } = operation;
  if (request.kind === 'undo')
    return { state: before.acknowledged, acknowledged: before.acknowledged };
  if (mayMiss && reply?.kind === 'miss' && request.kind !== 'delete') return before;
  const effect = mayMiss && reply?.kind === 'miss' ? NOTHING : effectOf(operation, before.state);
  if (effect === undefined) return undefined;
  const { state } = effect;
  const isAcknowledged = before.state === before.acknowledged || isChange(operation);
  const isKept = reply === undefined || !isAcknowledged;
  return { state, acknowledged: isKept ? before.acknowledged : state };
}

/** A key that is missing, because holders have died, can come back until it is changed. */
const isChange = ({ request, reply }: KeyOperation): boolean =>
  reply !== undefined &&
  (CHANGING.has(reply.kind) || (request.kind === 'delete' && reply.kind === 'miss'));

/** Memcached, for one key: what it has after the operation, if the reply can be right now. */
function effectOf(operation: KeyOperation, state: KeyState): Effect {
  const { request, reply, startMs } = operation;
  if (state?.expiry !== undefined && state.expiry.untilMs < startMs) return undefined;
  switch (request.kind) {
    case 'get':
      return read(reply, state);
    case 'set':
      return stored(request.value, expiryOf(request, operation));
    case 'add':
      return add(request, reply, state);
    case 'cas':
      return compareAndSet(request, reply, state);
    case 'incr':
      return increment(request, reply, state);
    case 'delete':
      return remove(reply, state);
    case 'flush':
    case 'vanish':
      return NOTHING;
    case 'peek':
    case 'undo':
    case 'revert':
      return undefined;
  }
}

function expiryOf({ ttl }: Known<'set'>, { startMs, endMs }: KeyOperation): Expiry | undefined {
  if (ttl === 0) return undefined;
  const lifeMs = 1000 * ttl;
  return {
    fromMs: startMs + lifeMs - SECOND_MS - TICK_MS,
    untilMs: endMs + lifeMs + TICK_MS,
  };
}

function read(reply: KeyReply | undefined, state: KeyState): Effect {
  if (reply?.kind !== 'hit') return missed(state);
  const { value, id } = reply;
  return state?.value === value && mayHave(state, id) ? { state: { ...state, id } } : undefined;
}

function add({ value }: Known<'add'>, reply: KeyReply | undefined, state: KeyState): Effect {
  if (reply?.kind === 'exists') return state && { state };
  return state === undefined ? stored(value) : undefined;
}

function compareAndSet(
  { value, id }: Known<'cas'>,
  reply: KeyReply | undefined,
  state: KeyState,
): Effect {
  if (reply?.kind === 'miss') return missed(state);
  if (reply?.kind === 'exists') return state && state.id !== id ? { state } : undefined;
  return state !== undefined && mayHave(state, id) ? stored(value) : undefined;
}

function increment({ by }: Known<'incr'>, reply: KeyReply | undefined, state: KeyState): Effect {
  if (reply?.kind === 'miss') return missed(state);
  if (state === undefined || !/^\d+$/.test(state.value)) return undefined;
  const value = String(BigInt(state.value) + BigInt(by));
  const isRight = reply?.kind !== 'number' || reply.value === value;
  return isRight ? stored(value, state.expiry) : undefined;
}

function remove(reply: KeyReply | undefined, state: KeyState): Effect {
  if (reply?.kind === 'miss') return missed(state);
  return state === undefined ? undefined : NOTHING;
}

/** A new item has an id that no client has seen. */
const stored = (value: string, expiry?: Expiry): Effect => ({ state: { value, id: '', expiry } });

const missed = (state: KeyState): Effect => (state === undefined ? NOTHING : undefined);

const mayHave = (state: { readonly id: string }, id: string): boolean =>
  state.id === '' || state.id === id;
