import { SharedSegment } from '../../base/index.ts';
import type { ConfigEntries, ConfigEntry, SetConfigResult } from '../../commands/index.ts';
import {
  CLUSTER_ENTRY,
  CONFIG_BYTES_MAX,
  clusterVersionOf,
  TOPOLOGY_ENTRY,
} from '../../protocol/index.ts';

/** ElastiCache's bounds: `config_max` entries of `config_size_max` bytes. */
const CONFIG_ENTRIES_MAX = 16;

const NAME_BYTES_MAX = 250;

/** The word of 8 bytes, in the header, that has the highest version of the cluster entry so far. */
const HIGHEST_VERSION = 1;
const ANY_VERSION = -1;
/** The word, in the header, that is 1 while there is a topology entry. */
const HAS_TOPOLOGY = 4;

/** A slot: name bytes (0 means free), client flags, data bytes, then the name and the data. */
const NAME_BYTES = 0;
const FLAGS = 1;
const DATA_BYTES = 2;
const NAME_AT = 16;
const DATA_AT = NAME_AT + 256;
const SLOT_BYTES = DATA_AT + CONFIG_BYTES_MAX;

/**
 * The entries of `config set`, in shared memory, so every thread sees a change at once. The system
 * allocates no physical memory for slots that the table never used.
 */
export class ConfigTable implements ConfigEntries {
  readonly #segment: SharedSegment;
  readonly #words: Int32Array;
  readonly #bytes: Buffer;
  readonly #versions: Float64Array;

  static allocate(): SharedArrayBuffer {
    return SharedSegment.allocate(CONFIG_ENTRIES_MAX * SLOT_BYTES);
  }

  constructor(memory: SharedArrayBuffer) {
    this.#segment = new SharedSegment(memory);
    this.#words = this.#segment.words;
    this.#bytes = this.#segment.bytes;
    this.#versions = new Float64Array(memory, 0, SharedSegment.headerBytes / 8);
  }

  /** Without the lock: each reply to `version` asks. */
  get hasTopology(): boolean {
    return Atomics.load(this.#words, HAS_TOPOLOGY) === 1;
  }

  get(name: string): ConfigEntry | undefined {
    return this.#segment.locked(() => {
      const at = this.#find(name);
      return at < 0 ? undefined : this.#read(at);
    });
  }

  set(entry: ConfigEntry): SetConfigResult {
    const { name, data } = entry;
    if (data.length > CONFIG_BYTES_MAX || name === '' || name.length > NAME_BYTES_MAX) {
      return 'full';
    }
    const version = name === CLUSTER_ENTRY ? clusterVersionOf(data) : ANY_VERSION;
    if (version === undefined) return 'invalid';
    return this.#segment.locked(() => {
      if (version !== ANY_VERSION && version < this.#versions[HIGHEST_VERSION]!) return 'older';
      if (!this.#write(entry)) return 'full';
      if (version !== ANY_VERSION) this.#versions[HIGHEST_VERSION] = version;
      return 'stored';
    });
  }

  /** Returns false if no slot is free. The caller holds the lock. */
  #write({ name, flags, data }: ConfigEntry): boolean {
    const found = this.#find(name);
    const at = found < 0 ? this.#findFree() : found;
    if (at < 0) return false;
    this.#words[at / 4 + FLAGS] = flags;
    this.#words[at / 4 + DATA_BYTES] = data.length;
    this.#words[at / 4 + NAME_BYTES] = this.#bytes.write(name, at + NAME_AT, 'latin1');
    data.copy(this.#bytes, at + DATA_AT);
    if (name === TOPOLOGY_ENTRY) Atomics.store(this.#words, HAS_TOPOLOGY, 1);
    return true;
  }

  delete(name: string): boolean {
    return this.#segment.locked(() => {
      const at = this.#find(name);
      if (at >= 0) this.#words[at / 4 + NAME_BYTES] = 0;
      if (name === TOPOLOGY_ENTRY) Atomics.store(this.#words, HAS_TOPOLOGY, 0);
      return at >= 0;
    });
  }

  names(): readonly string[] {
    return this.#segment.locked(() =>
      slots()
        .filter((at) => this.#words[at / 4 + NAME_BYTES] !== 0)
        .map((at) => this.#nameAt(at)),
    );
  }

  count(): number {
    return this.#segment.locked(
      () => slots().filter((at) => this.#words[at / 4 + NAME_BYTES] !== 0).length,
    );
  }

  #find(name: string): number {
    return slots().find((at) => name !== '' && this.#nameAt(at) === name) ?? -1;
  }

  #findFree(): number {
    return slots().find((at) => this.#words[at / 4 + NAME_BYTES] === 0) ?? -1;
  }

  #nameAt(at: number): string {
    const start = at + NAME_AT;
    return this.#bytes.toString('latin1', start, start + this.#words[at / 4 + NAME_BYTES]!);
  }

  #read(at: number): ConfigEntry {
    const start = at + DATA_AT;
    const data = this.#bytes.subarray(start, start + this.#words[at / 4 + DATA_BYTES]!);
    return {
      name: this.#nameAt(at),
      flags: this.#words[at / 4 + FLAGS]! >>> 0,
      data: Buffer.from(data),
    };
  }
}

/** The byte offset of each slot. */
function slots(): number[] {
  return Array.from(
    { length: CONFIG_ENTRIES_MAX },
    (_, i) => SharedSegment.headerBytes + i * SLOT_BYTES,
  );
}
