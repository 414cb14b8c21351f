import { assert, SharedSegment } from '../../base/index.ts';
import type { ClusterView } from '../../commands/index.ts';

/** Four times the longest text of a topology: a peer has fewer fields here than a member there. */
const TEXT_BYTES_MAX = 512 * 1024;
/** The word in the header that has the bytes of the text; 0 is none. */
const TEXT_BYTES = 1;

/**
 * What the main thread shows of the cluster, in shared memory: each thread reads it whole. The
 * system allocates no physical memory for it on a node in no cluster.
 */
export class ClusterTable {
  readonly #segment: SharedSegment;

  static allocate(): SharedArrayBuffer {
    return SharedSegment.allocate(TEXT_BYTES_MAX);
  }

  constructor(memory: SharedArrayBuffer) {
    this.#segment = new SharedSegment(memory);
  }

  show(view: ClusterView): void {
    const text = Buffer.from(JSON.stringify(view));
    assert(text.length <= TEXT_BYTES_MAX, 'the table has room for all members');
    const { words, bytes } = this.#segment;
    this.#segment.locked(() => {
      text.copy(bytes, SharedSegment.headerBytes);
      words[TEXT_BYTES] = text.length;
    });
  }

  /** Undefined until something is shown. */
  view(): ClusterView | undefined {
    const text = this.#segment.locked(() => this.#text());
    return text === '' ? undefined : (JSON.parse(text) as ClusterView);
  }

  #text(): string {
    const { words, bytes } = this.#segment;
    const start = SharedSegment.headerBytes;
    return bytes.toString('utf8', start, start + words[TEXT_BYTES]!);
  }
}
