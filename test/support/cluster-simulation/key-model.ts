import type { KeyOperation, KeyReply, KeyRequest } from './history.ts';

/** What a key has: undefined for nothing. The CAS id is '' while no client has seen it. */
export type KeyState = { readonly value: string; readonly id: string } | undefined;

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

/** What is known after an operation; undefined if it cannot happen now. */
export function factsAfter(operation: KeyOperation, before: KeyFacts): KeyFacts | undefined {
  const { request, reply } = operation;
  if (request.kind === 'undo')
    return { state: before.acknowledged, acknowledged: before.acknowledged };
  const effect = effectOf(operation, before.state);
  if (effect === undefined) return undefined;
  const { state } = effect;
  const isAcknowledged =
    before.state === before.acknowledged || (reply !== undefined && CHANGING.has(reply.kind));
  const isKept = request.kind !== 'vanish' && (reply === undefined || !isAcknowledged);
  return { state, acknowledged: isKept ? before.acknowledged : state };
}

/** Memcached, for one key: what it has after the operation, if the reply can be right now. */
function effectOf({ request, reply }: KeyOperation, state: KeyState): Effect {
  switch (request.kind) {
    case 'get':
      return read(reply, state);
    case 'set':
      return stored(request.value);
    case 'add':
      return add(request, reply, state);
    case 'cas':
      return compareAndSet(request, reply, state);
    case 'incr':
      return increment(request, reply, state);
    case 'delete':
      return remove(reply, state);
    case 'vanish':
      return NOTHING;
    case 'undo':
      return undefined;
  }
}

function read(reply: KeyReply | undefined, state: KeyState): Effect {
  if (reply?.kind !== 'hit') return missed(state);
  const { value, id } = reply;
  return state?.value === value && mayHave(state, id) ? { state: { value, id } } : undefined;
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
  if (state === undefined) return undefined;
  const value = String(Number(state.value) + by);
  const isRight = reply?.kind !== 'number' || reply.value === value;
  return isRight ? stored(value) : undefined;
}

function remove(reply: KeyReply | undefined, state: KeyState): Effect {
  if (reply?.kind === 'miss') return missed(state);
  return state === undefined ? undefined : NOTHING;
}

/** A new item has an id that no client has seen. */
const stored = (value: string): Effect => ({ state: { value, id: '' } });

const missed = (state: KeyState): Effect => (state === undefined ? NOTHING : undefined);

const mayHave = (state: { readonly id: string }, id: string): boolean =>
  state.id === '' || state.id === id;
