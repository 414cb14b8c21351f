import { ByteSink } from '../../src/base/index.ts';
import type { FastWalk } from '../../src/fast-path/index.ts';
import { assemble } from '../../src/store/assemble.ts';
import { doorsOf } from '../../src/store/doors.ts';
import {
  type ItemCopies,
  type ItemState,
  KEY_VERDICT,
  type KeyVisitor,
  newItemState,
  type Store,
} from '../../src/store/index.ts';
import { FLAG, type ItemId } from '../../src/store/memory/item-layout.ts';
import { CONTROL, KEY_SLOTS } from '../../src/store/memory/layout.ts';
import {
  fastStore,
  SessionHarness,
  type StoreOptions,
  testShare,
  threadParts,
} from './session-harness.ts';

/** A store that threads 0 and 1 use in WebAssembly. */
export const FAST_WALK_STORE: Partial<StoreOptions> = { ...fastStore('memory32'), threads: 2 };

/** One node of a cluster without sockets: a store, a session on it, and its copies. */
export class CopyNode extends SessionHarness {
  readonly copies: ItemCopies;
  /** The walk of thread 1, if it has one. */
  readonly fastWalk: FastWalk | undefined;
  /** The copies of each thread; `copies` is that of the first one. */
  readonly threads: readonly ItemCopies[];

  constructor(options: Partial<StoreOptions> = {}) {
    const share = testShare(options);
    super(share);
    this.copies = this.store.copies();
    this.fastWalk = threadParts(share, 1)?.fastPath?.walk;
    const others = Array.from({ length: share.layout.threads - 1 }, (_, nth) =>
      doorsOf(assemble(share, nth + 1)).copies(),
    );
    this.threads = [this.copies, ...others];
  }

  /** The state of a key now; its value goes to a sink of its own by default. */
  read(key: string, sink = new ByteSink(16), copies = this.copies): ItemState {
    const state = newItemState();
    const bytes = Buffer.from(key, 'latin1');
    copies.read(bytes, 0, bytes.length, state, sink);
    return state;
  }

  /** The item of a key, or NO_ITEM; also a dead one. */
  idOf(key: string): ItemId {
    const { index } = this.parts;
    const bytes = Buffer.from(key, 'latin1');
    return index.find(index.hashOf(bytes, 0, bytes.length), bytes, 0, bytes.length);
  }

  /** Whether the item of a key has FLAG.copy; undefined without an item. */
  isCopy(key: string): boolean | undefined {
    const id = this.idOf(key);
    return id === 0 ? undefined : this.parts.items.hasFlag(id, FLAG.copy);
  }

  /** The store has started so much earlier than another one, which has the same Unix time. */
  startedBefore({ parts }: CopyNode, seconds: number): void {
    this.parts.arena.control[CONTROL.epoch] = parts.clock.epoch() - seconds;
    this.wait(seconds);
  }

  /** Lets the store's clock go on. */
  wait(seconds: number): void {
    const { clock } = this.parts;
    clock.tick(clock.now() + seconds);
  }
}

/** A primary and a receiver of its states. Each has its own start and its own sequence. */
export function newPair(): { readonly primary: CopyNode; readonly receiver: CopyNode } {
  const primary = new CopyNode();
  const receiver = new CopyNode();
  receiver.startedBefore(primary, 1000);
  return { primary, receiver };
}

export const set = (key: string, value: string, ttl = 0, flags = 0): string =>
  `set ${key} ${flags} ${ttl} ${value.length}\r\n${value}\r\n`;

/** All that a meta get shows, without a change of the item unless it is leased or stale. */
export const show = (node: CopyNode, key: string, flags = 'c f h k s t v'): string =>
  node.send(`mg ${key} ${flags}\r\n`);

/** The value of a state as text. */
export const valueText = ({ value, valueStart, valueBytes }: ItemState): string =>
  value.bytes.toString('latin1', valueStart, valueStart + valueBytes);

/** Makes the items of these keys copies, and all others own items. */
export function markCopies(store: Store, isCopy: (key: string) => boolean): void {
  const walk = store.walkKeys();
  const visit: KeyVisitor = (bytes, start, end) =>
    isCopy(bytes.toString('latin1', start, end)) ? KEY_VERDICT.markCopy : KEY_VERDICT.markOwn;
  while (!walk.isDone) walk.step(Number.MAX_SAFE_INTEGER, visit);
}

/** The number of the slot of a key. */
export const slotOfKey = ({ items }: Store, key: string): number =>
  items.hashOf(Buffer.from(key, 'latin1'), 0, key.length) & (KEY_SLOTS - 1);

/** So many keys whose states share a slot of the node. */
export function collidingKeys(store: Store, count: number, prefix = 'key'): readonly string[] {
  const slot = slotOfKey(store, `${prefix}-0`);
  const keys: string[] = [];
  for (let nth = 0; keys.length < count; nth++) {
    if (slotOfKey(store, `${prefix}-${nth}`) === slot) keys.push(`${prefix}-${nth}`);
  }
  return keys;
}
