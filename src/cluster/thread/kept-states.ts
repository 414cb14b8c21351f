import { ByteSink } from '../../base/index.ts';
import { type ItemCopies, type ItemState, newItemState } from '../../store/index.ts';

/** The values that one thread keeps, in bytes. */
const KEPT_BYTES_MAX = 64 * 1024 * 1024;
const VALUE_BYTES_MIN = 64;

/**
 * The last states of keys that this member has given away and drops, until their receivers have
 * acknowledged them: it may have to send a change again, and then cannot read it. Nobody changes
 * such a key until then: its next primary waits for the mark of this member, which follows the last
 * acknowledgement. So a kept state gets a new read number each time that it is sent.
 */
export class KeptStates {
  readonly #copies: Pick<ItemCopies, 'read' | 'drawReadNumber'>;
  readonly #states = new Map<string, ItemState>();
  #bytes = 0;

  constructor(copies: Pick<ItemCopies, 'read' | 'drawReadNumber'>) {
    this.#copies = copies;
  }

  /** Reads a state as `ItemCopies` does; of a kept key the kept one. */
  read(bytes: Buffer, start: number, end: number, into: ItemState, sink: ByteSink): void {
    const kept = this.#states.size === 0 ? undefined : this.#states.get(nameOf(bytes, start, end));
    if (kept === undefined) this.#copies.read(bytes, start, end, into, sink);
    else {
      sink.ensure(kept.valueBytes);
      Object.assign(into, kept, { keySource: bytes, keyStart: start });
      into.value = sink;
      into.valueStart = sink.at;
      sink.putViewed(kept.value, 0, kept.valueBytes);
      this.#copies.drawReadNumber(into);
    }
  }

  /** Keeps the present state of a key, unless one is kept. False: there is no room. */
  keep(bytes: Buffer, start: number, end: number): boolean {
    const name = nameOf(bytes, start, end);
    if (this.#states.has(name)) return true;
    const state = newItemState();
    this.#copies.read(bytes, start, end, state, new ByteSink(VALUE_BYTES_MIN));
    if (!state.exists) state.valueBytes = 0;
    if (this.#bytes + state.valueBytes > KEPT_BYTES_MAX) return false;
    this.#states.set(name, state);
    this.#bytes += state.valueBytes;
    return true;
  }

  /** Drops the states of the keys that pass the test. */
  drop(test: (bytes: Buffer, start: number, end: number) => boolean): void {
    for (const [name, { valueBytes }] of this.#states) {
      const bytes = Buffer.from(name, 'latin1');
      if (!test(bytes, 0, bytes.length)) continue;
      this.#states.delete(name);
      this.#bytes -= valueBytes;
    }
  }

  clear(): void {
    this.#states.clear();
    this.#bytes = 0;
  }
}

const nameOf = (bytes: Buffer, start: number, end: number): string =>
  bytes.toString('latin1', start, end);
